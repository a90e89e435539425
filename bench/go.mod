module dagger/ship/bench

go 1.26.1

require (
	dagger/ship/e2e v0.0.0
	dagger/ship/testbed v0.0.0
)

require (
	dagger/ship v0.0.0 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/opencontainers/image-spec v1.1.1 // indirect
	golang.org/x/sync v0.24.0 // indirect
	oras.land/oras-go/v2 v2.7.0 // indirect
)

replace (
	dagger/ship => ../
	dagger/ship/e2e => ../e2e
	dagger/ship/testbed => ../testbed
)
