# Everything that a new machine needs: `make train` and `make test` create .venv.
PYTHON ?= python3
VENV ?= .venv
CONFIG ?= configs/tiny.py
BIN := $(VENV)/bin
RELEASE ?=
OVERWRITE ?=
CONFIGS ?=
BENCHMARKS ?=

# Large pages for large arrays. They help PyTorch in `bench`, which allocates its arrays again at each step, and make
# little difference to ours, which are kept (docs/performance.md). Only glibc reads the variable.
train release bench: export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1

.DEFAULT_GOAL := help

help:  ## Show the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	    || { echo "error: Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

$(VENV)/peers-installed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,peers]"
	touch $@

setup: $(VENV)/installed  ## Make the virtual environment.

train: setup  ## Train CONFIG (default configs/tiny.py) and show completions; run again to resume.
	$(BIN)/python scripts/train.py --config=$(CONFIG)

# Passed in the environment, where neither make nor the shell interprets it.
sample: override export PROMPT := $(value PROMPT)

# Sets `run` to the newest run, else to the last released model.
FIND_RUN = run=$$(ls -td runs/*/checkpoints 2> /dev/null | head -n 1); run=$${run%checkpoints}; \
	if [ -z "$$run" ]; then run=$$(ls -d pretrained/*/ 2> /dev/null | sort -V | tail -n 1); fi; \
	if [ -z "$$run" ]; then echo "error: there is no run in runs/: make train makes one" >&2; exit 2; fi

sample: setup  ## Complete code with the newest run, or a released model: PROMPT, or interactively on a terminal.
	@$(FIND_RUN); \
	if [ -n "$$PROMPT" ]; then set -- --prompt="$$PROMPT"; else set -- --interactive; fi; \
	$(BIN)/python scripts/sample.py --checkpoint="$$run" "$$@"

serve: setup  ## Serve the newest run, or a released model, at http://127.0.0.1:8000/, with a page to try it.
	@$(FIND_RUN); \
	exec $(BIN)/python scripts/serve.py --checkpoint="$$run"

release: $(VENV)/peers-installed  ## Train, evaluate, choose and export pretrained/RELEASE: docs/release.md.
	$(BIN)/python scripts/release.py $(if $(RELEASE),--name=$(RELEASE)) $(if $(CONFIGS),--configs=$(CONFIGS)) \
	    $(if $(BENCHMARKS),--benchmarks=$(BENCHMARKS)) $(if $(SUITES),--suites=$(SUITES)) $(if $(OVERWRITE),--overwrite)

lint: setup  ## Check format, lint and types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

test: lint  ## Lint, types and all fast tests.
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not peers and not slow"

test-peers: $(VENV)/peers-installed  ## The checks against PyTorch, transformers, CTranslate2 and HumanEval's harness.
	$(BIN)/python -m pytest -m peers

test-slow: setup  ## The long suites: faults, attacks, statistics.
	$(BIN)/python -m pytest -m slow

test-faults: setup  ## Kills, signals, full disks, damage and mistakes in their long form: hours. Each prints its row.
	$(BIN)/python -m pytest -s -m faults

bench: $(VENV)/peers-installed  ## Training speed of CONFIG next to PyTorch, eager and compiled.
	$(BIN)/python scripts/benchmark.py train --config=$(CONFIG) --peer

clean:  ## Remove caches; prepared data, runs and .venv stay.
	rm -rf .cache .ruff_cache .hypothesis build *.egg-info

clean-runs:  ## Remove data/ and runs/, after asking.
	@printf 'Delete every run in runs/ and all prepared data in data/? [y/N] '; read -r answer; \
	    case "$$answer" in [yY]|[yY]es) rm -rf data runs ;; *) echo "nothing was deleted" ;; esac

.PHONY: help setup train sample serve release bench lint test test-peers test-slow test-faults clean clean-runs
