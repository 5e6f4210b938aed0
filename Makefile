# Everything a person types. Needs Python 3.11 or newer and make; the rest is set up inside .venv.
# uv is used only to go faster when it happens to be installed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell tools/find-python)
UV := $(shell command -v uv 2>/dev/null)

MEMBERS := packages/robson-domain packages/robson-engine packages/robson-exec \
           packages/robson-store packages/robson-connectors apps/robsond
SOURCES := $(addsuffix /src,$(MEMBERS))
EDITABLE := $(addprefix -e ,$(MEMBERS))
COMPILE := uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
           --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.PHONY: venv
venv: $(STAMP) ## Set up .venv (done by every other target when needed)

$(STAMP): requirements/dev.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@tools/make-venv "$(PYTHON)" "$(VENV)" "$(UV)" $(EDITABLE)
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Run the main job on this machine: no server, key or feed needed
	@$(BIN)/robson demo

.PHONY: test
test: $(STAMP) ## Run every test, then hold the coverage limits
	$(BIN)/python -m pytest -n 2 --cov --cov-report= $(PYTEST_ARGS)
	$(BIN)/python -m coverage json -q -o .coverage.json
	$(BIN)/python tools/check_coverage.py .coverage.json

.PHONY: check
check: $(STAMP) ## Format, lint, types, import contracts, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES) tests tools $(wildcard benchmarks)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/architecture

.PHONY: format
format: $(STAMP) ## Rewrite the sources the way `check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(STAMP) ## Measure speed against the recorded targets
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

.PHONY: simulate
simulate: $(STAMP) ## Search seeded fault histories of the whole daemon (SIMULATE_ARGS="--seeds 1000")
	$(BIN)/python -m tests.simulation $(SIMULATE_ARGS)

.PHONY: docs
docs: $(STAMP) ## Regenerate the generated pages
	$(BIN)/python tools/generate_docs.py

.PHONY: lock
lock: ## Resolve requirements/*.lock anew (needs uv; UPGRADE=1 also moves to newer versions)
	@test -n "$(UV)" || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	cd requirements && $(COMPILE) $(if $(UPGRADE),--upgrade) run.in -o run.lock
	cd requirements && $(COMPILE) $(if $(UPGRADE),--upgrade) dev.in -o dev.lock
	cd requirements && $(COMPILE) $(if $(UPGRADE),--upgrade) build.in -o build.lock
	cd requirements && $(COMPILE) $(if $(UPGRADE),--upgrade) peers.in -o peers.lock
	@! grep -n '://' requirements/*.lock

.PHONY: clean
clean: ## Remove what can be made again
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache \
	    .hypothesis build dist $(addsuffix /dist,$(MEMBERS)) $(addsuffix /build,$(MEMBERS))
	find packages apps tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
