package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client calls one server's control address.
type Client struct {
	// URL is git.control, registry.control, mirror.control or cluster.control of testbed.json.
	URL string
}

// Requests returns the request log, oldest first.
func (c Client) Requests(ctx context.Context) ([]Request, error) {
	var out []Request
	return out, c.call(ctx, http.MethodGet, "/requests", nil, &out)
}

// Reset empties the request log and ends all faults.
func (c Client) Reset(ctx context.Context) error {
	if err := c.call(ctx, http.MethodDelete, "/faults", nil, nil); err != nil {
		return err
	}
	return c.call(ctx, http.MethodDelete, "/requests", nil, nil)
}

// Fault sets a fault and returns it with its id.
func (c Client) Fault(ctx context.Context, fault Fault) (Fault, error) {
	var out Fault
	return out, c.call(ctx, http.MethodPost, "/faults", fault, &out)
}

// Faults returns the faults that are set, with their Hits and Waiting.
func (c Client) Faults(ctx context.Context) ([]Fault, error) {
	var out []Fault
	return out, c.call(ctx, http.MethodGet, "/faults", nil, &out)
}

// EndFault ends one fault; requests that it holds go on.
func (c Client) EndFault(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/faults/"+id, nil, nil)
}

// AwaitWaiting returns once the fault holds n requests, or with the context's error.
func (c Client) AwaitWaiting(ctx context.Context, id string, n int) error {
	for {
		faults, err := c.Faults(ctx)
		if err != nil {
			return err
		}
		for _, fault := range faults {
			if fault.ID == id && fault.Waiting >= n {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for fault %s to hold %d requests: %w", id, n, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Stop closes the server's ports, Start opens them again.
func (c Client) Stop(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/stop", nil, nil)
}

// Start opens the ports that Stop closed.
func (c Client) Start(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/start", nil, nil)
}

// Create makes a bare repository (git server only).
func (c Client) Create(ctx context.Context, repository Repository) error {
	return c.call(ctx, http.MethodPost, "/repositories", repository, nil)
}

// Change sets all settings of a repository (git server only).
func (c Client) Change(ctx context.Context, repository Repository) error {
	return c.call(ctx, http.MethodPut, "/repositories/"+repository.Path, repository, nil)
}

func (c Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, body)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("call the testbed's control: %w (is the testbed up?)", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the control's answer to %s %s: %w", method, path, err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(data)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
