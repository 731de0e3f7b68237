# OpsKnight. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Without compiled modules every start of the product takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

# Debian's own first: it is built with profile-guided optimisation, and some 15 % quicker than most others.
PYTHON ?= $(shell for found in /usr/bin/python3.11 python3.11 python3; do \
	$$found -c 'import ensurepip, venv' 2>/dev/null && command -v $$found && break; done)
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check install --quiet --require-hashes --use-pep517
# uv installs in a quarter of pip's time. It knows nothing of pip's settings: where it cannot do it, pip does.
# Processes of tests: one more than cores, for tests that wait: on two cores 690 s instead of 773.
WORKERS := $(shell echo $$(( $$(nproc) < 4 ? $$(nproc) + 1 : 4 )))
UV     := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode
define install # a lock file: install what it names
@test -x $(BIN)/uv || awk '/^[^ #]/ { its = /^uv==/ } its' requirements-dev.lock | $(PIP) -r /dev/stdin || true
@index=$$($(BIN)/pip config get global.index-url 2>/dev/null || true); \
UV_SYSTEM_CERTS=true UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$index}}" $(UV) -r $(1) 2>/dev/null || $(PIP) -r $(1)
endef

.PHONY: help run native test check check-types check-words bench bench-grown chaos mutants shots texts lock clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

run: $(VENV)/runs ## start OpsKnight at http://localhost:8080 (ARGS=… is handed on)
	@exec $(BIN)/python main.py $(ARGS)

native: $(VENV)/opens-windows ## the same, in a window of its own
	@exec $(BIN)/python main.py --native $(ARGS)

test: $(VENV)/tests ## install what the tests need, then run them all (ARGS='-k board' for some)
	@tests/install.sh
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/tests ## format, lint, types, who imports whom, and the rules of the house
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-types check-words

check-types: $(VENV)/tests
	$(BIN)/pyright

check-words: $(VENV)/tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture
	@test -n "$${CI:-}" || $(BIN)/python -m pytest -qq --collect-only >/dev/null || { echo 'A test file cannot be imported: pytest --collect-only says which.' >&2; exit 1; }

bench: $(VENV)/tests ## measure ingest, boards and paging; writes docs/benchmarks.md
	@tests/install.sh wrk smtp-sink
	@$(BIN)/python -m tests.bench $(ARGS)

bench-grown: $(VENV)/tests ## measure ingest on an empty and on a full database (ten minutes); writes docs/benchmarks-grown.md
	@tests/install.sh wrk
	@$(BIN)/python -m tests.bench.grown $(ARGS)

chaos: $(VENV)/tests ## kill, stop and starve everything; the full figures of the fault tests
	@tests/install.sh
	@OPSKNIGHT_CHAOS=1 $(BIN)/python -m pytest --timeout 3600 tests/faults tests/simulator $(ARGS)

mutants: $(VENV)/tests ## break the product on purpose, one way after the other: each must turn its test red
	@tests/install.sh
	@OPSKNIGHT_CHAOS=1 $(BIN)/python -m pytest --timeout 3600 tests/mutants $(ARGS)

texts: $(VENV)/tests ## write the template of what people are told, for those who translate it
	@mkdir -p opsknight/locale
	@$(BIN)/pybabel -q extract -k say -k later -k say_many:1,2 -k to_say -k to_say_many:1,2 --no-default-keywords \
		--no-location --sort-output --omit-header --width 120 -o opsknight/locale/opsknight.pot opsknight

shots: $(VENV)/tests ## take the pictures of docs/
	@tests/install.sh
	@$(BIN)/python -m tests.shots $(ARGS)

LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --python-version 3.11 --python-platform x86_64-unknown-linux-gnu
lock: $(VENV)/tests ## write the lock files anew from pyproject.toml (ARGS=--upgrade for newest)
	$(LOCK) $(ARGS) --output-file requirements.lock
	$(LOCK) $(ARGS) --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) $(ARGS) --extra desktop --constraint requirements.lock --output-file requirements-desktop.lock

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'No Python with venv was found: apt-get install python3.11-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runs: requirements.lock | $(BIN)/python
	@echo 'Installing what OpsKnight needs …'
	$(call install,requirements.lock)
	@touch $@

$(VENV)/opens-windows: requirements-desktop.lock | $(VENV)/runs
	@echo 'Installing what a native window needs …'
	$(call install,requirements-desktop.lock)
	@touch $@

$(VENV)/tests: requirements-dev.lock | $(BIN)/python
	@echo 'Installing what the tests need …'
	$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/runs
