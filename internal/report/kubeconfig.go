package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// AddKubeconfig adds the secrets of a kubeconfig: the values below its users, except names and
// paths, and user and password in its addresses. Everything else, such as the names of clusters and
// namespaces, is needed to read a report. It returns whether a secret is weak. If the file is not
// YAML, each long word may be a secret.
func (r *Redactor) AddKubeconfig(text string) (weak bool) {
	if compact := new(bytes.Buffer); json.Compact(compact, []byte(text)) == nil {
		text = compact.String() // JSON may be indented with tabs, YAML may not
	}
	var secrets kubeconfigSecrets
	var file yaml.Node
	if err := yaml.Unmarshal([]byte(text), &file); err != nil || len(file.Content) == 0 ||
		file.Content[0].Kind != yaml.MappingNode {
		secrets = slices.DeleteFunc(strings.FieldsFunc(text, func(c rune) bool {
			return unicode.IsSpace(c) || strings.ContainsRune("{}[],\"'", c)
		}), func(word string) bool { return len(word) < strong })
	} else {
		secrets.addresses(&file, map[*yaml.Node]bool{})
		for key, value := range pairs(file.Content[0]) {
			if !strings.EqualFold(key, "users") {
				continue
			}
			for _, user := range target(value).Content {
				for key, value := range pairs(user) {
					if strings.EqualFold(key, "user") {
						secrets.below(value, "", map[*yaml.Node]bool{})
					}
				}
			}
		}
	}
	r.Add(secrets...)
	return slices.ContainsFunc(secrets, Weak)
}

type kubeconfigSecrets []string

// public are the keys below a user whose values are no secrets, though they stand beside some
// (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo): people look for them
// in errors.
var public = map[string]bool{
	// paths of files
	"client-certificate": true, "client-key": true, "tokenfile": true,
	// who somebody is; the API server says it in each refusal
	"username": true, "as": true, "as-uid": true, "as-groups": true,
	// of exec: which program, and how
	"command": true, "apiversion": true, "interactivemode": true, "installhint": true,
	// of an auth provider, an extension or a variable
	"name": true,
	// of an auth provider: a program, how to read what it prints and until when that counts, and
	// whom to ask
	"cmd-path": true, "token-key": true, "expiry-key": true, "expiry": true, "scopes": true,
	"idp-issuer-url": true, "idp-certificate-authority": true, "environment": true,
}

// places are the last words in the names of variables that say a place or a kind, as AWS_PROFILE
// and AWS_REGION.
var places = []string{"PROFILE", "REGION", "ZONE", "PROJECT", "PATH", "FILE", "DIR", "HOME", "NAME", "MODE", "METHOD"}

// sensitive are parts of an option's name that say that its value is a secret, as in
// --client-secret.
var sensitive = []string{"secret", "token", "password", "passwd", "key", "credential", "pass", "pwd"}

// below gathers the scalars below a node of a user that is called key.
func (s *kubeconfigSecrets) below(node *yaml.Node, key string, seen map[*yaml.Node]bool) {
	node = target(node)
	if seen[node] {
		return
	}
	seen[node] = true
	switch {
	case public[strings.ToLower(key)]:
	case node.Kind == yaml.ScalarNode && node.ShortTag() != "!!null" && node.ShortTag() != "!!bool":
		s.add(node.Value)
	case node.Kind == yaml.MappingNode:
		if key == "env" && !secretVariable(node) {
			return
		}
		for key, value := range pairs(node) {
			s.below(value, key, seen)
		}
	case node.Kind == yaml.SequenceNode && (key == "args" || key == "cmd-args"):
		s.options(node)
	case node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			s.below(item, key, seen)
		}
	}
}

// options gathers the secrets among a program's arguments: those that an option's name says. The
// others name clusters, regions and servers.
func (s *kubeconfigSecrets) options(arguments *yaml.Node) {
	secret := false // the argument before says so
	for _, argument := range arguments.Content {
		text := target(argument).Value
		option, value, joined := strings.Cut(text, "=")
		named := isSensitive(option)
		switch isOption := strings.HasPrefix(text, "-"); {
		case isOption && joined && named:
			s.add(value)
		case secret && !isOption:
			s.add(text)
		}
		secret = strings.HasPrefix(text, "-") && !joined && named
	}
}

// add adds a secret, and also its plain text if it is a file's content in base64.
func (s *kubeconfigSecrets) add(secret string) {
	*s = append(*s, secret)
	joined := strings.Join(strings.Fields(secret), "")
	if plain, err := base64.StdEncoding.DecodeString(joined); err == nil &&
		bytes.HasPrefix(plain, []byte("-----BEGIN ")) {
		*s = append(*s, joined, string(plain))
	}
}

// addresses gathers user and password of all addresses. A user without a password counts too, since
// it may be a token.
func (s *kubeconfigSecrets) addresses(node *yaml.Node, seen map[*yaml.Node]bool) {
	if node = target(node); seen[node] {
		return
	}
	seen[node] = true
	if address, err := url.Parse(node.Value); err == nil && address.Host != "" && address.User != nil {
		if password, has := address.User.Password(); has {
			s.add(password)
		} else if !Weak(address.User.Username()) {
			s.add(address.User.Username())
		}
	}
	for _, child := range node.Content {
		s.addresses(child, seen)
	}
}

// target is the node that an alias stands for, or the node itself.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// pairs are the keys and values of a mapping, and of those that it merges (<<).
func pairs(node *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		node := target(node)
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i].Value, target(node.Content[i+1])
			if key == "<<" && value.Kind == yaml.MappingNode {
				for j := 0; j+1 < len(value.Content); j += 2 {
					if !yield(value.Content[j].Value, value.Content[j+1]) {
						return
					}
				}
			} else if !yield(key, value) {
				return
			}
		}
	}
}

// secretVariable tells whether a variable may hold a secret: its name does not say that it is a
// place, and it is long or its name says so.
func secretVariable(variable *yaml.Node) bool {
	name, text := "", ""
	for key, node := range pairs(variable) {
		switch key {
		case "name":
			name = strings.ToUpper(target(node).Value)
		case "value":
			text = target(node).Value
		}
	}
	return !slices.Contains(places, name[strings.LastIndex(name, "_")+1:]) && (!Weak(text) || isSensitive(name))
}

func isSensitive(name string) bool {
	return slices.ContainsFunc(sensitive, func(part string) bool {
		return strings.Contains(strings.ToLower(name), part)
	})
}
