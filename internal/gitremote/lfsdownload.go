package gitremote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/network"
)

// download finds an object in a server's answer.
func (r *Remote) download(object Object, answer batchAnswer) Download {
	at := slices.IndexFunc(answer.Objects, func(o batchObject) bool { return o.OID == object.OID })
	if at < 0 {
		return Download{Err: errors.New("the LFS server says nothing of it")}
	}
	said := answer.Objects[at]
	switch {
	case said.Error != nil && (said.Error.Code == http.StatusNotFound || said.Error.Code == http.StatusGone):
		return Download{Err: errors.New("the LFS server does not have it")}
	case said.Error != nil:
		return Download{Err: fmt.Errorf("the LFS server does not give it: %d %s", said.Error.Code,
			foreign.Line(said.Error.Message))}
	case said.Actions.Download == nil:
		return Download{Err: errors.New("the LFS server does not have it")}
	case said.Size != nil && *said.Size != object.Size:
		return Download{Err: fmt.Errorf("it has %d bytes on the LFS server, and %d by its pointer", *said.Size,
			object.Size)}
	}
	address, err := downloadable(said.Actions.Download.Href)
	if err != nil {
		return Download{Err: err}
	}
	d := Download{URL: address.String()}
	for name, value := range said.Actions.Download.Header {
		switch {
		case strings.EqualFold(name, "Authorization"):
			d.Authorization = value
		case !strings.EqualFold(name, "Accept"): // each server that wants this sends the same without it
			return Download{Err: fmt.Errorf("the LFS server wants the header %s with the download, which an engine "+
				"does not send", foreign.Line(name))}
		}
	}
	if strings.ContainsFunc(d.Authorization, func(c rune) bool { return c < ' ' || c > '~' }) {
		return Download{Err: errors.New("the LFS server wants a header that cannot be sent")}
	}
	if d.Authorization == "" && !said.Authenticated {
		d.Authorization = r.basic(address)
	}
	if home, err := url.Parse(r.URL); d.Authorization != "" && (err != nil || !network.SameServer(address, home)) &&
		network.Private(d.URL) != nil {
		return Download{Err: fmt.Errorf("the LFS server sends a login to %s by plain HTTP, where it could be read on "+
			"the way", address.Host)}
	}
	return d
}

// downloadable reads an address that a server sends.
func downloadable(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" {
		return nil, errors.New("the LFS server names no address by HTTP(S) to download it from")
	}
	if address.User != nil {
		return nil, errors.New("the LFS server names an address that holds a login")
	}
	address.Fragment = ""
	return address, nil
}

// Follow asks for one byte of an object where it is to be downloaded from, and finds out where that
// leads to. An engine takes the header along wherever it is led to, so that must be known before: if it
// leads to another server, the download begins there, without the header.
func (r *Remote) Follow(ctx context.Context, object Object, from Download) (to Download, err error) {
	host := from.URL
	if at, err := url.Parse(from.URL); err == nil {
		host = at.Host
	}
	err = r.Client.Do(ctx, "look for it at "+host, func(ctx context.Context) (err error) {
		to, err = r.follow(ctx, object, from)
		return err
	})
	return to, err
}

func (r *Remote) follow(ctx context.Context, object Object, from Download) (Download, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.URL, nil)
	if err != nil {
		return Download{}, errors.New("the address is none")
	}
	if from.Authorization != "" {
		request.Header.Set("Authorization", from.Authorization)
	}
	if object.Size > 0 {
		request.Header.Set("Range", "bytes=0-0")
	}
	request.Header.Set("User-Agent", lfsAgent)
	request.Header.Set("Accept-Encoding", "identity")
	client := *r.Client.HTTP
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if !network.SameServer(next.URL, via[0].URL) {
			return http.ErrUseLastResponse
		}
		if len(via) >= 10 {
			return errors.New("it leads from one address to another, ten times")
		}
		return nil
	}
	response, err := client.Do(request)
	if err != nil {
		return Download{}, err
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusOK || code == http.StatusPartialContent:
		if size := wholeSize(response); size >= 0 && size != object.Size {
			return Download{}, fmt.Errorf("it has %d bytes there, and %d by its pointer", size, object.Size)
		}
		return Download{URL: response.Request.URL.String(), Authorization: from.Authorization}, nil
	case code >= 300 && code < 400:
		location, err := response.Location()
		if err != nil {
			return Download{}, fmt.Errorf("it answered %s, and not where", response.Status)
		}
		if location, err = downloadable(location.String()); err != nil {
			return Download{}, err
		}
		return Download{URL: location.String()}, nil
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return Download{}, fmt.Errorf("the token may not have it: it answered %s", response.Status)
	case code == http.StatusNotFound || code == http.StatusGone:
		return Download{}, errors.New("it is not there")
	}
	return Download{}, fmt.Errorf("it answered %s", response.Status)
}

// wholeSize is how many bytes an answer says that there are in all, or -1. Who sends an engine more than
// it is to get would fill its disk.
func wholeSize(response *http.Response) int64 {
	if response.StatusCode != http.StatusPartialContent {
		return response.ContentLength
	}
	_, total, _ := strings.Cut(response.Header.Get("Content-Range"), "/")
	if size, err := strconv.ParseInt(total, 10, 64); err == nil {
		return size
	}
	return -1
}
