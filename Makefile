# The front door: `make help` lists what it can do. Everything that a target needs, it sets up itself.
# Nothing is installed on the machine: what is built lies in .build, what is fetched in ~/.cache/gkelab.

PYTHON ?= python3
ARGS ?=
TESTS ?= tests lab/tests
BUILD := .build
BIN := $(BUILD)/venv/bin
GKELAB := PYTHONPATH=lab $(BIN)/python -m gkelab
GATES := PYTHONPATH=tooling $(BIN)/python -m gates
TREE := $(BUILD)/tree/ansible_collections/multinet/gke
PYTEST := $(BIN)/python -m pytest -q -n 3 --dist loadgroup
MEASURED := --cov --cov-config=pyproject.toml --cov-report= --cov-fail-under=0
BY_TEST := --cov-context=test # which tests run a line, for mutants
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
test: tests ## all tests, of large matrices a seeded sample
	@$(BIN)/python tooling/covered.py

.PHONY: tests
tests: collection
	@$(PYTEST) $(TESTS) -rs $(MEASURED) $(if $(filter 1,$(MULTINET_TEST_ALL)),$(BY_TEST))

.PHONY: test-all
test-all: collection ## all tests and all gates on all supported versions, modules run directly and as ordinary ones
	@MULTINET_TEST_ALL=1 $(GATES) all

.PHONY: ci
ci: collection # what .ci/run runs
	@$(GATES) ci

.PHONY: coverage
coverage: venv tree ## what the unit tests cover of the pure files, and whether that is enough
	@$(PYTEST) tests/unit -m "not slow" $(MEASURED) $(BY_TEST)
	@$(BIN)/python tooling/covered.py

.PHONY: mutants
mutants: coverage ## break pure files in one place each, and see whether unit tests notice; ARGS="cni/ranges.py --sample 50"
	@$(BIN)/python tests/mutation/mutants.py $(ARGS)

.PHONY: check
check: lint ## format, lint, types and the fast tests (about a minute)
	@$(PYTEST) tests/unit lab/tests -m "not full and not control_plane and not slow"

.PHONY: format
format: venv ## put files into shape
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix-only .

.PHONY: lint
lint: venv tree
	@$(BIN)/ruff format --check . || { echo "make format puts that right"; $(BIN)/ruff check .; exit 1; }
	@$(BIN)/ruff check .
	@cd $(BUILD)/tree && MYPYPATH=$(CURDIR)/$(BUILD)/tree mypy --config-file $(CURDIR)/pyproject.toml \
		--cache-dir $(CURDIR)/$(BUILD)/mypy --namespace-packages --explicit-package-bases -p ansible_collections.multinet.gke.plugins
	@MYPYPATH=lab $(BIN)/mypy --cache-dir $(BUILD)/mypy-lab -p gkelab
	@MYPYPATH=tooling $(BIN)/mypy --cache-dir $(BUILD)/mypy-tooling -p gates -p release -m demo -m install -m prepare
	@$(BIN)/antsibull-changelog lint

.PHONY: gates
gates: collection ## ansible-test sanity, ansible-lint, docs, their HTML pages, Galaxy's importer, other ansible-cores; ARGS names some of them
	@$(GATES) $(ARGS)

.PHONY: docs
docs: collection ## HTML pages of the modules' documentation, in .build/html
	@$(GATES) html

.PHONY: changelog
changelog: collection ## turn the changelog's fragments into the entry of galaxy.yml's version
	@$(BIN)/antsibull-changelog release $(ARGS)

.PHONY: release
release: venv ## build the release of this commit, install it elsewhere and do what the README says; see docs/releasing.md
	@PYTHONPATH=tooling $(BIN)/python -m release $(ARGS)

.PHONY: bench
bench: collection ## what it costs beside others, and whether that is what it should be; ARGS="--only site --rounds 1"
	@PYTHONPATH=tests:tests/e2e:tests/interop:lab:tooling:$(BUILD)/tree $(BIN)/python -m bench $(ARGS)

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
	@echo 'gkelab() { GKELAB_HINT=make PYTHONPATH="$(CURDIR)/lab" "$(CURDIR)/$(BIN)/python" -m gkelab "$$@"; }'

.PHONY: venv
venv:
	@$(PYTHON) tooling/prepare.py $(BUILD)/venv

.PHONY: tree
tree: # the collection under the path that Ansible's tools want
	@mkdir -p $(dir $(TREE)) && { [ "$$(readlink $(TREE))" = $(CURDIR) ] || ln -sfn $(CURDIR) $(TREE); }

.PHONY: collection
collection: venv tree ## build the collection and install it into .build
	@$(BIN)/python tooling/install.py
