# Everything a contributor or a newcomer runs. `make help` explains.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# Bytecode is worth 7 seconds at every start of the libraries: have it written.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo up down env test test-long bench-tuning lint lock docs clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo "  PYTHON=/path/to/python3.12 says which Python to use; .venv and var/ hold all that these commands make"

$(BIN)/python:
	@python=$$(scripts/find-python) || exit 1; \
	echo "-- creating $(VENV) with $$python"; \
	"$$python" -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	@echo "-- installing the locked packages (about a minute with an empty cache)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "-- installing the development tools"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.installed ## create .venv with what the image runs
setup-dev: $(VENV)/.installed-dev ## the same, with the development tools

demo: ## set up, start Airflow and MLflow, run six nights of flights (about 6 minutes)
	@echo "make demo: installs into .venv (1 to 2 minutes the first time), starts Airflow and MLflow under var/,"
	@echo "then trains, judges and releases a model of flight delays over several nights. About 6 minutes in all."
	@$(MAKE) --no-print-directory setup
	@$(BIN)/python scripts/demo.py

up: ## start Airflow and the MLflow server under var/
	@$(MAKE) --no-print-directory setup
	@$(BIN)/python scripts/stack.py up

down: ## end what `make up` started
	@if [ -x $(BIN)/python ]; then $(BIN)/python scripts/stack.py down; else echo "nothing was set up here"; fi

env: ## write .env with random secrets for docker-compose.yaml; never over an old one
	@python=$$(scripts/find-python) && "$$python" scripts/make_env.py

test: ## set up, then lint, types, layers, doctests and tests (about 25 minutes)
	@echo "make test: installs into .venv (1 to 2 minutes the first time), then runs the linters, mypy, import-linter,"
	@echo "doctests and every test that each change has to pass. About 25 minutes in all on two cores."
	@$(MAKE) --no-print-directory setup-dev
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -q --doctest-modules include/lamplighter
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not long and not scheduler"
	@$(BIN)/pytest -q -m "scheduler and not long"

test-long: ## what takes longer: large simulations, real servers, many kills
	@$(MAKE) --no-print-directory setup-dev
	@$(BIN)/pytest -m "long"

bench-tuning: $(VENV)/.installed ## Lamplighter against other AutoML: runs what is missing (days; ARGS="--help")
	@$(BIN)/python -m benchmarks.tuning.run $(ARGS)
	@$(BIN)/python -m benchmarks.tuning.report

lint: $(VENV)/.installed-dev ## ruff, mypy and import-linter
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

docs: $(VENV)/.installed ## write the spec reference and the JSON Schema again
	@$(BIN)/python -m lamplighter.spec.reference

lock: $(BIN)/python ## resolve requirements.txt and requirements-dev.txt again
	@$(BIN)/uv pip compile --quiet --universal --no-annotate --no-header --no-emit-index-url --python-version 3.12 \
		--extra airflow --extra celery --extra cpu --extra examples --extra lineage --extra metrics \
		--extra notify --extra postgres pyproject.toml -o requirements.txt
	@$(BIN)/python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['dev']))" \
		| $(BIN)/uv pip compile --quiet --universal --no-annotate --no-header --no-emit-index-url --python-version 3.12 \
		-c requirements.txt - -o requirements-dev.txt

clean: down ## remove .venv and var/
	rm -rf $(VENV) var
