package gitfiles

import "testing"

// FuzzFiles reads .gitattributes, .gitmodules, .dockerignore and a pointer.
func FuzzFiles(f *testing.F) {
	f.Add("*.bin filter=lfs\n\"a b\" filter=lfs -text\n[submodule \"x\"]\n\tpath = a\n!keep\n# no\n", "src")
	f.Add(pointer, ".")
	f.Add("\"\\", "..")
	f.Add("[submodule \"", "")
	f.Fuzz(func(_ *testing.T, text, folder string) {
		IsPointer([]byte(text))
		if p, err := ReadPointer([]byte(text)); err == nil && (len(p.OID) != 64 || p.Size < 0) {
			panic(p)
		}
		LFS(text, folder)
		Submodules(text)
		Ignored(text)
	})
}
