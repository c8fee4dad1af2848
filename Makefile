# Quadrant 四方. `make help` lists what can be made. Every target sets up what it needs on a fresh machine that has
# Python 3.11 or newer with venv, and make; nothing outside this directory is written but caches.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The first interpreter that is new enough; PYTHON=/some/python overrides.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; exit; }; done)
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

# $(call step,text) begins a step; $(call done) ends it with its time.
step = started=$$SECONDS; printf '\033[1m==> %s\033[0m\n' "$(1)"
done = printf '    done in %ds\n' "$$((SECONDS - started))"

##@ Use
.PHONY: help demo
help: ## show this text
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	printf '\nSettings are environment variables: docs/settings.md. PORT=9000 make demo serves on another port.\n'

demo: .venv/main.stamp ## start the embedded database, fill it with demonstration data, serve on port 8000
	@export QUADRANT_PORT="$${PORT:-$${QUADRANT_PORT:-8000}}"
	exec $(BIN)/quadrant demo

##@ Develop
.PHONY: test check lint types layers schema bench docs migration locks clean
test: .venv/development.stamp $(if $(shell command -v npm),tests/clients/node_modules/stamp) ## run all tests; PYTEST="-k orders" passes options
	@$(call step,tests)
	command -v node >/dev/null || echo "    left out: tests marked node (Node.js is not installed)"
	command -v chromium >/dev/null || echo "    left out: tests marked browser (chromium is not installed)"
	$(BIN)/python -m pytest $(PYTEST)
	$(call done)

check: lint types layers schema ## everything that can be said without running tests

lint: .venv/development.stamp ## style and format
	@$(call step,ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(call done)

types: .venv/development.stamp ## types, strictly
	@$(call step,pyright)
	$(BIN)/basedpyright
	$(call done)

layers: .venv/development.stamp ## imports run downward only
	@$(call step,layers)
	$(BIN)/lint-imports
	$(call done)

schema: .venv/development.stamp ## marks, views, pages and snapshots agree; migrations reproduce the tables from zero
	@$(call step,quadrant check)
	$(BIN)/quadrant check
	$(call done)
	$(call step,migrations)
	$(BIN)/python -m foundation.migrations
	$(call done)

bench: .venv/development.stamp ## measure; BENCH="reads --seconds 5" passes options
	@$(BIN)/python -m bench $(BENCH)

docs: .venv/development.stamp ## write the documents and snapshots that are made from code
	@$(call step,docs)
	$(BIN)/python -m foundation.settings > docs/settings.md
	$(BIN)/quadrant docs
	$(call done)

migration: .venv/development.stamp ## write a migration from the tables' changes: make migration MESSAGE="add x"
	@test -n "$(MESSAGE)" || { echo 'say what it does: make migration MESSAGE="add x"' >&2; exit 2; }
	$(BIN)/alembic revision --autogenerate -m "$(MESSAGE)"

locks: .venv/development.stamp ## write requirements/*.txt anew from pyproject.toml
	@$(call step,locks)
	compile() { $(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$$@" pyproject.toml requirements/build.in; }
	compile --output-file requirements/dev.txt --extra development
	compile --output-file requirements/main.txt
	$(call done)

clean: ## remove the virtual environment and caches; data in var/ stays
	@rm -rf .venv .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

# Two stamps: the demonstration needs no development tools. Each depends on its lock file, so a changed lock installs anew.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Quadrant needs Python 3.11 or newer with venv (on Debian: apt-get install python3 python3-venv)." \
		"Found: $$(python3 --version 2>&1 || true). PYTHON=/path/to/python3 make … names another." >&2; exit 1; }
	$(call step,virtual environment from $(PYTHON))
	"$(PYTHON)" -m venv .venv
	$(call done)

# pip is quiet, its warnings and errors are not; --no-build-isolation because the locked setuptools is there already.
define install
	@$(call step,install requirements/$(1).txt)
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation --requirement requirements/build.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation --requirement requirements/$(1).txt
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --no-index --editable .
	touch $@
	$(call done)
endef

.venv/main.stamp: requirements/main.txt requirements/build.txt pyproject.toml | .venv/bin/python
	$(call install,main)

# Clients of other people, for the tests marked node.
tests/clients/node_modules/stamp: tests/clients/package-lock.json
	@$(call step,install tests/clients)
	npm ci --prefix tests/clients --silent --no-audit --no-fund || npm ci --prefix tests/clients --no-audit --no-fund
	touch $@
	$(call done)

.venv/development.stamp: requirements/dev.txt requirements/build.txt pyproject.toml | .venv/bin/python
	$(call install,dev)
	@touch .venv/main.stamp
