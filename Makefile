# The front door: `make help` lists what it can do. Everything that a target needs, it sets up itself.
# Nothing is installed on the machine: what is built lies in .build, what is fetched in ~/.cache/gkelab.

PYTHON ?= python3
ARGS ?=
BUILD := .build
BIN := $(BUILD)/venv/bin
GKELAB := PYTHONPATH=lab $(BIN)/python -m gkelab
TREE := $(BUILD)/tree/ansible_collections/multinet/gke
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadgroup
COLLECTIONS := $(CURDIR)/$(BUILD)/collections

export ANSIBLE_COLLECTIONS_PATH := $(COLLECTIONS)
export PYTHONDONTWRITEBYTECODE :=
export GKELAB_HINT := make
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "make %-12s %s\n", $$1, $$2}'

.PHONY: demo
demo: collection ## the guide for real: lab up, site playbook to verified pods, twice
	@$(BIN)/python tooling/demo.py

.PHONY: test
test: collection ## all tests, of large matrices a seeded sample
	@$(PYTEST) tests lab/tests -rs

.PHONY: test-all
test-all: collection gates ## all tests and all gates, nothing left out; those of modules directly and as ordinary ones
	@MULTINET_TEST_ALL=1 $(PYTEST) tests lab/tests -rs
	@MULTINET_TEST_ALL=1 MULTINET_TEST_WAY=module $(PYTEST) tests/e2e tests/faults -rs

.PHONY: check
check: lint ## format, lint, types and the fast tests (under a minute)
	@$(PYTEST) tests/unit lab/tests -m "not full and not control_plane and not slow"

.PHONY: lint
lint: venv tree
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@cd $(BUILD)/tree && MYPYPATH=$(CURDIR)/$(BUILD)/tree mypy --config-file $(CURDIR)/pyproject.toml \
		--cache-dir $(CURDIR)/$(BUILD)/mypy --namespace-packages --explicit-package-bases -p ansible_collections.multinet.gke.plugins
	@MYPYPATH=lab $(BIN)/mypy --cache-dir $(BUILD)/mypy-lab -p gkelab
	@$(BIN)/antsibull-changelog lint

.PHONY: gates
gates: collection ## ansible-test sanity, ansible-lint, docs, their HTML pages and Galaxy's importer on the built artifact
	@$(BIN)/python tooling/gates.py $(ARGS)

.PHONY: docs
docs: collection ## HTML pages of the modules' documentation, in .build/html
	@$(BIN)/python tooling/gates.py html

.PHONY: bench-fleet
bench-fleet: collection ## what 1, 10 and 50 clusters cost, and which forks help
	@PYTHONPATH=tests/e2e $(BIN)/python tests/bench/fleet.py $(ARGS)

.PHONY: bench-direct
bench-direct: collection ## what direct execution saves, beside ordinary modules
	@PYTHONPATH=tests/e2e $(BIN)/python tests/bench/direct.py $(ARGS)

.PHONY: bench-audit
bench-audit: collection ## what it costs to audit the pools of 10,000 and 20,000 pods, beside kubectl and upstream; a quarter of an hour
	@PYTHONPATH=tests/e2e $(BIN)/python tests/bench/audit.py $(ARGS)

.PHONY: site
site: collection ## the site playbook on the running lab; ARGS are ansible-playbook's
	@eval "$$($(GKELAB) env)" && ansible-playbook multinet.gke.site -i lab/demo/inventory.yml $(ARGS)

.PHONY: lab
lab: venv ## start the lab; ARGS are those of gkelab up
	@$(GKELAB) up $(ARGS)

.PHONY: down
down: venv ## stop the lab and forget it
	@$(GKELAB) down $(ARGS)

.PHONY: env
env: collection ## shell exports that point tools, Ansible with the collection among them, at the lab: eval "$(make -s env)"
	@$(GKELAB) env $(ARGS)
	@echo 'export ANSIBLE_COLLECTIONS_PATH="$(COLLECTIONS)" PATH="$(CURDIR)/$(BIN):$$PATH"'

.PHONY: venv
venv:
	@$(PYTHON) tooling/prepare.py $(BUILD)/venv

.PHONY: tree
tree: # the collection under the path that Ansible's tools want
	@mkdir -p $(dir $(TREE)) && { [ "$$(readlink $(TREE))" = $(CURDIR) ] || ln -sfn $(CURDIR) $(TREE); }

.PHONY: collection
collection: venv tree ## build the collection and install it into .build
	@$(BIN)/python tooling/install.py
