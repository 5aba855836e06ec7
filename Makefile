# The whole life of a checkout. Every target sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build test check bench fuzz lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: build ## Set up everything and run the demo
	@$(BIN)/gslb demo

build: $(VENV)/.built ## Set up everything and stop there: the command is then .venv/bin/gslb

test: $(VENV)/.built $(VENV)/.dev ## Set up everything and run every test this machine can run
	@cargo test --quiet --manifest-path plane/Cargo.toml --locked
	@cargo test --quiet --manifest-path plane/fuzz/Cargo.toml --locked
	@$(BIN)/python -m pytest -q $(TESTS)

check: $(VENV)/.built $(VENV)/.dev ## Format, lint, types, import layers
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@for room in tests bench plane/fuzz $(wildcard tests/*/); do MYPYPATH=tests:$$room $(BIN)/mypy $$room/*.py || exit 1; done
	@$(BIN)/python -m mypy.stubtest gslb._plane
	@$(BIN)/lint-imports --config pyproject.toml
	@cargo fmt --manifest-path plane/Cargo.toml --check
	@cargo clippy --quiet --manifest-path plane/Cargo.toml --locked --all-targets --features python,fuzzing -- -D warnings
	@cargo fmt --manifest-path plane/fuzz/Cargo.toml --check
	@cargo clippy --quiet --manifest-path plane/fuzz/Cargo.toml --locked --all-targets -- -D warnings
	@cargo check --quiet --manifest-path plane/Cargo.toml --locked --no-default-features

bench: $(VENV)/.built $(VENV)/.dev ## Print the benchmark tables, peers included if installed
	@$(BIN)/python -m bench

FUZZ_SECONDS ?= 60
fuzz: tools ## Fuzz each target for FUZZ_SECONDS (60), and print what came of it
	@$(PYTHON) plane/fuzz/fuzz.py $(FUZZ_SECONDS)

lock: $(VENV)/.tools ## Write the locks anew from pyproject.toml
	@for part in runtime build dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header $$( [ $$part = runtime ] && echo pyproject.toml || echo "--group $$part" ) \
	    $$( [ $$part = dev ] && echo "-c locks/runtime.txt" ) -o locks/$$part.txt; done

clean: ## Remove what was built
	@rm -rf $(VENV) plane/target plane/fuzz/target

# What the machine must have, said in one sentence each.
$(VENV)/.tools: | tools
	@$(PYTHON) -m venv $(VENV) || { echo "gslb: cannot make a virtual environment with $(PYTHON); on Debian: apt-get install python3-venv"; exit 1; }
	@$(LOCKED) -r locks/build.txt
	@touch $@

.PHONY: tools
tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "gslb: $(PYTHON) is missing or older than 3.11; install Python 3.11 or newer, or say make PYTHON=python3.12"; exit 1; }
	@command -v cargo >/dev/null || { echo "gslb: cargo is missing; install Rust 1.85 or newer (rustup, or your system's packages)"; exit 1; }
	@command -v cc >/dev/null || { echo "gslb: no C linker (cc); on Debian: apt-get install gcc libc6-dev"; exit 1; }

$(VENV)/.runtime: locks/runtime.txt $(VENV)/.tools
	@$(LOCKED) -r locks/runtime.txt
	@touch $@

$(VENV)/.dev: locks/dev.txt $(VENV)/.runtime
	@$(LOCKED) -r locks/dev.txt
	@touch $@

$(VENV)/.built: $(VENV)/.runtime pyproject.toml plane/Cargo.toml plane/Cargo.lock $(shell find plane/src -name '*.rs')
	@echo "gslb: building the answer plane in release mode; the first time takes a few minutes"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation --editable .
	@touch $@
