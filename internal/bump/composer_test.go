package bump

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"
)

// TestComposer: the hash is of what PHP writes for the values that count.
func TestComposer(t *testing.T) {
	t.Parallel()
	hash := func(version string) string {
		sum := md5.Sum([]byte(`{"config":{"platform":{"php":"8.2"}},` +
			`"extra":{"a":[],"b":{"10":1.5,"x":null},"c":[true,"\u00e9\ud83d\udea2"]},` +
			`"name":"acme\/shop","require":{"php":">=8.2"},"version":"` + version + `"}`))
		return hex.EncodeToString(sum[:])
	}
	files := map[string]string{
		"composer.json": `{"name": "acme/shop", "description": "not counted", "version": "1.4.0",
			"config": {"sort-packages": true, "platform": {"php": "8.2"}}, "require": {"php": ">=8.2"},
			"extra": {"a": {}, "b": {"10": 1.50, "x": null}, "c": {"0": true, "1": "é🚢"}}}`,
		"composer.lock": "{\n    \"content-hash\": \"" + hash("1.4.0") + "\",\n    \"packages\": [{\"version\": " +
			"\"1.4.0\"}]\n}\n",
	}
	changes, err := Set(memory(files), ".", "", "1.5.0")
	if err != nil || len(changes) != 2 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	if want := strings.Replace(files["composer.lock"], hash("1.4.0"), hash("1.5.0"),
		1); string(changes[1].New) != want {
		t.Errorf("got %s, want %s", changes[1].New, want)
	}
	files["composer.lock"] = strings.Replace(files["composer.lock"], hash("1.4.0"), hash("1.3.0"), 1)
	if _, err := Set(memory(files), ".", "", "1.5.0"); err == nil ||
		err.Error() != "composer.lock:2: the lock file is not up to date with composer.json: run composer update "+
			"--lock" {
		t.Errorf("a lock file of another version: %v", err)
	}
	delete(files, "composer.lock")
	if changes, err := Set(memory(files), ".", "", "1.5.0"); err != nil || len(changes) != 1 {
		t.Errorf("without a lock file: %d changes, %v", len(changes), err)
	}
}
