package projects

import (
	"maps"
	"slices"
)

// Login says which secrets hold logins of registries: one in the format of Docker's configuration, or
// three of one login. All are names of secrets, the registry's host too: who may change the file does not
// choose where a password is sent.
type Login struct {
	Docker string // name of the secret in Docker's format; empty: it is the three below

	Registry, User, Password string
}

// Names are the names of its secrets.
func (l Login) Names() []string {
	if l.Docker != "" {
		return []string{l.Docker}
	}
	return []string{l.Registry, l.User, l.Password}
}

// readLogins reads what the file says under logins.
func (s *Settings) readLogins() error {
	const form = "logins: write a list of names of secrets, as [\"DOCKER_AUTH_CONFIG\"], or of tables, as " +
		"[{registry = \"PROXY_HOST\", user = \"PROXY_USER\", password = \"PROXY_PASSWORD\"}], whose texts are " +
		"names of secrets, too"
	if s.Logins == nil {
		return nil
	}
	list, is := s.Logins.([]any)
	if !is {
		return s.Fault("logins", form)
	}
	s.LoginList = []Login{}
	for _, one := range list {
		var login Login
		switch said := one.(type) {
		case string:
			login.Docker = said
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(said)) {
				into := map[string]*string{"registry": &login.Registry, "user": &login.User,
					"password": &login.Password}[key]
				text, is := said[key].(string)
				if into == nil || !is {
					return s.Fault("logins", form)
				}
				*into = text
			}
		}
		if slices.Contains(login.Names(), "") {
			return s.Fault("logins", form)
		}
		s.LoginList = append(s.LoginList, login)
	}
	return nil
}
