// Package charts finds and fetches Helm charts that are not in the repo: from registries, by the OCI
// distribution spec (https://helm.sh/docs/topics/registries/), and from chart repositories
// (https://helm.sh/docs/topics/chart_repository/). A version is resolved to a digest, and what is
// fetched has that digest.
package charts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"dagger/ship/internal/limit"
	"dagger/ship/internal/network"
	"dagger/ship/internal/registry"
)

// Reference names a chart: oci://HOST/PATH:VERSION, or in a chart repository https://HOST/PATH/NAME:VERSION.
type Reference struct {
	OCI     bool
	Place   string // HOST/PATH of the chart in a registry, or the repository's URL
	Name    string
	Version string
	Digest  string // sha256:…, if it is pinned by that, too
}

// IsZero tells whether it names nothing.
func (r Reference) IsZero() bool { return r.Place == "" }

// Host is the server's, with its port.
func (r Reference) Host() string {
	_, place, isURL := strings.Cut(r.Place, "://")
	if !isURL {
		place = r.Place
	}
	return registry.Host(place)
}

var (
	version = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._+-]{0,127}$`)
	digest  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Is tells whether a text names a chart that is not in the repo.
func Is(text string) bool { return strings.Contains(text, "://") }

// Parse reads a chart's reference. The version must be there: what is deployed is written down.
func Parse(text string) (r Reference, err error) {
	scheme, rest, _ := strings.Cut(text, "://")
	switch scheme {
	case "oci":
		r.OCI = true
	case "https", "http":
	default:
		return r, fmt.Errorf("%q: a chart comes from oci:// or https://, or is a folder of the repo", text)
	}
	if host, _, _ := strings.Cut(rest, "/"); strings.Contains(host, "@") && strings.Contains(rest, "/") {
		return r, errors.New(
			"the chart's address has a user in it: logins come from secrets, and the address without one",
		)
	}
	rest, r.Digest, _ = strings.Cut(rest, "@")
	if at := strings.LastIndex(rest, ":"); at > strings.LastIndex(rest, "/") {
		rest, r.Version = rest[:at], rest[at+1:]
	}
	r.Name = path.Base(rest)
	switch {
	case r.Digest != "" && !digest.MatchString(r.Digest):
		return r, fmt.Errorf("%q: %q is no digest: write sha256: and 64 hexadecimal digits", text, r.Digest)
	case r.Digest != "" && !r.OCI:
		return r, fmt.Errorf("%q: charts of a repository have a version, and no digest to name them by", text)
	case r.Version == "" && r.Digest == "":
		return r, fmt.Errorf("%q: add the version, as %s://%s:1.2.3, so that each release gets the same chart", text,
			scheme, rest)
	case r.Version != "" && !version.MatchString(r.Version):
		return r, fmt.Errorf("%q: %q is no version", text, r.Version)
	case !strings.Contains(rest, "/"):
		return r, fmt.Errorf("%q: write HOST/PATH:VERSION behind %s://", text, scheme)
	}
	if r.OCI {
		r.Place = rest
		return r, registry.Check(rest)
	}
	r.Place = scheme + "://" + path.Dir(rest)
	address, err := url.Parse(r.Place)
	if err != nil || address.RawQuery != "" || address.Fragment != "" || address.Host == "" {
		return r, fmt.Errorf("%q: write https://HOST/PATH/NAME:VERSION, without a query", text)
	}
	return r, nil
}

// Server is where a chart comes from, and what it is asked with.
type Server struct {
	*registry.Account
}

// Found is a chart that a reference names at this moment.
type Found struct {
	Digest string // of the manifest in a registry, or of the archive in a repository
	url    string
	data   []byte // if it had to be fetched to know the digest
}

// Resolve finds out what a reference names.
func (s Server) Resolve(ctx context.Context, r Reference) (Found, error) {
	if r.OCI {
		if r.Digest != "" {
			return Found{Digest: r.Digest}, nil
		}
		found, err := s.repository(r).Digest(ctx, tag(r.Version))
		if errors.Is(err, registry.ErrNotFound) {
			err = fmt.Errorf("there is no chart %s:%s", r.Place, r.Version)
		}
		return Found{Digest: found}, err
	}
	var found Found
	err := s.Client.Do(ctx, "look for the chart "+r.Name+" in "+r.Place, func(ctx context.Context) (err error) {
		found, err = s.look(ctx, r)
		return err
	})
	return found, err
}

// Fetch is the archive of what was found, as Helm packs it.
func (s Server) Fetch(ctx context.Context, r Reference, found Found) (archive []byte, err error) {
	if found.data != nil {
		return found.data, nil
	}
	if r.OCI {
		return s.repository(r).Artifact(ctx, found.Digest, layerType)
	}
	err = s.Client.Do(ctx, "fetch the chart "+found.url, func(ctx context.Context) (err error) {
		archive, err = s.get(ctx, r, found.url, limit.Document)
		return err
	})
	if got := sum(archive); err == nil && got != found.Digest {
		err = fmt.Errorf("%s is %s, but its repository says %s", found.url, got, found.Digest)
	}
	return archive, err
}

// layerType is that of a chart's archive in a registry (https://helm.sh/docs/topics/registries/#helm-chart-manifest).
const layerType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// tag is a version as a tag: Helm writes _ for +, which a tag cannot have.
func tag(version string) string { return strings.ReplaceAll(version, "+", "_") }

func (s Server) repository(r Reference) *registry.Repository {
	return &registry.Repository{Address: r.Place, Account: s.Account}
}

// look reads a repository's index.
func (s Server) look(ctx context.Context, r Reference) (Found, error) {
	data, err := s.get(ctx, r, r.Place+"/index.yaml", limit.Kept)
	if err != nil {
		return Found{}, err
	}
	var index struct {
		Entries map[string][]struct {
			Version, Digest string
			URLs            []string
		}
	}
	if err := yaml.Unmarshal(data, &index); err != nil {
		return Found{}, fmt.Errorf("%s/index.yaml is no chart repository's: %w", r.Place, err)
	}
	for _, entry := range index.Entries[r.Name] {
		if strings.TrimPrefix(entry.Version, "v") != strings.TrimPrefix(r.Version, "v") || len(entry.URLs) == 0 {
			continue
		}
		at, err := url.Parse(r.Place + "/")
		if err != nil {
			return Found{}, err
		}
		if at, err = at.Parse(entry.URLs[0]); err != nil {
			return Found{}, fmt.Errorf("%s/index.yaml: the address of %s: %w", r.Place, r.Name, err)
		}
		found := Found{Digest: "sha256:" + strings.TrimPrefix(entry.Digest, "sha256:"), url: at.String()}
		if !digest.MatchString(found.Digest) { // the index need not have it
			if found.data, err = s.get(ctx, r, found.url, limit.Document); err != nil {
				return Found{}, err
			}
			found.Digest = sum(found.data)
		}
		return found, nil
	}
	return Found{}, fmt.Errorf("there is no chart %s of version %s", r.Name, r.Version)
}

// get reads an address. Only the repository's own server gets the login.
func (s Server) get(ctx context.Context, r Reference, address string, of limit.Kind) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	own, err := url.Parse(r.Place)
	if err != nil {
		return nil, err
	}
	private := own.Scheme == "https" || s.PlainHTTP // no login goes over plain HTTP unasked
	if s.Password != "" && private && network.SameServer(request.URL, own) {
		request.SetBasicAuth(s.User, s.Password)
	}
	response, err := s.Client.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("%s wants another login than it got: give one for %s in a secret DOCKER_AUTH_CONFIG, "+
			"and let it have TLS", own, own.Host)
	default:
		return nil, fmt.Errorf("%s answered %s", address, response.Status)
	}
	return io.ReadAll(limit.New(ctx, request.URL.Host).Reader(of, response.Body))
}

func sum(data []byte) string {
	of := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(of[:])
}
