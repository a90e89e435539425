package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"dagger.io/dagger"
)

// invoke calls a Go function with the values that the flags stand for, and returns its result.
func invoke(ctx context.Context, client *dagger.Client, target reflect.Value, c call) (reflect.Value, error) {
	var values []reflect.Value
	for i, p := range c.params {
		text, given := c.flags[p.name]
		if !given {
			text = p.defaults
		}
		value, err := convert(ctx, client, target.Type().In(i), text)
		if err != nil {
			return reflect.Value{}, fmt.Errorf("--%s: %w", p.name, err)
		}
		values = append(values, value)
	}
	results := target.Call(values)
	if last := results[len(results)-1]; last.Type() == reflect.TypeFor[error]() && !last.IsNil() {
		return reflect.Value{}, last.Interface().(error)
	}
	return results[0], nil
}

// convert makes a parameter's value from its text, as `dagger call` does: directories are paths,
// secrets are env://NAME or file://PATH, containers are image addresses, lists are separated by
// commas.
func convert(ctx context.Context, client *dagger.Client, want reflect.Type, text string) (reflect.Value, error) {
	var value any
	var err error
	switch want {
	case reflect.TypeFor[context.Context]():
		value = ctx
	case reflect.TypeFor[*dagger.Workspace]():
		value = (*dagger.Workspace)(nil)
	case reflect.TypeFor[*dagger.Directory]():
		value, err = directory(client, text)
	case reflect.TypeFor[*dagger.Secret]():
		value = (*dagger.Secret)(nil)
		if text != "" {
			value, err = secret(client, text)
		}
	case reflect.TypeFor[[]*dagger.Secret]():
		value, err = secrets(client, text)
	case reflect.TypeFor[*dagger.Container]():
		value = client.Container().From(text)
	case reflect.TypeFor[*dagger.Service]():
		value = (*dagger.Service)(nil)
		if text != "" {
			err = fmt.Errorf("a service needs a Dagger engine: name the server by its address instead")
		}
	case reflect.TypeFor[[]string]():
		var list []string
		if text != "" {
			list = strings.Split(text, ",")
		}
		value = list
	case reflect.TypeFor[bool]():
		value = text != "" && text != "false"
	case reflect.TypeFor[int]():
		value, err = strconv.Atoi(text)
	case reflect.TypeFor[string]():
		value = text
	default:
		err = fmt.Errorf("arguments of type %s cannot be given on a command line", want)
	}
	return reflect.ValueOf(value), err
}

// secret is what a URI names. As in `dagger call`, ?cacheKey=TEXT at its end says what stands for
// the secret in cache keys, and is no part of it.
func secret(client *dagger.Client, uri string) (*dagger.Secret, error) {
	if !strings.Contains(uri, "://") {
		return nil, errors.New("give a secret as env://NAME or file://PATH, not as its text")
	}
	place, query, _ := strings.Cut(uri, "?")
	values, err := url.ParseQuery(query)
	key := values.Get("cacheKey")
	if err != nil || key == "" {
		return client.Secret(uri), nil
	}
	if values.Del("cacheKey"); len(values) > 0 {
		place += "?" + values.Encode()
	}
	return client.Secret(place, dagger.SecretOpts{CacheKey: key}), nil
}

func secrets(client *dagger.Client, text string) (list []*dagger.Secret, err error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for uri := range strings.SplitSeq(text, ",") {
		one, err := secret(client, strings.TrimSpace(uri))
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// directory is a folder of this machine. By default it is the git checkout that the program was
// called in.
func directory(client *dagger.Client, path string) (*dagger.Directory, error) {
	if path == "" {
		here, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		for path = here; ; path = filepath.Dir(path) {
			if _, err := os.Stat(filepath.Join(path, ".git")); err == nil {
				break
			}
			if path == filepath.Dir(path) {
				return nil, fmt.Errorf("%s is not in a git checkout: name the folder", here)
			}
		}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", path)
	}
	// of .git, a release reads only the files that say where HEAD and origin are
	return client.Host().Directory(path, dagger.HostDirectoryOpts{Exclude: []string{".git/objects", ".git/lfs"}}), nil
}
