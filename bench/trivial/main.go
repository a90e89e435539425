// Package main is a Dagger module with one function and no imports: what any module in Go costs.
package main

// Trivial is that module.
type Trivial struct{}

// Hello greets.
//
// +cache="session"
func (*Trivial) Hello() string { return "hello, world" }
