package source

import (
	"context"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/ship/internal/dagger"
	"dagger/ship/internal/foreign"
)

// Named is one of a list of secrets, by the name that its place gives it. Its text was not read.
type Named struct {
	Name   string
	URI    string // where its text comes from; empty: another module set it
	File   bool   // whether it was given as a file, of that name
	Secret *dagger.Secret
}

// Text reads the secret. One that is empty, or an unset variable, is an error, since something
// needs it now.
func (n Named) Text(ctx context.Context) (string, error) {
	text, err := Secret(ctx, "secrets="+n.place(), n.Secret)
	if err == nil && text == "" {
		err = fmt.Errorf("the secret %s (%s) is not set, or empty: set it. In GitLab, a protected variable is there "+
			"on protected branches and tags only", foreign.Line(n.Name), n.place())
	}
	return text, err
}

func (n Named) place() string {
	if n.URI == "" {
		return "a secret that was set as " + foreign.Line(n.Name)
	}
	return foreign.Line(n.URI)
}

// Secrets returns the secrets of a list by their names: env://NAME is called NAME, file://PATH as
// the last part of PATH, and any other one as the last part of its place, or as it was set. No text
// is read: one that is not there is an error only when something needs it.
//
// An engine takes secrets of one value for one secret, and tells the place of the one that it was
// given last. So the same place twice is an error that says what helps: a cache key of its own.
func Secrets(ctx context.Context, list []*dagger.Secret) (map[string]Named, error) {
	ctx, cancel := context.WithTimeout(ctx, secretLimit)
	defer cancel()
	found := make([]Named, len(list))
	group, ctx := errgroup.WithContext(ctx)
	for i, secret := range list {
		if secret == nil {
			continue
		}
		group.Go(func() (err error) {
			var set string
			uri, err := secret.URI(ctx)
			if err == nil && uri == "" {
				set, err = secret.Name(ctx)
			}
			found[i] = called(uri, set)
			found[i].Secret = secret
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("ask where --secrets are from: %w", err)
	}
	return byName(found)
}

// called finds a secret's name and kind.
func called(uri, set string) Named {
	scheme, place, _ := strings.Cut(uri, "://")
	switch scheme {
	case "":
		return Named{Name: set}
	case "env":
		return Named{Name: place, URI: uri}
	case "file":
		return Named{Name: last(place), URI: uri, File: true}
	}
	place, _, _ = strings.Cut(place, "#")
	place, _, _ = strings.Cut(place, "?")
	return Named{Name: last(place), URI: uri}
}

// last is the last part of a path, or empty.
func last(place string) string {
	if place = path.Base(place); place == "." || place == "/" {
		return ""
	}
	return place
}

func byName(list []Named) (map[string]Named, error) {
	names := map[string]Named{}
	for _, n := range list {
		if n.Secret == nil {
			continue
		}
		if n.Name == "" {
			return nil, fmt.Errorf("--secrets has %s, which gives no name: end it with the secret's name, as in "+
				"env://NAME or file://FOLDER/NAME", n.place())
		}
		other, is := names[n.Name]
		switch {
		case is && n.URI == other.URI && n.URI != "":
			return nil, fmt.Errorf("--secrets has %s twice, or with another secret of the same value, which an engine "+
				"takes for the same secret: name it once, and add ?cacheKey=NAME to each of those of one value, with "+
				"a name of its own", n.place())
		case is:
			return nil, fmt.Errorf("--secrets has two secrets that are called %s: %s and %s: give one of them another "+
				"name", foreign.Line(n.Name), other.place(), n.place())
		}
		names[n.Name] = n
	}
	return names, nil
}
