# Every task of the project, by name. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# A run of the tests starts hundreds of Pythons: what one of them compiled, the others read.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# One environment in three layers: what the desk runs on, what it is developed with, what it is
# measured beside. Each layer is installed again only when its own list changes.
RUN := $(VENV)/run.stamp
DEV := $(VENV)/dev.stamp
BENCH := $(VENV)/bench.stamp
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The local Slack that demo and tests speak to is published for one platform.
PEER := tests/peer/node_modules
PEER_STAMP := $(PEER)/.package-lock.json
PEER_RUNS := $(and $(shell command -v npm),$(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)))

CHROMIUM := /usr/bin/chromium

##@ Use
.PHONY: demo
demo: $(RUN) $(if $(PEER_RUNS),$(PEER_STAMP)) ## Show the desk at work; ARGS=--once for one pass
	@$(BIN)/patchdesk demo $(if $(PEER_RUNS),--slack-peer $(PEER)/local-slack-linux-x64/bin/local-slack) $(ARGS)

##@ Develop
.PHONY: venv
venv: $(DEV) ## Install everything that development needs into .venv
	@:

.PHONY: lint
lint: $(DEV) ## Style, formatting, types, import rules
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "make lint: these want formatting; run make format:" >&2; $(BIN)/ruff format --check . >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary $(wildcard bot executor contracts tests benchmarks)
	@report=$$($(BIN)/lint-imports --no-logo) || { echo "$$report" >&2; exit 1; }

.PHONY: format
format: $(DEV) ## Format the code and apply the safe fixes
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

.PHONY: test
test: $(DEV) peer ## The default suite: under five minutes on two cores; ARGS goes to pytest
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal $(ARGS)

.PHONY: test-slow
test-slow: $(DEV) peer browser ## Only the parts marked slow
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m slow $(ARGS)

.PHONY: test-all
test-all: $(DEV) peer browser ## Both
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "slow or not slow" $(ARGS)

.PHONY: corpora
corpora: $(DEV) ## Hold patches in FOLDER (packages, repositories, cases) against git and patch
	@$(BIN)/python -m tests.corpora $(FOLDER) $(ARGS)

.PHONY: screenshots
screenshots: $(DEV) browser peer ## Make the pictures of the documentation anew
	@$(BIN)/python -m tests.web.screenshots

.PHONY: coverage
coverage: $(DEV) peer ## The default suite in one process, with the branches nobody took
	@$(BIN)/python -m coverage run -m pytest -q $(ARGS)
	@$(BIN)/python -m coverage report --skip-covered --show-missing

.PHONY: bench
bench: $(DEV) $(BENCH) ## Measure, as ratios to floors of the same run
	@$(BIN)/python -m benchmarks $(ARGS)

##@ Maintain
LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "make lock" pyproject.toml --group build

.PHONY: lock
lock: ## Pin the newest allowed releases, with the hashes of all their files (needs uv)
	@command -v uv >/dev/null || { echo "make lock: uv is not installed" >&2; exit 1; }
	@$(LOCK) --output-file requirements/run.txt >/dev/null
	@$(LOCK) --group dev --constraint requirements/run.txt --output-file requirements/dev.txt >/dev/null
	@$(LOCK) --group bench --constraint requirements/run.txt --output-file requirements/bench.txt >/dev/null
	@! grep -nE 'https?://' requirements/*.txt || { echo "make lock: an address of a registry got into requirements/" >&2; exit 1; }

.PHONY: clean
clean: ## Remove everything that can be made again; var/ stays
	@rm -rf $(VENV) $(PEER) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { print substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Patchdesk needs Python 3.11 or newer, and $(PYTHON) is not; try: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# The desk itself is installed last, editable, and without isolation: its build backend is pinned above it.
$(RUN): requirements/run.txt pyproject.toml | $(BIN)/python
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(BENCH): requirements/bench.txt $(RUN)
	@$(INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@

.PHONY: peer
ifneq ($(PEER_RUNS),)
peer: $(PEER_STAMP)
else
peer:
	@echo "The tests speak to a local Slack, which needs npm on Linux x86-64" >&2; exit 1
endif

# Chromium comes from the system, not from a registry of the tests' own.
.PHONY: browser
browser: ## The Chromium that the tests of the dashboard look with
	@test -x $(CHROMIUM) || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null || { \
	  echo "The tests of the dashboard look with Chromium; install it as $(CHROMIUM), or run make browser as root on Debian" >&2; exit 1; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-noto-color-emoji >/dev/null; }

$(PEER_STAMP): tests/peer/package.json tests/peer/package-lock.json
	@npm ci --prefix tests/peer --loglevel error --no-audit --no-fund >/dev/null || { \
	  echo "npm could not install the local Slack; make it reach the npm registry, then run make again" >&2; exit 1; }
	@touch $@
