# make demo    ships a real Python service on this machine, with everything it takes on loopback
# make test    vets and tests every module, then calls ship end to end against real servers
# make soak    kills releases and breaks servers, RUNS times from SEED on, and looks whether a retry puts all right
# make fuzz    gives each parser what nobody would write, for FUZZTIME each; ONLY=helm one room
# make bench   measures Ship against what people use instead; ONLY=nothing RUNS=7 one part (see bench/RESULTS.md)
# make build   builds the programs only
# make bindings lays what an engine would generate where editors and linters look; they need -tags standalone
#
# Builds go to a cache outside the tree, each in a folder named after the sources that it was made from.
CACHE := $(or $(SHIP_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ship)
key = $(CACHE)/$(1)-$(shell git ls-files -co --exclude-standard -- $(2) | LC_ALL=C sort | xargs -r cat 2>/dev/null | sha256sum | cut -c1-16)

SHIP     := $(call key,ship,go.mod go.sum '*.go' ':!embedded' ':!testbed' ':!e2e' ':!bench')
EMBEDDED := $(call key,embedded,embedded)
TESTBED  := $(call key,testbed,testbed ':!testbed/cluster' ':!testbed/sops')
CLUSTER  := $(call key,cluster,testbed/cluster)
SOPS     := $(call key,sops,testbed/sops)
PIPELINE := $(call key,gitlab-ci-local,e2e/gitlab/package-lock.json)
SEMANTIC := $(call key,semantic-release,bench/npm/package-lock.json)

# What the programs find each other by; the same names in tests and demo.
export SHIP_PROGRAM     := $(SHIP)/ship
export EMBEDDED_PROGRAM := $(EMBEDDED)/embedded
export BUILDKITD_PROGRAM := $(EMBEDDED)/buildkitd
export TESTBED_PROGRAM  := $(TESTBED)/testbed
export CLUSTER_PROGRAMS := $(CLUSTER)
# Beside it is age-keygen, which makes the keys that it encrypts with.
export SOPS_PROGRAM     := $(SOPS)/sops
# Runs .gitlab-ci.yml for tests, which skip that where there is no npm to install it with.
export GITLAB_CI_LOCAL_PROGRAM := $(if $(shell command -v npm),$(PIPELINE)/node_modules/.bin/gitlab-ci-local)
# What the benchmark compares with.
export BUILDCTL_PROGRAM := $(EMBEDDED)/buildctl
export SEMANTIC_RELEASE_PROGRAM := $(if $(shell command -v npm),$(SEMANTIC)/node_modules/.bin/semantic-release)

STANDALONE := -tags standalone -overlay standalone/overlay.json
export CGO_ENABLED := 0

.PHONY: demo test soak fuzz bench build bindings lint lint-ship unit unit-ship unit-embedded unit-testbed unit-cluster unit-pages e2e bench-test deps clean

# $(call built,COMMAND) runs a build and says what and how long.
define built
@mkdir -p $(@D); start=$$(date +%s); echo "building $(@F) …"; \
$(1) && echo "built $(@F) in $$(( $$(date +%s) - start )) s"
endef

build: deps $(SHIP_PROGRAM) $(EMBEDDED_PROGRAM) $(BUILDKITD_PROGRAM) $(CLUSTER)/cluster $(SOPS_PROGRAM)

$(SHIP_PROGRAM):
	$(call built,go build $(STANDALONE) -o $@ .)

$(EMBEDDED_PROGRAM):
	$(call built,go -C embedded build -o $@ .)

$(BUILDKITD_PROGRAM):
	$(call built,go -C embedded build -o $@ github.com/moby/buildkit/cmd/buildkitd)

$(BUILDCTL_PROGRAM):
	$(call built,go -C embedded build -o $@ github.com/moby/buildkit/cmd/buildctl)

$(TESTBED_PROGRAM):
	$(call built,go -C testbed build -o $@ .)

$(CLUSTER)/cluster:
	$(call built,$(MAKE) --no-print-directory -C testbed/cluster build OUT=$(@D))

$(SOPS_PROGRAM):
	$(call built,$(MAKE) --no-print-directory -C testbed/sops build OUT=$(@D))

$(PIPELINE)/node_modules/.bin/gitlab-ci-local:
	$(call built,cp e2e/gitlab/package*.json $(PIPELINE) && cd $(PIPELINE) && npm ci --silent --no-audit --no-fund)

$(SEMANTIC)/node_modules/.bin/semantic-release:
	$(call built,cp bench/npm/package*.json $(SEMANTIC) && cd $(SEMANTIC) && npm ci --silent --no-audit --no-fund)

# Copies that git and engines ignore, and builds replace; `dagger develop` puts an engine's there.
bindings:
	@mkdir -p internal/dagger
	@cp standalone/_main.go dagger.gen.go
	@cp standalone/dagger/dagger.go internal/dagger/dagger.gen.go

# Debian packages that the programs run on; installs what is missing.
deps: $(TESTBED_PROGRAM)
	@$(TESTBED_PROGRAM) setup

demo: build
	@go -C e2e run ./demo $(DEMO)

test: lint unit e2e bench-test

# The linter is of a module of its own, so that its weight is on no other.
MODULES := embedded testbed e2e bench
LINTER := $(CACHE)/golangci-lint-$(shell go -C lint list -m -f "{{.Version}}" github.com/golangci/golangci-lint/v2)/golangci-lint

$(LINTER):
	$(call built,go -C lint build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint)

lint: lint-ship
	@set -e; for module in $(MODULES); do echo "lint $$module"; (cd $$module && $(LINTER) run ./...); done
	$(MAKE) --no-print-directory -C testbed/cluster lint LINTER=$(LINTER)

# Linters read files, not what an overlay says, so they get the bindings.
lint-ship: $(LINTER) bindings
	@echo "lint ship" && $(LINTER) run ./...

unit-ship:
	go test -vet=off $(STANDALONE) ./internal/... ./standalone/cli

# At the same time, since most of them wait for the servers that they start.
unit: build
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target unit-embedded unit-testbed unit-cluster unit-ship unit-pages

unit-embedded:
	go -C embedded test -vet=off -timeout=20m ./...

unit-testbed:
	go -C testbed test -vet=off -timeout=20m ./...

unit-cluster:
	$(MAKE) --no-print-directory -C testbed/cluster test OUT=$(CLUSTER)

# Go keeps a result for as long as no file of the module changes; pages are outside of it.
unit-pages:
	go -C e2e test -vet=off -count=1 ./pages

e2e: build $(GITLAB_CI_LOCAL_PROGRAM)
	SHIP_SESSION=buildkit go -C e2e test -vet=off -count=1 -timeout=60m -parallel=6
	SHIP_SESSION=engine go -C e2e test -vet=off -count=1 -timeout=40m

# A seed decides what goes wrong; SEED=N RUNS=1 does one again, and ONLY=race (a regular expression) does some only.
RUNS ?= 200
SEED ?= $(shell date +%s)
WORKERS ?= 6
soak: build
	SHIP_SESSION=buildkit go -C e2e test -vet=off -count=1 -timeout=60m -run='TestFaults|TestOverlapOfReinstalls' -v . -args -runs=$(RUNS) -seed=$(SEED) -workers=$(WORKERS) -only="$(ONLY)"

# Go fuzzes one target at a time. What fails is written below testdata/fuzz, and from then on is a test.
FUZZTIME ?= 30s
fuzz:
	@failed=0; for file in $$(grep -l '^func Fuzz' internal/*/*_test.go standalone/cli/*_test.go | grep "$(ONLY)"); do \
	for target in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' $$file); do echo "fuzz $$(dirname $$file) $$target"; \
	go test -vet=off $(STANDALONE) -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) ./$$(dirname $$file) || failed=1; done; done; exit $$failed

# Each run of a contender takes turns with the others'; RUNS of each count.
bench: RUNS = 7
bench: build $(BUILDCTL_PROGRAM) $(SEMANTIC_RELEASE_PROGRAM)
	SHIP_SESSION=buildkit go -C bench run . -runs=$(RUNS) -only="$(ONLY)"

# One short round, so that the benchmark goes on working.
bench-test: build $(BUILDCTL_PROGRAM) $(SEMANTIC_RELEASE_PROGRAM)
	SHIP_SESSION=buildkit go -C bench test -vet=off -count=1 -timeout=10m

clean:
	rm -rf $(CACHE)
