package main_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"dagger/ship/testbed/control"
)

// lfsAnswer is the part of a batch's answer that the tests look at.
type lfsAnswer struct {
	status  int
	Objects []struct {
		Actions map[string]struct {
			Href   string
			Header map[string]string
		}
		Error struct{ Code int }
	}
}

// batch asks for one object with the batch API.
func batch(t *testing.T, c *checkout, user, token, operation, oid string, size int) (answer lfsAnswer) {
	t.Helper()
	body := fmt.Sprintf(`{"operation":%q,"transfers":["basic"],"objects":[{"oid":%q,"size":%d}]}`, operation, oid, size)
	request, err := http.NewRequest(http.MethodPost, c.url("", "")+"/info/lfs/objects/batch", strings.NewReader(body))
	check(t, err)
	request.Header.Set("Content-Type", "application/vnd.git-lfs+json")
	if token != "" {
		request.SetBasicAuth(user, token)
	}
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	check(t, json.NewDecoder(response.Body).Decode(&answer))
	answer.status = response.StatusCode
	return answer
}

// send does what an action of an answer says.
func send(t *testing.T, method, address string, header map[string]string, body []byte) (int, []byte) {
	t.Helper()
	request, err := http.NewRequest(method, address, bytes.NewReader(body))
	check(t, err)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	check(t, err)
	return response.StatusCode, data
}

// TestLFS uploads an object and downloads it, as Git LFS does, with the tokens that may.
func TestLFS(t *testing.T) {
	private := newCheckout(t, control.Repository{})
	data := []byte("large\n")
	sum := sha256.Sum256(data)
	oid := hex.EncodeToString(sum[:])

	if got := batch(t, private, "oauth2", bed.Git.Token, "download", oid, len(data)); got.status != http.StatusOK ||
		got.Objects[0].Error.Code != http.StatusNotFound {
		t.Errorf("an object that is not there: %+v", got)
	}
	for _, c := range []struct {
		user, token, operation string
		want                   int
	}{
		{"", "", "download", http.StatusUnauthorized},
		{"oauth2", "wrong", "download", http.StatusUnauthorized},
		{"oauth2", bed.Git.ReadOnly, "upload", http.StatusForbidden},
		{"oauth2", bed.Git.ReadOnly, "download", http.StatusOK},
		{"gitlab-ci-token", bed.Git.Job, "download", http.StatusOK},
	} {
		if got := batch(t, private, c.user, c.token, c.operation, oid, len(data)); got.status != c.want {
			t.Errorf("%s as %s: %d, want %d", c.operation, c.user, got.status, c.want)
		}
	}
	upload := batch(t, private, "oauth2", bed.Git.Token, "upload", oid, len(data)).Objects[0].Actions["upload"]
	status, _ := send(t, http.MethodPut, upload.Href, upload.Header, []byte("others"))
	if status != http.StatusBadRequest {
		t.Errorf("another object's bytes: %d", status)
	}
	if status, said := send(t, http.MethodPut, upload.Href, upload.Header, data); status != http.StatusOK {
		t.Errorf("upload: %d %s", status, said)
	}
	again := batch(t, private, "oauth2", bed.Git.Token, "upload", oid, len(data))
	if len(again.Objects[0].Actions) != 0 {
		t.Errorf("an object that is there is to be uploaded: %+v", again)
	}
	download := batch(t, private, "oauth2", bed.Git.ReadOnly, "download", oid, len(data)).Objects[0].Actions["download"]
	if status, got := send(t, http.MethodGet, download.Href, download.Header, nil); status != http.StatusOK ||
		!bytes.Equal(got, data) {
		t.Errorf("download: %d %q", status, got)
	}
	if status, _ := send(t, http.MethodGet, download.Href, nil, nil); status != http.StatusUnauthorized {
		t.Errorf("download without the header: %d", status)
	}
	of := func(one control.Request) bool {
		return one.Repository == private.path && one.Operation == "lfs-download"
	}
	requests(t, control.Client{URL: bed.Git.Control}, 2, of)
}
