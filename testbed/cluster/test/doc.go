// Package test runs the built programs: a real cluster, a real registry, real containers. It is a package of its own
// so that `go test` does not compile the programs once more: see the Makefile.
package test
