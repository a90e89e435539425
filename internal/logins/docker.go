package logins

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// config is what counts of Docker's configuration
// (https://docs.docker.com/reference/cli/docker/login/#credential-stores).
type config struct {
	Auths       map[string]entry  `json:"auths"`
	CredHelpers map[string]string `json:"credHelpers"`
	CredsStore  string            `json:"credsStore"`
}

// entry is a registry's login, in one of the forms that Docker writes and reads.
type entry struct {
	Auth          string `json:"auth"` // USER:PASSWORD in base64
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// Read reads a text in the format of Docker's configuration, as GitLab's variable DOCKER_AUTH_CONFIG has it.
// From says in words where it came from. No error holds anything of the text but a registry's name.
func Read(from, text string) (List, error) {
	var file config
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		return List{}, fmt.Errorf("%s is not JSON in the format of Docker's configuration%s: write "+
			`{"auths": {"HOST": {"auth": "USER:PASSWORD in base64"}}}%s`, from, where(text, err), hint(text))
	}
	if file.Auths == nil && file.CredHelpers == nil && file.CredsStore == "" && isNotEmpty(text) {
		return List{}, fmt.Errorf(`%s has no "auths", under which Docker's configuration has the registries`, from)
	}
	var list List
	for _, key := range slices.SortedFunc(maps.Keys(file.Auths), byExactness) {
		place, is := parsePlace(key)
		if !is {
			continue // no image can be there
		}
		login, err := file.Auths[key].login()
		if err != nil {
			return List{}, fmt.Errorf("%s: %s: %w", from, place, err)
		}
		login.Place, login.From = place, from
		switch {
		case login.Password != "" || login.Token != "":
			list.logins = append(list.logins, login)
		case file.Auths[key].RegistryToken != "":
			list.lack(place, from+" has only a registry token for "+place.Host+", which an engine cannot use: "+instead)
		case file.CredsStore != "" && file.CredHelpers[key] == "":
			list.lack(place, left(from, place, file.CredsStore))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(file.CredHelpers)) {
		if place, is := parsePlace(key); is {
			list.lack(place, left(from, place, file.CredHelpers[key]))
		}
	}
	if file.CredsStore != "" {
		list.lack(Place{}, fmt.Sprintf("%s leaves logins to %s: %s", from, program(file.CredsStore), instead))
	}
	return list, nil
}

// byExactness has the key that Docker looks for before others of one place.
func byExactness(a, b string) int {
	exactness := func(key string) int {
		place, _ := parsePlace(key)
		switch key {
		case "https://index.docker.io/v1/":
			return 0
		case place.String():
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(exactness(a), exactness(b)), cmp.Compare(a, b))
}

// instead is what to do about a login that is kept in a way that is of no use here.
const instead = `put user and password under "auths"`

func left(from string, place Place, helper string) string {
	return fmt.Sprintf("%s leaves the login for %s to %s: %s", from, place, program(helper), instead)
}

func program(helper string) string {
	if !isHelper.MatchString(helper) {
		return "a program, and Ship runs none"
	}
	return "the program docker-credential-" + helper + ", and Ship runs none"
}

var isHelper = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// login is an entry's user with password or token; none of them if it has none.
func (e entry) login() (l Login, err error) {
	l.User, l.Password, l.Token = e.Username, e.Password, e.IdentityToken
	if e.Auth != "" {
		text, err := decode(e.Auth)
		user, password, is := strings.Cut(text, ":")
		if err != nil || !is || user == "" {
			return l, errors.New(`its "auth" is not USER:PASSWORD in base64`)
		}
		// Docker once filled up with zero bytes, and cuts them off
		l.User, l.Password = user, strings.Trim(password, "\x00")
	}
	if l.Token != "" { // Docker then sends no user and password
		l.User, l.Password = "", ""
	} else if l.Password != "" && l.User == "" {
		return l, errors.New("it has a password without a user name")
	}
	return l, nil
}

// decode reads base64, with its padding or without.
func decode(text string) (string, error) {
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
	return string(data), err
}

// secrets are what of a text must not show, whether it can be used or not.
func (e entry) secrets() []string {
	return []string{e.Auth, e.Password, e.IdentityToken, e.RegistryToken}
}

// Secrets are what of a text that Read takes must not show.
func Secrets(text string) []string {
	var file config
	if json.Unmarshal([]byte(text), &file) != nil {
		return []string{text}
	}
	var found []string
	for _, e := range file.Auths {
		found = append(found, e.secrets()...)
		if login, err := e.login(); err == nil {
			found = append(found, login.Password)
		}
	}
	found = slices.DeleteFunc(found, func(s string) bool { return s == "" })
	slices.Sort(found)
	return slices.Compact(found)
}

// where is the place of a fault in a text, without a letter of it.
func where(text string, err error) string {
	syntax, kind := new(json.SyntaxError), new(json.UnmarshalTypeError)
	offset := int64(0)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	before := []byte(text)[:min(max(offset, 1), int64(len(text)))]
	return fmt.Sprintf(" (line %d, column %d)", 1+bytes.Count(before, []byte("\n")),
		len(before)-1-bytes.LastIndexByte(before, '\n'))
}

// hint says what a text may be that is no JSON.
func hint(text string) string {
	if isPath.MatchString(text) {
		return ". It looks like the path of a file: give a variable of GitLab's type File as file://$NAME"
	}
	if plain, err := decode(text); err == nil && strings.HasPrefix(strings.TrimSpace(plain), "{") {
		return ". It is that in base64: give it as it is"
	}
	return ""
}

var isPath = regexp.MustCompile(`^/[^\n{}"]*$`)

func isNotEmpty(text string) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal([]byte(text), &object) == nil && len(object) > 0
}
