module dagger/ship/e2e

go 1.26.1

require (
	dagger/ship v0.0.0
	dagger/ship/testbed v0.0.0
)

replace (
	dagger/ship => ../
	dagger/ship/testbed => ../testbed
)
