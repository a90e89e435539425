package registry

import (
	"crypto/subtle"
	"net/http"

	"github.com/distribution/distribution/v3/registry/auth"
)

// password lets one user in. distribution's own way, htpasswd, hashes the password of each request anew, which takes
// longer than all else that the registry does about it: measurements would be of that.
type password struct{ user, password string }

var (
	_ auth.AccessController = (*password)(nil)
	_ auth.Challenge        = (*challenge)(nil)
)

func init() {
	err := auth.Register("password", func(options map[string]any) (auth.AccessController, error) {
		return &password{options["user"].(string), options["password"].(string)}, nil
	})
	if err != nil {
		panic(err) // the name is taken
	}
}

func (p *password) Authorized(r *http.Request, _ ...auth.Access) (*auth.Grant, error) {
	user, word, _ := r.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(user), []byte(p.user))&subtle.ConstantTimeCompare([]byte(word),
		[]byte(p.password)) == 0 {
		return nil, &challenge{auth.ErrAuthenticationFailure}
	}
	return &auth.Grant{User: auth.UserInfo{Name: user}}, nil
}

// challenge is an answer that asks for the password.
type challenge struct{ error }

func (*challenge) SetHeaders(_ *http.Request, w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="testbed registry"`)
}
