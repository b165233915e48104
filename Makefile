# Every command of the project is one line here; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
# What runs on the embedded database first and on PostgreSQL again; tests/storage and tests/journeys do both by themselves.
ON_BOTH := tests/api tests/login tests/actions tests/console

.PHONY: help setup serve test check bench lock format clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(VENV)/.serve ## build .venv; afterwards .venv/bin/keystead works

serve: $(VENV)/.serve ## start everything with the sample institution on one port
	@$(BIN)/python scripts/serve.py

test: $(VENV)/.dev ## get what the tests need and run every test
	@scripts/get-browser
	@scripts/get-proxies
	@$(BIN)/python scripts/checks.py
	@$(BIN)/python -m pytest -n 2 --dist loadfile
	@echo "The same rules on PostgreSQL:"
	@KEYSTEAD_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n 2 --dist loadfile $(ON_BOTH)

check: $(VENV)/.dev ## the fast loop: format, lint, types, import rules, pure tests
	@$(BIN)/python scripts/checks.py
	@$(BIN)/python -m pytest -m pure

bench: $(VENV)/.dev ## the benchmarks, each against its baseline in the same run
	@$(BIN)/python -m bench

format: $(VENV)/.dev ## put the code in form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: ## write the lock files anew
	@scripts/lock

clean: ## remove what was built, keep the data under var/
	rm -rf $(VENV) build .mypy_cache .ruff_cache .hypothesis

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit("Keystead needs Python 3.11 or newer; name one with make PYTHON=...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.serve: $(VENV)/.python requirements/serve.txt pyproject.toml
	@echo "Building the environment in $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/serve.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements/dev.txt
	@echo "Adding what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
