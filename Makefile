# `make` alone says what there is to do. All of it happens in .venv, with the locked versions.

PYTHON ?= $(shell scripts/choose-python)
export PYTHON

BIN := .venv/bin
LOCK := requirements/lock.txt
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python \
	--constraint $(LOCK) --build-constraint $(LOCK)
SERVICES := $(BIN)/python scripts/services.py run

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(BIN)/.demo ## set up and run the demonstration; PORT=9000 for another port
	@trap : INT; $(BIN)/tightlip demo $(if $(PORT),--port $(PORT)) || [ $$? -eq 130 ] # Ctrl-C

.PHONY: test
test: lint ## set up, start the databases that are needed, run all checks and tests
	$(SERVICES) $(BIN)/pytest --numprocesses=2 --dist=loadfile --cov --cov-report=term

.PHONY: contract
contract: $(BIN)/.test ## ask every framework the same, and print how many answers there are
	$(BIN)/pytest tests/contract

.PHONY: lint
lint: $(BIN)/.test ## check style, types and the floors of the house
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports

.PHONY: test-all
test-all: $(BIN)/.test ## run the tests on every supported Python that is present
	$(INSTALL) nox
	$(SERVICES) $(BIN)/nox

.PHONY: test-libraries
test-libraries: $(BIN)/.test ## run the tests with the oldest and the newest libraries that are supported
	$(INSTALL) nox
	$(SERVICES) $(BIN)/nox --session oldest newest

.PHONY: bench
bench: $(BIN)/.bench ## measure what Tightlip costs
	set -e; for script in $$(grep -l __main__ benchmarks/*.py); do \
		echo "$$script"; $(BIN)/python "$$script"; done

.PHONY: corpus-report
corpus-report: $(BIN)/.test ## measure what the rules find in the corpus, and where they cry wolf
	$(BIN)/python tests/corpus/report.py --misses --alarms

.PHONY: fuzz
fuzz: $(BIN)/.test ## look for bytes that break what must hold for any, a minute for each reader
	$(BIN)/python -W ignore tests/fuzz/run.py

.PHONY: format
format: $(BIN)/.test ## bring the source into form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: lock
lock: $(BIN)/.uv ## renew the locked versions
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
		--group dev --no-emit-package tightlip --no-annotate \
		--custom-compile-command "make lock" --output-file $(LOCK) pyproject.toml

.PHONY: clean
clean: ## remove the environments and what the tools keep
	rm -rf .venv .nox .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*

# One mark for each step that was taken, so that it is taken again only when it has to be.

$(BIN)/.uv:
	@test -n "$$PYTHON"
	scripts/system-packages demo
	"$$PYTHON" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(LOCK) uv
	@touch $@

$(BIN)/.demo: $(BIN)/.uv pyproject.toml $(LOCK)
	$(INSTALL) --editable '.[demo]'
	@touch $@

$(BIN)/.test: $(BIN)/.uv pyproject.toml $(LOCK)
	scripts/system-packages test
	$(INSTALL) --editable '.[all]' --group test --group lint
	@touch $@

$(BIN)/.bench: $(BIN)/.uv pyproject.toml $(LOCK)
	$(INSTALL) --editable '.[fastapi]' --group bench
	@touch $@
