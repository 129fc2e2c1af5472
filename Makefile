# One word per task, for people and for CI: `make help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Anything that can drive pages as Chromium does; found on the PATH unless named.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
PYTEST ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test check browser postgres lock clean

help:  ## What can be asked for
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.runtime  ## Virtual environment and dependencies; does nothing the second time

run: setup  ## The whole of TradeDash on this machine (PORT, INSTANCES, DATA_DIR, RATE, PAIRS … docs/settings.md)
	@$(BIN)/python manage.py up

test: $(VENV)/.dev  ## Every test; those of the browser where a Chromium is found
	$(BIN)/python -m pytest -m "not browser" $(PYTEST)
	@$(MAKE) --no-print-directory postgres
	@$(MAKE) --no-print-directory browser

# What keeps and reads the record, once more on the other database: a cluster of its own that is gone afterwards.
postgres: $(VENV)/.dev  ## The tests of the record on PostgreSQL (REQUIRE_POSTGRES=1: fail where there is none)
	@if $(BIN)/python -c 'from tests.kit.postgres import program; program("initdb")' 2>/dev/null; then \
		TEST_DATABASE=postgresql $(BIN)/python -m pytest -m "not browser" tests/services tests/workers tests/api/test_candles.py tests/api/test_trades.py $(PYTEST); \
	else \
		echo "=================================================================="; \
		echo "NO POSTGRESQL FOUND: THE RECORD WAS TESTED ON SQLITE ONLY."; \
		echo "Install its server (Debian: apt install postgresql)."; \
		echo "=================================================================="; \
		test -z "$(REQUIRE_POSTGRES)"; \
	fi

# A run of its own: Playwright keeps an event loop running, which tests that await cannot share.
browser: $(VENV)/.dev  ## The browser tests (REQUIRE_BROWSER=1: fail where there is no Chromium)
ifneq ($(CHROMIUM),)
	CHROMIUM="$(CHROMIUM)" $(BIN)/python -m pytest -m browser $(PYTEST)
else
	@echo "=================================================================="
	@echo "NO CHROMIUM FOUND: THE BROWSER TESTS DID NOT RUN."
	@echo "Install one (Debian: apt install chromium), or name it: CHROMIUM=…"
	@echo "=================================================================="
	@test -z "$(REQUIRE_BROWSER)"
endif

check: $(VENV)/.dev  ## Lint, format, types, who imports whom, migrations, browser modules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file= --strict examples/tradedash_client.py
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	@$(MAKE) --no-print-directory modules

.PHONY: bench
bench: $(VENV)/.dev  ## How fast it is beside others (BENCH=quick: minutes; WRITE=1: docs/performance*.md anew)
	@$(BIN)/python -m bench $(if $(WRITE),--write)
	@$(BIN)/python -m bench.record $(if $(WRITE),--write)

.PHONY: modules
modules:
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory node_modules/.installed && npm run check && npm test; \
	else \
		echo "=================================================================="; \
		echo "NO NODE FOUND: THE BROWSER MODULES WERE NOT CHECKED."; \
		echo "Install Node 20 or newer (Debian: apt install nodejs npm)."; \
		echo "=================================================================="; \
		test -z "$(REQUIRE_BROWSER)"; \
	fi

lock: $(VENV)/.dev  ## Write requirements*.lock anew, after a change of requirements*.txt
	$(BIN)/uv pip compile $(LOCK) -o requirements.lock requirements.txt
	$(BIN)/uv pip compile $(LOCK) -c requirements.lock -o requirements-dev.lock requirements-dev.txt

LOCK := --universal --generate-hashes --python-version 3.11 --no-header --emit-build-options --quiet

clean:  ## Remove what make made, except the data in var/
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- Stamps: what is installed is not installed again ---------------------------------------------
$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found: TradeDash needs Python 3.11 or newer (PYTHON=… names one)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: TradeDash needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V 2>&1) (PYTHON=… names another)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: this Python cannot make virtual environments (Debian: apt install python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	@echo "Installing what TradeDash runs on into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what tests and checks need into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts
	@touch $@
