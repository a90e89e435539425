package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/limit"
)

// asksAtOnce is how many requests about tags are under way at the same time.
const asksAtOnce = 8

// Tags are the repository's; none if the registry has no such repository.
func (r *Repository) Tags(ctx context.Context) (tags []string, err error) {
	err = r.do(ctx, "list the tags of "+r.Address, func(ctx context.Context) error {
		tags = nil
		budget := limit.New(ctx, Host(r.Address))
		last := ""
		for {
			page, next, err := r.tags(ctx, budget, last)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			tags = append(tags, page...)
			if next == "" || next == last {
				return nil
			}
			last = next
		}
	})
	return tags, err
}

// tags is a page of the list, and what its last tag is if there is another page. The registry links to
// that one; of the address that it gives, only the tag counts, so that it leads nowhere else
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags).
func (r *Repository) tags(
	ctx context.Context,
	budget *limit.Budget,
	last string,
) (page []string, next string, err error) {
	path := "/tags/list?n=1000"
	if last != "" {
		path += "&last=" + url.QueryEscape(last)
	}
	response, err := r.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(budget.Reader(limit.Kept, response.Body))
	if err != nil {
		return nil, "", err
	}
	var list struct{ Tags []string }
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, "", fmt.Errorf("read the registry's list of tags: %w", err)
	}
	link, rest, _ := strings.Cut(response.Header.Get("Link"), ";")
	if !strings.Contains(rest, "next") {
		return list.Tags, "", nil
	}
	to, err := url.Parse(strings.Trim(strings.TrimSpace(link), "<>"))
	if err != nil {
		return nil, "", fmt.Errorf("read the registry's link to more tags: %w", err)
	}
	return list.Tags, to.Query().Get("last"), nil
}

// Remove takes a tag away. Some registries remove manifests only, with all of their tags. There, the
// manifest is removed if no other tag points at it; else its error wraps ErrShared. It is no error if
// the tag is gone already.
func (r *Repository) Remove(ctx context.Context, tag, digest string) error {
	unable, err := r.remove(ctx, tag)
	if err != nil || !unable {
		return err
	}
	tags, err := r.Tags(ctx)
	if err != nil {
		return err
	}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(asksAtOnce)
	for _, other := range tags {
		group.Go(func() error {
			found, err := r.Digest(gctx, other)
			switch {
			case errors.Is(err, ErrNotFound):
				return nil
			case err == nil && (other == tag) != (found == digest):
				return fmt.Errorf("%w: %s:%s and %s", ErrShared, r.Address, tag, other)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	unable, err = r.remove(ctx, digest)
	if unable {
		err = fmt.Errorf(
			"%s: the registry removes nothing: have its administrator allow that, or use its own clean-up",
			r.Address,
		)
	}
	return err
}

// ErrShared is wrapped by errors about a tag that cannot be removed without another one, or that was
// moved since.
var ErrShared = errors.New("the registry removes images only, and two tags are of one")

// remove removes a tag or a manifest. Unable tells that the registry does not do so.
func (r *Repository) remove(ctx context.Context, reference string) (unable bool, err error) {
	err = r.do(ctx, "remove "+reference+" from "+r.Address, func(ctx context.Context) error {
		unable = false
		response, err := r.ask(ctx, http.MethodDelete, "/manifests/"+reference, nil)
		answer := new(refusal)
		if errors.As(err, &answer) {
			switch answer.status {
			case http.StatusNotFound:
				return nil
			case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotImplemented:
				unable = true
				return nil
			}
		}
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	return unable, err
}
