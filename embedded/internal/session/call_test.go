package session

import (
	"reflect"
	"testing"
)

// An ID that is read back is the same call; a call is its arguments, and those of what it is made of.
func TestID(t *testing.T) {
	secret := newCall(nil, "secret", map[string]any{"uri": "env://X"}, nil, 0)
	container := newCall(newCall(nil, "container", nil, nil, 0), "withSecretVariable", map[string]any{"name": "X"},
		map[string][]*call{"secret": {secret}}, 0)
	for range 30 { // were shared calls written twice, this would not end
		container = newCall(container, "withDirectory", map[string]any{"path": "/", "n": 420},
			map[string][]*call{"source": {container, secret}}, 0)
	}
	element := newCall(container, "labels", nil, nil, 2)
	id, err := element.id()
	if err != nil {
		t.Fatal(err)
	}
	back, err := parseID(id)
	if err != nil || back.digest != element.digest || back.nth != 2 {
		t.Fatalf("%+v, %v", back, err)
	}
	again, err := back.id()
	if err != nil || again != id {
		t.Errorf("written again, the ID differs: %s, %v", again, err)
	}
	if newCall(container, "labels", map[string]any{}, map[string][]*call{}, 2).digest != element.digest {
		t.Error("no arguments and none differ")
	}
	other := newCall(nil, "secret", map[string]any{"uri": "env://Y"}, nil, 0)
	if newCall(nil, "f", nil, map[string][]*call{"a": {secret}}, 0).digest == newCall(nil, "f", nil,
		map[string][]*call{"a": {other}}, 0).digest {
		t.Error("calls with different objects are equal")
	}
	for _, bad := range []string{"", "x", "%", id[:len(id)/2]} {
		if _, err := parseID(bad); err == nil {
			t.Errorf("%.10q was read", bad)
		}
	}
}

// Every field of the schema has a resolver, and every resolver a field.
func TestResolvers(t *testing.T) {
	served := map[string]bool{}
	for _, def := range schema.Types {
		if def.BuiltIn || def.Kind != "OBJECT" {
			continue
		}
		for _, field := range def.Fields {
			name := def.Name + "." + field.Name
			if field.Name[0] != '_' && resolvers[name] == nil {
				t.Errorf("%s has no resolver", name)
			}
			served[name] = true
		}
	}
	for name := range resolvers {
		if !served[name] && name[len(name)-3:] != ".id" {
			t.Errorf("%s is not in the schema", name)
		}
	}
}

func TestRegistryHost(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:5000": "127.0.0.1:5000", "127.0.0.1:5000/group/app:1": "127.0.0.1:5000", "docker.io": "docker.io",
		"https://index.docker.io/v1/": "docker.io", "registry-1.docker.io": "docker.io", "library/alpine": "docker.io",
		"registry.example/app": "registry.example", "localhost/app": "localhost",
	} {
		if got := registryHost(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	got := local([]string{"a/", "!b", "../c", "/d", ".", "./e/../f"})
	if want := []string{"a", "!b", "*", "f"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
