package session

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/opencontainers/go-digest"
)

type httpArgs struct {
	URL, Name   string
	Permissions *int
	Checksum    string
	AuthHeader  *string
}

func init() {
	field("Query.http", func(ctx context.Context, s *Session, _ any, args httpArgs) (*File, error) {
		return s.http(ctx, args)
	})
}

// http is a file that BuildKit downloads when it is needed. With a checksum, the cache knows it by that and its name,
// wherever it came from, and a file that has another checksum is an error. The header is a secret that BuildKit asks
// for. What signs an address, its query, does not show: neither in progress nor in errors.
func (s *Session) http(ctx context.Context, args httpArgs) (*File, error) {
	address, err := url.Parse(args.URL)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" ||
		address.User != nil {
		return nil, errors.New("http: this session downloads by HTTP and HTTPS, with no credentials in the URL")
	}
	name := args.Name
	if name == "" {
		if name = path.Base(address.Path); name == "" || name == "." || name == "/" {
			name = "index"
		}
	}
	if path.Base(name) != name || name == ".." {
		return nil, fmt.Errorf("http: the file name %q must not contain a directory", name)
	}
	shown := *address
	shown.RawQuery, shown.Fragment = "", ""
	if address.RawQuery != "" {
		s.queries.Store(address.RawQuery, "...")
	}
	options := []llb.HTTPOption{
		llb.Filename(name), llb.Chmod(0o600), llb.WithCustomName("download " + shown.String()),
	}
	if args.Permissions != nil {
		options = append(options, llb.Chmod(os.FileMode(*args.Permissions)))
	}
	if args.Checksum != "" {
		checksum, err := digest.Parse(args.Checksum)
		if err != nil {
			return nil, fmt.Errorf("invalid checksum %q: %w", args.Checksum, err)
		}
		options = append(options, llb.Checksum(checksum))
	}
	if args.AuthHeader != nil {
		secret, err := get[*Secret](ctx, s, *args.AuthHeader)
		if err != nil {
			return nil, err
		}
		id, err := secret.register()
		if err != nil {
			return nil, err
		}
		options = append(options, llb.AuthHeaderSecret(id))
	}
	return &File{place{llb.HTTP(args.URL, options...), "/" + name, s.platform}}, nil
}

// hideQueries takes what signs addresses out of an error.
func (s *Session) hideQueries(err error) error {
	text := err.Error()
	s.queries.Range(func(query, instead any) bool {
		text = strings.ReplaceAll(text, query.(string), instead.(string))
		return true
	})
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
