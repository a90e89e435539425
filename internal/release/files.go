package release

import (
	"fmt"
	"strings"

	"dagger/ship/internal/converge"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/report"
	"dagger/ship/internal/settings"
	"dagger/ship/internal/sops"
)

// decryption is what a file is decrypted of and by. Environments with the same keys share it.
type decryption struct {
	file               sops.File
	image, credentials string
}

// lookAtOwn finds an environment's file of values in the chart's folder, if there is one, and tells
// whether SOPS has encrypted it.
func (r *Release) lookAtOwn(e *environment, commit string) (own []settings.File, encrypted bool, err error) {
	file := settings.File{Path: r.ownValues(e)}
	there, err := r.has(commit, file.Path)
	if err != nil || !there {
		return nil, false, err
	}
	text, err := r.contents(commit, file.Path)
	return []settings.File{file}, sops.Encrypted(string(text)), err
}

// fileLayer is a file of values as Helm is to read it.
func (r *Release) fileLayer(e *environment, commit string, file settings.File) (layer helm.Layer, err error) {
	from := sops.File{Name: file.Path}
	if file.Secret != "" {
		from.Name = file.Secret
		from.Text, err = r.needSecret(file.Secret)
		layer.Name, layer.Secret = "the secret "+file.Secret, true
	} else {
		from.Text, err = r.valuesFile(commit, file.Path)
		layer.Name = file.Path
	}
	if err != nil {
		return layer, err
	}
	layer.Text = from.Text
	known := ""
	if sops.Encrypted(from.Text) {
		layer.Secret, known = true, from.Text
		if layer.Text, err = r.decrypted(e, from, file.Secret); err != nil {
			if file.Secret == "" {
				layer.Name += " at " + converge.Short(commit)
			}
			return layer, fmt.Errorf("decrypt %s: %w", layer.Name, err)
		}
	}
	if layer.Secret {
		r.hideValues(sops.Hidden(layer.Text, known))
	}
	return layer, layer.Check()
}

// valuesFile is the text of a file of values that ship.toml names.
func (r *Release) valuesFile(commit, file string) (string, error) {
	switch there, err := r.has(commit, file); {
	case err != nil:
		return "", err
	case !there:
		return "", fmt.Errorf(
			"there is no file of values %s at %s: mend values in ship.toml, or commit the file",
			file,
			converge.Short(commit),
		)
	}
	text, err := r.contents(commit, file)
	return string(text), err
}

// decrypted is what a file says, which may be a secret, by the keys that an environment has.
func (r *Release) decrypted(e *environment, file sops.File, secret string) (string, error) {
	for _, name := range e.said.Credentials {
		if _, err := r.needSecret(name); err != nil {
			return "", err
		}
	}
	question := decryption{file: file, image: r.SOPSImage, credentials: strings.Join(e.said.Credentials, "\n")}
	return r.decryptions.Get(question, func() (string, error) {
		holds, err := r.secret(secret)
		if err != nil {
			return "", err
		}
		return e.tools.Saying(r.say).Decrypt(r.Context, r.SOPSImage, file, holds)
	})
}

// hideValues keeps values out of all that is printed from now on, but for short ones, which are
// everywhere, and those that are a part of what the project and its environments are called by.
func (r *Release) hideValues(values []string) {
	called := append(r.addresses(), r.read.Project.Name, r.read.Project.Path, r.facts.Name, r.facts.Tag)
	for _, e := range r.listed {
		called = append(called, e.Name)
	}
	for _, e := range r.read.Environments {
		called = append(called, e.Namespace, e.Release, e.said.Context)
	}
	names := strings.Join(called, "\n")
	for _, value := range values {
		if !report.Weak(value) && !strings.Contains(names, value) {
			r.Redactor.Add(value)
		}
	}
}
