package gitlab

import "testing"

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		user, token string
		want        TokenKind
	}{
		{JobUser, "glcbt-x", JobToken},
		{"release-bot", "glcbt-x", JobToken},
		{JobUser, "glpat-x", AccessToken},
		{"release-bot", "eyJhb.x.y", AccessToken},
		{JobUser, "eyJhb.x.y", UnclearToken},
		{"", "", AccessToken},
	} {
		if got := KindOf(c.user, c.token); got != c.want {
			t.Errorf("%s of %q: %d, want %d", c.token, c.user, got, c.want)
		}
	}
}
