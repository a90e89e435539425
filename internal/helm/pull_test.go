package helm

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestPullSecret(t *testing.T) {
	t.Parallel()
	config := PullConfig("r.example:5000", "reader", `a"b`)
	auth := base64.StdEncoding.EncodeToString([]byte(`reader:a"b`))
	if want := `{"auths":{"r.example:5000":{"auth":"` + auth + `"}}}`; config != want {
		t.Errorf("%s, want %s", config, want)
	}
	p := PullSecret{"pull", config}
	for _, part := range []string{`"type":"kubernetes.io/dockerconfigjson"`, `"name":"pull"`, `".dockerconfigjson":`} {
		if !strings.Contains(p.Manifest(), part) {
			t.Errorf("%s lacks %s", p.Manifest(), part)
		}
	}
	for answer, want := range map[string]bool{
		base64.StdEncoding.EncodeToString([]byte(config)) + "\n": true, "": false, "?": false,
		base64.StdEncoding.EncodeToString([]byte(config + " ")): false,
	} {
		if p.Kept(answer) != want {
			t.Errorf("%q: %v", answer, !want)
		}
	}
}
