# Everything a developer does here. `make` alone prints this list.
#
# Needed: GNU make, git and Python 3.11 or newer. The rest goes into .venv, which each verb makes for
# itself; nothing needs root. To choose a Python: make PYTHON=/path/to/python3.13 test

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
# Many tests wait: for a timer, a push, an Envoy. Four at a time keep two processors busy.
WORKERS ?= 3
# Thousands of processes start; without bytecode each would compile us anew. Users' output is
# buffered, so that of tests is, too.
unexport PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED

# The first of these that is a Python of 3.11 or newer runs scripts/venv.py.
PYTHONS := $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14
define venv
	@for python in $(PYTHONS); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" scripts/venv.py $(1); \
		fi; \
	done; \
	echo "error: no Python 3.11 or newer found (tried: $(PYTHONS))" >&2; \
	echo "  hint: install one (Debian, Ubuntu: apt install python3), or point to yours:" >&2; \
	echo "        make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
	exit 1
endef

# A page is replaced only by a whole one.
page = $(BIN)/python -m $(1) > $(2).new && mv $(2).new $(2)

help: ## show this list
	@echo "gitmesh: make VERB"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1	\2/p' Makefile | expand -t 14

install: ## make .venv with everything a developer needs
	$(call venv,dev $(if $(filter install,$(MAKECMDGOALS)),--show-path))

demo: ## see a real mesh follow git push and git revert; ARGS=--stay keeps it up
	$(call venv,demo)
	@trap : INT; $(BIN)/python -m gitmesh demo $(ARGS) || [ $$? -eq 130 ]

test: lint ## the whole gate: format, lint, layers, then types beside every test
	@$(MAKE) -j 2 types every-test

every-test: install
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: lint types ## format, lint, types and layers, without the tests

lint: install
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m ruff check
	$(BIN)/lint-imports

types: install
	nice $(BIN)/python -m mypy
	$(BIN)/python -m mypy scripts

fix: install ## format the code and mend what ruff can mend
	$(BIN)/python -m ruff check --fix-only --quiet
	$(BIN)/python -m ruff format

golden: install ## write golden files and generated pages anew; review the diff
	$(BIN)/python -m pytest -q tests/xds --update-golden
	$(call page,mesh.problems.codes,docs/problems.md)
	$(call page,events.documentation.page,docs/events.md)
	$(call page,gitmesh.cli.reference_page,docs/cli.md)
	$(call page,gitmesh.json_shapes.page,docs/json.md)
	$(call page,gitmesh.api.monitoring.page,docs/metrics.md)
	$(call page,gitmesh.json_api.page,docs/json-api.md)
	$(call page,tests.coverage.page,docs/coverage.md)
	$(BIN)/python -m tests.tour.shown

bench: install ## measure what the promises say about speed
	$(BIN)/python -m bench $(ARGS)

soak: install ## run what takes minutes: idle proxies, ten thousand connections; ARGS="-k idle"
	$(BIN)/python -m pytest -m soak -s $(ARGS) tests/soak tests/api

matrix: ## the gate with each Python, in a clean clone, where it is hardest; ARGS="python3.12"
	@python3 scripts/matrix.py $(ARGS)

clean: ## remove .venv and every cache
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: help install demo test every-test check lint types fix golden bench soak matrix clean
