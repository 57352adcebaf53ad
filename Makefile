# EdgeLab. `make lab` to learn, `make test` to check; each works first, on a fresh clone with Python 3.11 or newer.
#
#   PYTHON=python3.12   the Python that .venv is made of (default python3)
#   TORCH_INDEX=URL     a further package index for pip: PyTorch's CPU builds on Linux (see book/setup.md)

PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
NOTEBOOKS := $(wildcard notebooks/*.ipynb)

# Named after what was installed and where; it appears only when the whole install went through.
WEB := web/package.json web/package-lock.json web/build.mjs $(shell find web/src -type f 2> /dev/null | sort)
STAMP := .venv/installed-$(shell { cat requirements.lock pyproject.toml $(WEB); pwd; } | cksum | tr ' ' '-')

.DEFAULT_GOAL := help
.PHONY: help lab test test-fast test-slow test-network test-long lint env run book tidy clean lock refresh release

# Two processes side by side, a notebook or a file to each in turn (tests/conftest.py). Each computes on one thread: two
# that wait for each other's cores take several times as long.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --durations=30
BESIDE := -n 2 --dist loadgroup --no-loadscope-reorder

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lab: env ## Set up, lay your own copy of the notebooks in work/, open JupyterLab
	$(BIN)/edgelab lab

test: lint ## Set up, lint, run the tests: every notebook as committed and cold, the first one in the browser
	rm -rf build/tests
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.tested --durations=30 $(BESIDE)

test-fast: env ## Run the tests without notebooks, browser, training and servers: for daily work
	$(PYTEST) $(BESIDE) -m "not (slow or heavy or notebook or browser)"

test-slow: env ## Set up, run the slow tests: every notebook solved in the browser, a full build, bad files, explorers over their grids
	$(PYTEST) $(BESIDE) -m "slow and not (timed or long or network)"

test-network: env ## Run the tests that install packages from the index
	$(PYTEST) -m network

test-long: env ## Run what takes longest: what times, one by one; CLINC150 in full, a learner's own data, two further forms of all answers
	$(PYTEST) -m timed
	$(PYTEST) $(BESIDE) -m long

lint: env ## Style, types, and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

run: env ## Run every notebook in order, headless; seconds and peak memory at the end
	$(BIN)/edgelab run

env: $(STAMP) ## Set up .venv with the pinned packages (nothing to do when it is current)

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: Python 3.11 or newer is needed, $(PYTHON) is not; name another: make env PYTHON=python3.12" >&2; exit 1; }
	@rm -f .venv/installed-*
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements.lock
	$(BIN)/python -m pip install --no-deps -e .
	@$(BIN)/edgelab prepare browser || echo "make: later: $(BIN)/edgelab prepare browser" >&2
	@$(BIN)/edgelab prepare vision || echo "make: later: $(BIN)/edgelab prepare vision" >&2
	@$(BIN)/edgelab prepare generator || echo "make: later: $(BIN)/edgelab prepare generator" >&2
	@touch $@

book: env ## Run the course where that is still to be done, and make a site of it in build/book
	$(BIN)/python -m book

tidy: env ## Format and lint the code, strip the notebooks' outputs but the verified ones
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(NOTEBOOKS),$(BIN)/python -m edgelab.course $(NOTEBOOKS))

clean: ## Remove .venv, artifacts and caches; work/ is yours and stays
	rm -rf .venv artifacts build dist .pytest_cache .ruff_cache
	find . -path ./work -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints -o -name '*.egg-info' \) -prune -exec rm -rf {} +

lock: ## Resolve pyproject.toml anew and pin what comes out: after adding a library
	$(PYTHON) -m tools.lock

refresh: env ## What a new lock would do to the notebooks' numbers; ONLY="00_start_here ...", ACCEPT=1
	$(BIN)/python -m tools.refresh $(ONLY) $(if $(LOCK),--lock $(LOCK)) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(if $(ACCEPT),--accept)

release: env ## What is open before a release; FULL=1 runs `make test` first where it has not passed
	$(BIN)/python -m tools.release $(if $(FULL),--full)
