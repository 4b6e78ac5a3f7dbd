# Deed's commands. `make demo` and `make test` are all that a newcomer needs; each does its own set-up.
#
# Every step is a file target, so that what is done already is skipped without starting any tool: a later `make demo`
# is at its program within a fraction of a second. Steps that produce no file of their own leave a stamp.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

STEP := scripts/step.sh
STAMPS := .build/stamps
VENV := .venv
FEATURES := ../shared/conformance/opencypher/features
FILES := ../shared/conformance/sqllogictest
SAMPLE := 1
PYTHON_STAMPS := $(VENV)/stamps
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
LIBRARY := .build/release/libdeedcore.so

SWIFT_SOURCES := $(shell find Sources -type f \( -name '*.swift' -o -name '*.cpp' -o -name '*.h' -o -name '*.inc' -o -name '*.modulemap' \))
PYTHON_SOURCES := $(shell find python/pyproject.toml python/setup.py python/deed python/deed_core* -type f \
	-not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: help demo test bench soak tck slt sanitize setup setup-test lib clean

help: ## Show this list
	@echo "Deed: an embedded multi-model graph database"
	@echo
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 14
	@echo
	@echo "The first run of any of them installs what is missing and builds the engine (about five minutes)."

demo: setup ## Load the world's air routes into a graph on disk and ask it questions (seconds)
	@$(VENV)/bin/python examples/openflights.py $(ARGUMENTS)

test: setup setup-test ## Run every test (about fifteen minutes; ONLY="tidy c" picks stages)
	@scripts/test.sh $(ONLY)

bench: setup $(PYTHON_STAMPS)/requirements-bench ## Compare Deed with its peers, side by side (about twenty minutes)
	@cd python && ../$(STEP) "Benchmarks" ../$(VENV)/bin/python -m benchmarks $(ARGUMENTS)

soak: setup setup-test ## Run the tests of kills, faults and chance for hours (ONLY="kills faults" picks some)
	@scripts/soak.sh $(ONLY)

sanitize: setup setup-test ## Look for races, wrong accesses and leaks (about fifteen minutes; ONLY="thread address" picks some)
	@scripts/sanitize.sh $(ONLY)

tck: setup setup-test ## Run the openCypher compatibility kit (FEATURES=folder, by default beside the repository)
	@cd python && ../$(VENV)/bin/python -m tests.tck $(abspath $(FEATURES))

slt: setup setup-test ## Run the files of sqllogictest (FILES=folder, by default beside the repository; SAMPLE=n: each nth query)
	@cd python && ../$(VENV)/bin/python -m tests.slt $(abspath $(FILES)) $(SAMPLE)

setup: $(LIBRARY) $(PYTHON_STAMPS)/extension $(PYTHON_STAMPS)/requirements-examples ## Only the set-up of make demo

setup-test: $(STAMPS)/packages-test $(PYTHON_STAMPS)/requirements-test

lib: $(LIBRARY) ## Only libdeedcore.so, for C programs
	@echo "$(LIBRARY), header Include/deed.h"

clean: ## Remove everything that was built, the virtual environment included
	rm -rf .build $(VENV) python/build python/*.egg-info

$(STAMPS)/packages-build: scripts/system-packages.sh scripts/find-python.sh
	@$(STEP) "System packages for the build" scripts/system-packages.sh build
	@mkdir -p $(@D) && touch $@

$(STAMPS)/packages-test: scripts/system-packages.sh | $(STAMPS)/packages-build
	@$(STEP) "System packages for the tests" scripts/system-packages.sh test
	@mkdir -p $(@D) && touch $@

# The compiler leaves a library alone whose contents would not change; touching it tells make that it is up to date.
$(LIBRARY): $(SWIFT_SOURCES) Package.swift Include/deed.h Include/deedcore.map | $(STAMPS)/packages-build
	@swift=$$(scripts/find-swift.sh); \
	$(STEP) "Building the engine, release (about three minutes the first time)" \
		"$$swift" build -c release --product deedcore
	@touch $@

$(PYTHON_STAMPS)/environment: | $(STAMPS)/packages-build
	@python=$$(scripts/find-python.sh); \
	$(STEP) "Making the virtual environment $(VENV)" "$$python" -m venv $(VENV)
	@mkdir -p $(@D) && touch $@

$(PYTHON_STAMPS)/requirements-build: scripts/build-requirements.txt | $(PYTHON_STAMPS)/environment
	@$(STEP) "Installing what builds the Python extension" $(PIP) install -r $<
	@touch $@

$(PYTHON_STAMPS)/requirements-examples: examples/requirements.txt | $(PYTHON_STAMPS)/environment
	@$(STEP) "Installing the examples' Python packages" $(PIP) install -r $<
	@touch $@

$(PYTHON_STAMPS)/requirements-test: python/tests/requirements.txt | $(PYTHON_STAMPS)/environment
	@$(STEP) "Installing the tests' Python packages" $(PIP) install -r $<
	@touch $@

$(PYTHON_STAMPS)/requirements-bench: python/benchmarks/requirements.txt | $(PYTHON_STAMPS)/environment
	@$(STEP) "Installing the peers to compare with" $(PIP) install -r $<
	@touch $@

# Without build isolation, so that building again needs no network.
$(PYTHON_STAMPS)/extension: $(PYTHON_SOURCES) $(LIBRARY) | $(PYTHON_STAMPS)/requirements-build
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(STEP) "Building and installing the Python extension" \
		$(PIP) install --force-reinstall --no-deps --no-build-isolation ./python
	@touch $@
