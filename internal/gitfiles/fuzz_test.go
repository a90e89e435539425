package gitfiles

import "testing"

// FuzzFiles reads .gitattributes, .gitmodules, .dockerignore and a pointer.
func FuzzFiles(f *testing.F) {
	f.Add("*.bin filter=lfs\n\"a b\" filter=lfs -text\n[submodule \"x\"]\n\tpath = a\n!keep\n# no\n", "src")
	f.Add("\"\\", "..")
	f.Add("[submodule \"", "")
	f.Fuzz(func(_ *testing.T, text, folder string) {
		IsPointer([]byte(text))
		LFS(text, folder)
		Submodules(text)
		Ignored(text)
	})
}
