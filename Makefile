# Everything is built and installed inside this folder: programs in bin/, tools in .tools/.
GO       ?= go
TOOLS    := $(CURDIR)/.tools
LINT     := $(TOOLS)/golangci-lint
LINTVER  := v2.15.0
FUZZTIME ?= 10s
ROUNDS   ?= 100
SEED     ?=
SEARCHES ?=
BENCH    ?= .
BENCHTIME?= 1s
COUNT    ?= 1
SCALE    ?=
STAT     := $(TOOLS)/benchstat
RESULT   ?= bin/bench/$(shell git describe --always --dirty --exclude '*' 2>/dev/null || echo none).txt
RESULTS   = $(shell ls -t bin/bench/*.txt)

.PHONY: build run test check lint bench fuzz fuzz-ci bench-compare soak hostile overlay demo clean help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build the programs into bin/
	$(GO) build -trimpath -o bin/ ./cmd/...

run: build ## run a supernode that needs no configuration
	bin/alakazaam supernode

test: ## run all tests with the race detector, and those of the simulations without it
	$(GO) test -race -timeout 30m ./...
	$(GO) test -timeout 30m ./cmd/alakalab/...

lint: $(LINT) ## look for what a reader would stumble over
	$(LINT) run

check: lint test fuzz-ci ## what CI runs; the tests replay what the fuzzers have found

fuzz: ## let each fuzz target run for FUZZTIME
	@for pkg in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./...); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9]+' $$pkg/*_test.go | cut -c6-); do \
	    (cd $$pkg && $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) .) || exit 1; \
	  done; \
	done

fuzz-ci: ## let the fuzzer of connections run for a minute; fails over an input that fails by itself
	GO='$(GO)' FUZZTIME=$(if $(filter command line environment,$(origin FUZZTIME)),$(FUZZTIME),60s) gateway/fuzz-ci.sh

soak: ## kill a supernode under load and cut its power, ROUNDS times each; SEED repeats what its peers do
	SOAK_ROUNDS=$(ROUNDS) $(if $(SEED),SOAK_SEED=$(SEED)) $(GO) test -race -count 1 -timeout 0 -v -run '^(TestKilled|TestPowerCut)' ./cmd/alakazaam
	$(GO) test -race -count 1 -timeout 0 -v -run '^(TestPowerCut|TestWritesFail)' ./actors/store/durable -rounds $(ROUNDS)

bench: SHELL := /bin/bash
bench: ## run the benchmarks into RESULT too; BENCH selects, COUNT=10 for benchstat, SCALE=full for ten million files
	@mkdir -p $(dir $(RESULT))
	set -o pipefail; $(if $(SCALE),SCALE=$(SCALE)) $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) -count $(COUNT) \
	  -timeout 0 ./... | tee $(RESULT)

bench-compare: $(STAT) ## compare two files of results: OLD and NEW, or else the two newest
	$(STAT) $(or $(OLD),$(word 2,$(RESULTS))) $(or $(NEW),$(word 1,$(RESULTS)))

hostile: ## attack the program with ten thousand connections and floods of another order
	HOSTILE=heavy $(GO) test -run '^TestHostile' -v -parallel 1 -timeout 30m ./cmd/alakazaam

overlay: ## measure searches over networks of supernodes: SEARCHES for each line of the table, SEED for the random one
	OVERLAY=full $(if $(SEARCHES),SEARCHES=$(SEARCHES)) $(if $(SEED),SEED=$(SEED)) $(GO) test -run '^TestOverlayTables$$' -v -count 1 -timeout 30m ./cmd/alakazaam

demo: build ## three supernodes, four peers, a search and a download on loopback
	cmd/alakazaam/demo.sh bin/alakazaam

$(LINT):
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTVER)

$(STAT):
	GOBIN=$(TOOLS) $(GO) install golang.org/x/perf/cmd/benchstat@$$($(GO) list -m -f '{{.Version}}' golang.org/x/perf)

clean: ## remove what was built
	rm -rf bin .tools
