package helm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPackDependencies packs a chart with a stand-in for Helm, that lists what the file deps of a
// chart holds as its dependencies, and writes down what else it is to do.
func TestPackDependencies(t *testing.T) {
	const shop, lib = "shop/Chart.yaml", "lib/Chart.yaml"
	for name, c := range map[string]struct {
		files map[string]string
		code  int
		want  string // what it did, or said
	}{
		"of the repo, what these depend on first": {map[string]string{shop: "", lib: "", "lib/base/Chart.yaml": "",
			"shop/deps": "lib\t1\tfile://../lib\tmissing\n", "lib/deps": "base\t1\tfile://base   \tmissing  \n"},
			0, "update lib, update shop, package shop"},
		"there already": {map[string]string{shop: "", "shop/deps": "lib\t1\thttps://r.example\tok\n"}, 0,
			"package shop"},
		"of repositories": {map[string]string{shop: "", "shop/Chart.lock": "",
			"shop/deps": "a\t^1\thttps://r.example/x\tmissing\nb\t1\toci://r.example\tmissing\n"},
			0, "add https---r-example-x, build shop, package shop"},
		"not locked": {map[string]string{shop: "", "shop/deps": "a\t^1\thttps://r.example/x\tmissing\n"}, NoLock,
			"https://r.example/x"},
		"outside": {map[string]string{shop: "", "shop/deps": "a\t1\tfile://../../etc\tmissing\n"}, DependenciesOutside,
			"shop/Chart.yaml: file://../../etc\n"},
		"absolute": {map[string]string{shop: "", "shop/deps": "a\t1\tfile:///etc\tmissing\n"}, DependenciesOutside,
			"shop/Chart.yaml: file:///etc\n"},
		"in a circle": {map[string]string{shop: "", lib: "", "shop/deps": "lib\t1\tfile://../lib\tmissing\n",
			"lib/deps": "shop\t1\tfile://../shop\tmissing\n"}, 0, "package shop"},
	} {
		folder := t.TempDir()
		tree, did := filepath.Join(folder, "tree"), filepath.Join(folder, "did")
		for file, text := range c.files {
			must(t, os.MkdirAll(filepath.Join(tree, filepath.Dir(file)), 0o755))
			must(t, os.WriteFile(filepath.Join(tree, file), []byte(text), 0o644))
		}
		helm := `#!/bin/sh
[ "$1 $2" != "dependency list" ] || { echo NAME; cat "$3/deps" 2>/dev/null; exit 0; }
case "$1 $2" in
"repo add") echo "add $3" ;;
dependency*) echo "$2 ${3##*/}" ;;
package*) echo "$1 ${2##*/}"; [ "$5 $6" = "--app-version 1.4.0" ] || exit 9
	mkdir -p "$4/shop" && tar -czf "$4/shop.tgz" -C "$4" shop && rm -r "$4/shop" ;;
esac >>` + did + "\n"
		must(t, os.WriteFile(filepath.Join(folder, "helm"), []byte(helm), 0o755))
		args := PackArgs(tree, "./shop", filepath.Join(folder, "out"), "1.4.0")
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = []string{"PATH=" + folder + ":/usr/bin:/bin"}
		said, _ := cmd.CombinedOutput()
		got := string(said)
		if c.code == 0 {
			lines, _ := os.ReadFile(did)
			got = strings.ReplaceAll(strings.TrimSpace(string(lines)), "\n", ", ")
		}
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.HasSuffix(got, c.want) &&
			!(code == NoLock && strings.Contains(got, c.want)) {
			t.Errorf("%s: exit code %d, %q, want %d, %q\n%s", name, code, got, c.code, c.want, said)
		}
	}
}
