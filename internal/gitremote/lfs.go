package gitremote

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/network"
)

// Object names the contents of a file that Git LFS keeps.
type Object struct {
	OID  string // their SHA-256, 64 hexadecimal digits
	Size int64  // in bytes
}

// Download is where the contents of an object are. Header and query may be secret.
type Download struct {
	URL           string
	Authorization string // the header that goes there; empty: none
	Err           error  // why the object cannot be had; nil: it can
}

// maxBatch is how many objects one request asks for.
const maxBatch = 100

// What an LFS server is asked in, and by whom.
const (
	lfsType  = "application/vnd.git-lfs+json"
	lfsAgent = "git-lfs/ship"
)

// LFSServer is the address of the server that has the remote's large files: the remote's own, or the
// one that a .lfsconfig names. That must be on the remote's server, since the token is for that.
// (https://github.com/git-lfs/git-lfs/blob/main/docs/api/server-discovery.md)
func (r *Remote) LFSServer(config string) (string, error) {
	var named, origin string
	readSettings(config, func(s setting) {
		switch {
		case s.section == "lfs" && s.about == "" && s.key == "url":
			named = s.value
		case s.section == "remote" && s.about == "origin" && s.key == "lfsurl":
			origin = s.value
		}
	})
	if named == "" {
		named = origin
	}
	if named == "" {
		return strings.TrimSuffix(r.base(), ".git") + ".git/info/lfs", nil
	}
	address, err := Address(named)
	if err != nil {
		return "", fmt.Errorf(".lfsconfig names no server: %w", err)
	}
	there, err := url.Parse(address)
	if err != nil {
		return "", errors.New(".lfsconfig names no server")
	}
	if home, err := url.Parse(r.URL); err != nil || !network.SameServer(there, home) {
		return "", fmt.Errorf(".lfsconfig names the server %s, and the token is for %s only: keep the large files "+
			"there", foreign.Line(there.Scheme+"://"+there.Host), foreign.Line(r.URL))
	}
	return strings.TrimSuffix(address, "/"), nil
}

// batchAnswer is what an LFS server says of objects
// (https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md#successful-responses).
type batchAnswer struct {
	Transfer string
	Objects  []batchObject
}

type batchObject struct {
	OID           string
	Size          *int64
	Authenticated bool
	Actions       struct {
		Download *struct {
			Href   string
			Header map[string]string
		}
	}
	Error *struct {
		Code    int
		Message string
	}
}

// Downloads asks an LFS server where objects are, a hundred at a time. The answer has each of them, by
// its OID.
func (r *Remote) Downloads(ctx context.Context, server string, objects []Object) (map[string]Download, error) {
	found := map[string]Download{}
	for part := range slices.Chunk(objects, maxBatch) {
		err := r.do(ctx, "ask for files of Git LFS", func(ctx context.Context) error {
			answer, err := r.batch(ctx, server, part)
			if err != nil {
				return err
			}
			for _, object := range part {
				found[object.OID] = r.download(object, answer)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (r *Remote) batch(ctx context.Context, server string, objects []Object) (batchAnswer, error) {
	type object struct {
		OID  string `json:"oid"`
		Size int64  `json:"size"`
	}
	wanted := make([]object, len(objects))
	for i, o := range objects {
		wanted[i] = object(o)
	}
	body, err := json.Marshal(map[string]any{
		"operation": "download", "transfers": []string{"basic"}, "hash_algo": "sha256", "objects": wanted,
	})
	if err != nil {
		return batchAnswer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/objects/batch", bytes.NewReader(body))
	if err != nil {
		return batchAnswer{}, err
	}
	request.Header.Set("Accept", lfsType)
	request.Header.Set("Content-Type", lfsType)
	request.Header.Set("User-Agent", lfsAgent)
	if header := r.basic(request.URL); header != "" {
		request.Header.Set("Authorization", header)
	}
	client := *r.Client.HTTP
	client.CheckRedirect = checkRedirect
	response, err := client.Do(request)
	if redirect := new(redirectError); errors.As(err, &redirect) {
		return batchAnswer{}, redirect
	}
	if err != nil {
		return batchAnswer{}, err
	}
	defer response.Body.Close()
	data, err := newBudget(ctx, request.URL.Host).ReadAll(response.Body)
	if err != nil {
		return batchAnswer{}, err
	}
	var answer batchAnswer
	switch response.StatusCode {
	case http.StatusOK:
		if err := json.Unmarshal(data, &answer); err != nil {
			return batchAnswer{}, fmt.Errorf("%s does not answer as Git LFS does: %w", server, err)
		}
		if answer.Transfer != "" && answer.Transfer != "basic" {
			return batchAnswer{}, fmt.Errorf("%s sends files in a way that Ship does not know: %s", server,
				foreign.Line(answer.Transfer))
		}
		return answer, nil
	case http.StatusUnauthorized:
		return batchAnswer{}, fmt.Errorf("%w: %s", errUnauthorized, message(data))
	case http.StatusForbidden:
		return batchAnswer{}, fmt.Errorf("%w: %s", errForbidden, message(data))
	}
	return batchAnswer{}, fmt.Errorf("there is no Git LFS at %s, or the token may not see it: it answered %s %s",
		server, response.Status, message(data))
}

// message is what a refusal says to people, in JSON or as it is.
func message(data []byte) string {
	var says struct{ Message string }
	if json.Unmarshal(data, &says) == nil {
		return network.Said(strings.NewReader(says.Message))
	}
	return network.Said(bytes.NewReader(data))
}

// basic is the header with the token, for an address on the remote's server; empty for any other.
func (r *Remote) basic(address *url.URL) string {
	home, err := url.Parse(r.URL)
	if err != nil || r.Token == "" || !network.SameServer(address, home) {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(r.User+":"+r.Token))
}
