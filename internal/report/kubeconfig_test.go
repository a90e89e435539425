package report

import (
	"encoding/base64"
	"strings"
	"testing"
)

const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0123456789\n-----END RSA PRIVATE KEY-----\n"

// TestRedactKubeconfig has each way in which a kubeconfig gives a secret, and what must stay
// readable beside it.
func TestRedactKubeconfig(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte(pem))
	for user, secrets := range map[string][]string{
		`{token: "eyJhbGciOiJSUzI1NiIsImtpZCI6"}`:    {"eyJhbGciOiJSUzI1NiIsImtpZCI6"},
		`{username: admin-of-it, password: hunter2}`: {"hunter2"},
		`{password: 12345678}`:                       {"12345678"},
		`{password: 'it''s in quotes'}`:              {"it's in quotes"},
		"\n    token: |\n      of-several-lines\n      and-more-of-it\n": {
			"of-several-lines", "and-more-of-it",
		},
		"\n    token: >-\n      folded-token\n      of-it\n": {"folded-token of-it"},
		"\n    ? token\n    : after-a-question-mark":         {"after-a-question-mark"},
		"\n    \"token\": \"with-\\u0065scapes\"":            {"with-escapes"},
		"\n    token:\n      in-the-next-line":               {"in-the-next-line"},
		"\n    token: !!str tagged-token":                    {"tagged-token"},
		"\n    client-key-data: " + key: {
			key, "MIIEpAIBAAKCAQEA0123456789", pem,
		},
		"\n    client-key-data: >-\n      " + key[:40] + "\n      " + key[40:]: {
			key, "MIIEpAIBAAKCAQEA0123456789",
		},
		`{exec: {command: aws-iam, env: [{name: AWS_SECRET, value: of-the-env}]}}`:              {"of-the-env"},
		`{exec: {command: aws-iam, env: [{value: of-the-env, name: OIDC}]}}`:                    {"of-the-env"},
		`{exec: {command: aws-iam, env: [{name: A_TOKEN, value: short}]}}`:                      {"short"},
		`{exec: {command: aws-iam, args: [login, --client-secret=of-an-option, --id, x]}}`:      {"of-an-option"},
		`{exec: {command: aws-iam, args: [login, --password, of-an-argument, ledger-service]}}`: {"of-an-argument"},
		`{auth-provider: {name: oidc, config: ` +
			`{client-secret: of-a-provider, refresh-token: refresh-it, id-token: abcdefgh}}}`: {
			"of-a-provider", "refresh-it", "abcdefgh",
		},
		`{token: &a anchored-token, tokenFile: /var/run/token}`:     {"anchored-token"},
		`{<<: {token: merged-token}}`:                               {"merged-token"},
		`{as: admin-of-it, as-user-extra: {reason: [extra-of-it]}}`: {"extra-of-it"},
	} {
		kubeconfig := "clusters: [{name: ledger-service-production, cluster: {server: " +
			"'https://cluster.example.com:6443'}}]\n" +
			"contexts: [{name: ledger-service-production, context: {namespace: ledger-service-production, user: " +
			"ledger-service-deployer}}]\n" +
			"users:\n- name: ledger-service-deployer\n  user: " + user + "\n"
		var r Redactor
		r.AddKubeconfig(kubeconfig)
		for _, secret := range secrets {
			if got := r.Redact("said <" + secret + ">"); got != "said <***>" && secret != pem {
				t.Errorf("%s: %q shows: %q", user, secret, got)
			}
		}
		said := "ledger-service-production: user ledger-service-deployer, admin-of-it, at " +
			"https://cluster.example.com:6443: aws-iam login in /var/run/token with ledger-service"
		if got := r.Redact(said); got != said {
			t.Errorf("%s: %q", user, got)
		}
	}
}

// TestRedactKubeconfigsAsAWhole has files that are written in other ways, or are not kubeconfigs.
func TestRedactKubeconfigsAsAWhole(t *testing.T) {
	for _, kubeconfig := range []string{
		`{"users":[{"name":"u","user":{"token":"a-token-that-is-long-enough"}}]}`,
		"{\n\t\"users\": [\n\t\t{\"name\": \"u\", \"user\": {\"token\" : \"a-token-that-is-long-enough\"}}\n\t]\n}",
		"x: &u {token: a-token-that-is-long-enough}\nusers:\n- {name: u, user: *u}\n",
		"x: &l [{user: {token: a-token-that-is-long-enough}}]\nusers: *l\n",
		"x: &u {user: {token: a-token-that-is-long-enough}}\nusers:\n- <<: *u\n",
		"clusters:\n- cluster: {server: 'https://a-token-that-is-long-enough@host:6443'}\n",
		"clusters:\n- cluster: {server: 'https://host', proxy-url: " +
			"'http://u:a-token-that-is-long-enough@proxy:3128'}\n",
		"clusters:\n- cluster: {proxy-url: 'http://u:a%2Dtoken-that-is-long%2denough@proxy:3128'}\n",
		"users:\n- user:\n\ttoken: a-token-that-is-long-enough\n",
		"users: [{user: {token: a-token-that-is-long-enough}}",
		"a-token-that-is-long-enough",
		"\ufeffusers: [{user: {token: a-token-that-is-long-enough}}]",
		"users: [{user: {token: a-token-that-is-long-enough}}]\nusers: []\n",
	} {
		var r Redactor
		r.AddKubeconfig(kubeconfig)
		if got := r.Redact("said a-token-that-is-long-enough"); strings.Contains(got, "long-enough") {
			t.Errorf("%s: %s", kubeconfig, got)
		}
	}
}

func TestWeak(t *testing.T) {
	var r Redactor
	if !r.AddKubeconfig("users: [{user: {password: hunter2}}]") ||
		r.AddKubeconfig("users: [{user: {password: hunter23, as: root}}]") {
		t.Error("a password of seven letters is weak, and one of eight is not")
	}
	for secret, want := range map[string]bool{"": false, "1234567": true, "12345678": false, "ünïcödé": true} {
		if Weak(secret) != want {
			t.Errorf("%q: want %v", secret, want)
		}
	}
}

func FuzzKubeconfig(f *testing.F) {
	f.Add("users: [{user: {token: abcdefgh}}]")
	f.Add("a: &a [*a]\nusers: *a")
	f.Add("a: &a {<<: *a}\nusers: [{user: *a}]")
	f.Add("users: [{user: " + strings.Repeat("{a: ", 2000) + "b" + strings.Repeat("}", 2000) + "}]")
	f.Fuzz(func(_ *testing.T, text string) {
		var r Redactor
		r.AddKubeconfig(text)
	})
}
