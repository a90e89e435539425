package network

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// Answer is what an address answers to whoever looks at it.
type Answer struct {
	Status    int
	Body      string // its first bytes
	Elsewhere string // the other host that it leads to; empty: to none
}

// maxLook is how many bytes of a body are looked at.
const maxLook = 1 << 20

// Look asks an address once, as anybody may: without credentials, and not from a cache. A redirect is
// followed on the address's own host only; one to another host is the answer. Each look has a connection
// of its own, since one that is kept may lead to a server that is being replaced.
func (c *Client) Look(ctx context.Context, address string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Cache-Control", "no-cache")
	request.Close = true
	client := http.Client{Transport: c.HTTP.Transport.(*recorder).base, CheckRedirect: sameHost}
	response, err := client.Do(request)
	if err != nil {
		hideQuery(err)
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxLook))
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: response.StatusCode, Body: string(body)}
	if to, err := response.Location(); err == nil && !strings.EqualFold(to.Hostname(), request.URL.Hostname()) {
		answer.Elsewhere = to.Host
	}
	return answer, nil
}

// sameHost follows redirects on one host.
func sameHost(next *http.Request, via []*http.Request) error {
	if len(via) >= 10 || !strings.EqualFold(next.URL.Hostname(), via[0].URL.Hostname()) {
		return http.ErrUseLastResponse
	}
	next.Close = true
	return nil
}
