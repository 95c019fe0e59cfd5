# SPDX-License-Identifier: Apache-2.0
#
# The one door. Every target installs what it needs by apt when it is missing (with sudo if you are
# not root) and says so.
#
#   make run      builds, starts everything, sends and receives ten messages, serves until Ctrl-C
#   make test     everything that can be tested here
#   make build    the release binary: build/release/kerolox
#   make bench    Kerolox beside Apache RocketMQ 5.4.0, one table of ratios
#   make format   clang-format over the tree
#   make lint     house rules, thread-safety analysis, clang-tidy
#   make unit     unit and component tests in the dev flavour, for the inner loop
#   make examples builds the programs of examples/ and runs them against `kerolox dev`
#   make package  libkerolox as others find it: installed, packed, used; packages in build/release
#   make doc      the reference of libkerolox: build/doc/html
#   make client-suite  the client library against Kerolox and RocketMQ 5.4.0, with faults and Java
#   make soak     five minutes of random faults between the library and its servers
#   make torture  the crash test for an hour, then two hours of soak

SHELL := /bin/bash
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 30
SOAK_SECONDS ?= 300
.DEFAULT_GOAL := help
.PHONY: help run test build bench format format-check lint unit asan tsan fuzz e2e compat torture \
	library examples package doc options-page client-suite client-races soak compat-and-soak \
	packages packages-interop rules clean

help:
	@sed -n 's/^#   \(make .*\)/  \1/p' Makefile

packages:
	@tools/install_packages.sh build

packages-interop: packages
	@tools/install_packages.sh interop || echo "SKIP interop: Java, Maven or Go cannot be installed"

build: packages
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target kerolox

run: build
	@tools/run_demo.sh build/release/kerolox

unit: packages
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS)
	@ctest --test-dir build/dev --output-on-failure -j $(JOBS)

# libkerolox.so and libkerolox.a
library: build
	@cmake --build --preset release -j $(JOBS) --target kerolox_client kerolox_client_static \
		kx_options_page

examples: library
	@cmake --build --preset release -j $(JOBS) --target examples
	@python3 tests/examples/run.py --build build/release --kerolox build/release/kerolox

package: library
	@python3 tests/package/run.py --build build/release --kerolox build/release/kerolox

doc: packages
	@tools/install_packages.sh doc
	@mkdir -p build && doxygen Doxyfile

# docs/client/options.md, from the tables the options are read by.
options-page: library
	@build/release/packaging/kx_options_page docs/client/options.md

rules: packages
	@python3 tools/check_layers.py
	@python3 tools/tidy.py
	@python3 tools/gen_compatibility.py --check
	@python3 tools/check_coverage.py

# Unit and component tests, each once under AddressSanitizer and UBSan.
asan: packages
	@cmake --preset asan >/dev/null
	@cmake --build --preset asan -j $(JOBS)
	@ctest --test-dir build/asan --output-on-failure -j $(JOBS)

# What runs threads against each other, under ThreadSanitizer.
TSAN_TESTS = base store net broker namesrv client
tsan: packages
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan -j $(JOBS) --target $(TSAN_TESTS:%=kx_%_test)
	@ctest --test-dir build/tsan --output-on-failure -j $(JOBS) \
		-R '^($(shell echo $(TSAN_TESTS) | tr ' ' '|'))$$'

fuzz: packages
	@tools/run_fuzzers.sh $(FUZZ_SECONDS)

# The real binary from outside: command line, life cycle, kill -9 under load.
e2e: build
	@python3 tests/e2e/run.py --kerolox build/release/kerolox

# Unmodified Java and Go clients, mixed deployments with Java servers, stores that change hands.
compat: build packages-interop
	@python3 tests/compat/run.py --mixed --handover --kerolox build/release/kerolox

# The client library under AddressSanitizer against real servers of both kinds: every feature, faults
# made by proxies, groups shared with the Java client, and TLS with access control.
SUITE = tests/client/kerolox_client_suite
client-suite: build packages-interop
	@cmake --preset asan >/dev/null
	@cmake --build --preset asan -j $(JOBS) --target kerolox_client_suite
	@python3 tests/client/run.py --kerolox build/release/kerolox --suite build/asan/$(SUITE) \
		--parts cases,faults,java,secure

# The same cases and faults under ThreadSanitizer, against Kerolox alone.
client-races: build
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan -j $(JOBS) --target kerolox_client_suite
	@python3 tests/client/run.py --kerolox build/release/kerolox --suite build/tsan/$(SUITE) \
		--server kerolox --parts cases,faults

# Needs little of the machine: it may run beside `make compat`, which mostly waits, too.
soak: build
	@cmake --preset asan >/dev/null
	@cmake --build --preset asan -j $(JOBS) --target kerolox_client_soak
	@python3 tests/client/run.py --kerolox build/release/kerolox --suite build/asan/$(SUITE) \
		--server kerolox --parts soak --soak $(SOAK_SECONDS)

# Both mostly wait: side by side they take the time of one.
compat-and-soak: build packages-interop
	@mkdir -p build/test; $(MAKE) --no-print-directory soak >build/test/soak.log 2>&1 & SOAK=$$!; \
		$(MAKE) --no-print-directory compat; COMPAT=$$?; wait $$SOAK; SOAKED=$$?; \
		cat build/test/soak.log; exit $$((COMPAT + SOAKED))

test: rules asan tsan fuzz e2e examples package doc client-suite client-races compat-and-soak
	@echo "all tests passed"

bench: build packages-interop
	@python3 bench/run.py --kerolox $(CURDIR)/build/release/kerolox --json build/bench/run.json

torture: build
	@python3 tests/e2e/run.py --kerolox build/release/kerolox --only kill --rounds 2000
	@$(MAKE) soak SOAK_SECONDS=7200

format: packages
	@git ls-files -co --exclude-standard '*.cc' '*.h' '*.hpp' | xargs clang-format-19 -i

format-check: packages
	@git ls-files -co --exclude-standard '*.cc' '*.h' '*.hpp' | xargs clang-format-19 --dry-run -Werror

lint: rules format-check
	@cmake --preset lint >/dev/null
	@cmake --build --preset lint -j $(JOBS)

clean:
	@rm -rf build
