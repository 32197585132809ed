# The build and its checks. `make` builds bin/pseudowan; `make test` is
# everything that must be green, as root; see setup.sh for what it needs.

PREFIX ?= /usr/local
DESTDIR ?=
GO ?= go

# Empty outside a git checkout; the program then tells what go build recorded.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

# What a release's files are dated.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)

# The same for the program, its checks and its tests: what they have in common is
# compiled once.
export CGO_ENABLED = 0
GOFLAGS += -trimpath
export GOFLAGS

# -buildvcs=false: git refuses to look into a checkout of somebody else, as
# under sudo, and go build would fail with it.
BUILDFLAGS = -buildvcs=false -ldflags '-s -w $(if $(VERSION),-X main.version=$(VERSION))'

# The real tests build whole labs; two at a time leave each enough of a small machine to
# keep its deadlines.
TESTFLAGS ?= -timeout 45m
FUZZTIME ?= 10s

# go test, which at its end tells what was skipped, and why.
GOTEST = $(GO) tool gotestsum --format pkgname --

.PHONY: all
all: bin/pseudowan

# Go knows better than make what is out of date.
.PHONY: bin/pseudowan
bin/pseudowan:
	$(GO) build $(BUILDFLAGS) -o $@ ./cmd/pseudowan

# Labs have the server to themselves, and mean the only one that runs if they name none.
# So what runs beside them has a server of its own, and there some of them, too: both
# take about as long. What counts lost packets under load has the machine to itself.
.PHONY: test
test: check
	$(MAKE) --no-print-directory -j 2 test-labs test-others
	$(MAKE) --no-print-directory test-alone

ELSEWHERE = ^TestReal(Catalogue|Chaos|Docker|Galera|Netboot|NeighbourDiscovery)
ALONE = ^TestReal(Maintenance|Storms)

.PHONY: test-alone
test-alone:
	$(GOTEST) -run '$(ALONE)' $(TESTFLAGS) ./test/lab

.PHONY: test-labs
test-labs:
	$(GOTEST) -skip '$(ELSEWHERE)|$(ALONE)' $(TESTFLAGS) ./test/lab

.PHONY: test-others
test-others:
	sh test/server.sh $(GOTEST) $(TESTFLAGS) -p 1 $$($(GO) list ./... | grep -v /test/lab$$)
	sh test/server.sh $(GOTEST) -run '$(ELSEWHERE)' $(TESTFLAGS) ./test/lab

# The real tests in a virtual machine whose kernel has what a bare machine may
# lack: Open vSwitch's kernel datapath, MPLS, VRF, dummy devices.
.PHONY: test-vm
test-vm:
	GO="$(GO)" sh vmtest/all.sh

# The core of it, for CI.
.PHONY: test-vm-brief
test-vm-brief:
	GO="$(GO)" sh vmtest/all.sh brief

# The tests that need no root, namespaces or Open vSwitch.
.PHONY: test-pure
test-pure: check
	$(GOTEST) $(TESTFLAGS) -skip '^TestReal' ./...

# A package's files by name: given directories, gofmt looks into .cache, too.
SOURCES = {{range .GoFiles}}{{$$.Dir}}/{{.}} {{end}}{{range .TestGoFiles}}{{$$.Dir}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$$.Dir}}/{{.}} {{end}}

.PHONY: check
check:
	@unformatted=$$(gofmt -l $$($(GO) list -f '$(SOURCES)' ./...)) && \
	if [ -n "$$unformatted" ]; then echo "gofmt these: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Random labs, brought up and verified one after another; ten minutes, as root.
RANDOM_LABS ?= 200
RANDOM_SEED ?= 1
.PHONY: test-random
test-random:
	PSEUDOWAN_RANDOM=$(RANDOM_LABS) PSEUDOWAN_SEED=$(RANDOM_SEED) $(GO) test -count=1 -timeout 2h -run '^TestRealRandomLabs$$' ./test/lab

# Random cores: graphs of P routers, each verified, with one wrong label, one wrong flow and
# one cut link; as root, an hour. CI has a brief form of it in the other tests.
CORES ?= 200
.PHONY: test-cores
test-cores:
	PSEUDOWAN_CORES=$(CORES) PSEUDOWAN_SEED=$(RANDOM_SEED) $(GO) test -v -count=1 -timeout 3h -run '^TestRealRandomCores$$' ./test/lab

# Random run-time changes of random labs, each of which is then as its export says; half
# an hour, as root. CI has a brief form of it in the other tests.
CHANGES ?= 1000
.PHONY: test-changes
test-changes:
	PSEUDOWAN_CHANGES=$(CHANGES) PSEUDOWAN_SEED=$(RANDOM_SEED) $(GO) test -v -count=1 -timeout 2h -run '^TestRealRandomChanges$$' ./test/lab

# KILLS moments of changes of every kind, in each of which the command, the agents, the keeper or a
# switch is killed; as root, a quarter of an hour. CI has a brief form of it.
KILLS ?= 1
.PHONY: test-kills
test-kills:
	PSEUDOWAN_KILLS=$(KILLS) $(GO) test -v -count=1 -timeout 2h -run '^TestRealChangeKilled$$' ./test/lab

# Ready labs, all or LABS="a b", in both runtimes, and the tests that their pages name;
# as root. CI has the same in the other tests.
LABS ?=
.PHONY: labs
labs:
	GO="$(GO)" sh test/labs.sh $(LABS)

# Labs under attack: edits, kills, noise, hostile BGP and files; as root, an
# hour, or CHAOS for each of the five.
CHAOS ?= 12m
.PHONY: test-chaos
test-chaos:
	GO="$(GO)" sh test/chaos.sh $(CHAOS)

# SCALE PEs with ten hosts each on one core LAN, verified, and the time it took; as root.
# CI has a brief form of it in the other tests.
SCALE ?= 100
.PHONY: test-scale
test-scale:
	PSEUDOWAN_SCALE=$(SCALE) $(GO) test -v -count=1 -timeout 1h -run '^TestRealManyPEs$$' ./test/lab

# Labs on a Kubernetes of three nodes, made for it on this machine: up, verified, a pod
# killed, a node drained, an edit applied, all deleted; as root. The first time builds the
# cluster, which takes minutes.
.PHONY: test-k8s
test-k8s: image
	test/k8s/test.sh bin/pseudowan bin/pseudowan-site.tar $(LABS)

# What fails on such a cluster, with the times for docs/kubernetes.md: ten minutes; and
# 20 sites with 400 hosts beside the same file on one machine.
.PHONY: test-k8s-failures test-k8s-scale
test-k8s-failures: image
	test/k8s/failures.sh bin/pseudowan bin/pseudowan-site.tar
test-k8s-scale: image
	test/k8s/scale.sh bin/pseudowan bin/pseudowan-site.tar

# FRR, BIRD, ExaBGP and gobgpd on the other side, and FRR on Linux's own MPLS in a
# virtual machine; writes docs/interop.md; as root, twenty minutes.
.PHONY: interop
interop:
	GO="$(GO)" sh test/interop.sh

# The virtual machine alone, for CI.
.PHONY: interop-vm
interop-vm:
	GO="$(GO)" sh test/interop.sh vm

# Each fuzz target for FUZZTIME; go test takes one at a time.
.PHONY: fuzz
fuzz:
	@set -e; for package in $$($(GO) list ./...); do \
		targets=$$($(GO) test -list '^Fuzz' $$package); \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

# setup.sh on bare machines made for it; as root, an hour.
.PHONY: test-bare
test-bare: deb
	sh ./setup_test.sh

.PHONY: test-release
test-release:
	sh packaging/reproducible_test.sh

# A package for this machine's Debian or Ubuntu.
.PHONY: deb
deb: bin/pseudowan
	GO=$(GO) VERSION=$(VERSION) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) sh packaging/deb.sh $$($(GO) env GOARCH) bin/pseudowan bin

# The image of the pods of a lab on Kubernetes, for docker load, ctr import or kind load.
IMAGE ?= pseudowan-site:latest
.PHONY: image
image: bin/pseudowan
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) sh packaging/image.sh bin/pseudowan $(IMAGE) bin/pseudowan-site.tar

# Programs and packages, the same from every checkout of the commit.
RELEASE = bin/release
.PHONY: release
release: bin/pseudowan
	rm -rf $(RELEASE)
	mkdir -p $(RELEASE)
	set -e; for arch in amd64 arm64; do \
		program=$(RELEASE)/pseudowan_$(VERSION)_linux_$$arch; \
		GOFLAGS=-trimpath GOOS=linux GOARCH=$$arch $(GO) build $(BUILDFLAGS) -o $$program ./cmd/pseudowan; \
		GO=$(GO) VERSION=$(VERSION) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) sh packaging/deb.sh $$arch $$program $(RELEASE); \
	done
	cd $(RELEASE) && sha256sum * >SHA256SUMS

# The generated pages of docs. Commit what it writes.
.PHONY: docs
docs:
	$(GO) generate ./docs/generate

# The manual pages, one for each command.
.PHONY: man
man: bin/pseudowan
	bin/pseudowan man bin/man

# Under sudo, whose PATH may lack go, it installs what make has built before.
.PHONY: install
install: $(if $(shell command -v $(GO)),bin/pseudowan)
	install -D -m 755 bin/pseudowan $(DESTDIR)$(PREFIX)/bin/pseudowan

.PHONY: clean
clean:
	rm -rf bin
