# One entry point. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help demo test check serve bench faults lock clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3-venv). Another one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

tests/peers/node_modules/.done: tests/peers/package.json
	@if command -v npm >/dev/null; then cd tests/peers && npm install --no-audit --no-fund --silent && touch node_modules/.done; \
	else echo "Node.js is not installed: tests with peers and clients written in JavaScript are skipped."; fi

demo: $(VENV)/.runtime ## Set everything up and serve a filled community at http://localhost:8080
	$(BIN)/fedi-community demo

serve: $(VENV)/.runtime ## Serve with the settings of the environment or fedi.toml
	$(BIN)/fedi-community serve

test: $(VENV)/.dev tests/peers/node_modules/.done ## Set everything up and run all tests
	$(BIN)/python -m pytest -n $(JOBS) --maxprocesses=4 --dist loadfile $(ARGS)

check: $(VENV)/.dev ## Style, types and the directions between rooms (under two minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## Measure what the budgets are held to
	$(BIN)/python -m benchmarks

faults: $(VENV)/.dev ## kill -9 at 50 random moments under load, a full disk, a locked database
	$(BIN)/python -m benchmarks.faults --kills 50

lock: ## Write the lock files anew (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q pyproject.toml --extra build -o requirements.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q pyproject.toml --extra build --extra dev -o requirements-dev.lock

clean: ## Remove what was built, and the demo's data
	rm -rf $(VENV) build data/demo *.egg-info tests/peers/node_modules
