# The two commands a newcomer needs are `make demo` and `make test`; each does all its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3

.PHONY: help setup debian compiled demo test lint format bench soak fuzz lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: debian $(READY)  ## install Debian packages (as root) and the locked Python environment

debian:
	@./debian-packages.sh

$(READY): requirements.lock pyproject.toml
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock; \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps --no-build-isolation -e .; \
	else \
	  $(PYTHON) -m venv --clear $(VENV); \
	  $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	  $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $@

compiled: $(READY)
	@$(BIN)/python build_translations.py
	@$(BIN)/python -m compileall -q drivers kiosk sync ui

demo: setup compiled  ## borrow and return in a browser, on emulated hardware, with a county hub
	@$(BIN)/tongjie demo

test: setup compiled  ## every test, with a real browser
	@$(BIN)/pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## formatting, style, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(READY)  ## mend formatting and what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup compiled  ## measure; prints absolute figures and ratios
	@$(BIN)/python -m tests.bench

soak: setup compiled  ## power cuts, kills and bad networks by the thousand (as root, an hour)
	@$(BIN)/python -m tests.soak

SECONDS ?= 60

fuzz: $(READY)  ## feed every codec mangled bytes, for SECONDS=60
	@if ! $(BIN)/python -c 'import atheris' 2>/dev/null && [ ! -d .fuzz ]; then \
	  $(PYTHON) -m venv .fuzz; \
	  .fuzz/bin/pip install --quiet --disable-pip-version-check -e '.[fuzz]'; \
	fi; \
	python=$(BIN)/python; [ ! -d .fuzz ] || python=.fuzz/bin/python; \
	$$python -m tests.fuzz.fuzz_codecs -max_total_time=$(SECONDS) -max_len=1024 -len_control=0 \
	  -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0

lock:  ## renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-header \
	  --no-emit-index-url --no-annotate --python-version 3.11 \
	  --extra hub --extra pi --extra usb --extra pcsc --extra printer --extra dev --build-isolation -o requirements.lock

clean:  ## remove the environment and caches
	@rm -rf $(VENV) .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis
