# culprit: `make run` shows it at work, `make test` runs every test.
# Every target works on a fresh clone: Go fetches what it needs.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# What reads bundles, without the rules that judge them.
READS    = analyze analyze/bundle analyze/fact analyze/host analyze/join analyze/line analyze/logs analyze/stack
READER  ?= $(shell cat go.sum $$(ls $(READS:%=%/*.go) | grep -v '_test.go$$') | sha256sum | cut -c1-12)
SAMPLE  ?= samples/dstate-stop-18.09.2
FUZZTIME ?= 10s
OUT      ?= bin/lab
BUNDLES  ?= 10000
RESULTS  ?= 1000000

export CGO_ENABLED = 0
# One set of compiled packages for the binary, the tests and the checks.
export GOFLAGS = -trimpath

.PHONY: build run test lint golden fuzz bench samples accuracy lab clean

build: ## the static binary bin/culprit
	$(GO) build -ldflags "-s -w -X main.version=$(VERSION) -X main.reader=$(READER)" -o bin/culprit ./cmd/culprit

run: build ## analyse a sample and print the verdict
	bin/culprit analyze $(SAMPLE)/bundle.tar.zst

# Tests of one goroutine, all of them once over every sample or rule: under the race
# detector they find nothing, and take eight times as long.
SINGLE = ^(TestRuleTests|TestExamplesOfSamples|TestExplainAgreesOnSamples|TestExplainAgreesOnRuleTests|TestKillRowsLessOneFact|TestEveryConditionMatters|TestEarlyLeavesNoTrace|TestSpoolHoldsEverySource|TestSamples|TestCutSamples|TestCommentsOfSamples|TestJudgedAgain|TestFullDisk|TestHostileFilesAreRefused|TestStrictLoad|TestStrictWords|TestEvaluateCases|TestWordsAreSound|TestCutEverywhere|TestZeros)$$

test: ## every test; RACE=1 with the race detector, which needs a C compiler
ifdef RACE
	CGO_ENABLED=1 $(GO) test -race -skip '$(SINGLE)' -p 4 ./... # some packages wait more than they compute
	$(GO) test -run '$(SINGLE)' ./...
else
	$(GO) test ./...
endif

lint: ## gofmt, vet, staticcheck, the rules' own checks and tests
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt: $$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) run ./cmd/culprit rules lint
	$(GO) run ./cmd/culprit rules test

golden: ## rewrite the expected reports; read the difference before you commit it
	$(GO) test ./analyze/render -run 'TestSamples' -update

# The go command now and then reports its own deadline as a failure, without an
# input that fails: such a run is done once more.
fuzz: ## each fuzz target for FUZZTIME
	@mkdir -p bin; set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			fuzz() { $(GO) test $$pkg -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x > bin/fuzz.log 2>&1; }; \
			fuzz || { grep -q 'context deadline exceeded' bin/fuzz.log && ! grep -q 'Failing input' bin/fuzz.log && fuzz; } || { cat bin/fuzz.log; exit 1; }; \
			tail -1 bin/fuzz.log; \
		done; \
	done

bench: build ## the benchmarks, and those of an archive of BUNDLES and a store of RESULTS
	$(GO) test ./... -run '^$$' -bench . -benchmem -timeout 30m
	$(GO) test ./analyze/fleet -run '^$$' -bench Store -results $(RESULTS) -v -timeout 60m
	$(GO) run ./samples/bench -n $(BUNDLES) bin/culprit samples

samples: ## pack captures: make samples CAPTURES=DIR [NAMES="a b"]
	$(GO) run ./samples/pack -o samples $(if $(NAMES),-only "$(NAMES)") $(CAPTURES)

accuracy: ## the table of verdicts over a folder of captures: make accuracy CORPUS=DIR
	$(GO) run ./samples/accuracy $(CORPUS)

# Needs root and Debian's docker.io, containerd, runc, busybox-static; see
# samples/lab/README.md. The verdicts of all that ran are judged, also of a scenario
# that failed otherwise.
lab: ## incidents on a real dockerd, the collector, the verdict: make lab [LAB="a b"] [OUT=DIR]
	@rm -rf bin/lab; status=0; \
	sh samples/lab/lab.sh -o "$(OUT)" $(LAB) || status=1; \
	$(GO) run ./samples/accuracy -strict "$(OUT)" || status=1; \
	exit $$status

clean:
	rm -rf bin
