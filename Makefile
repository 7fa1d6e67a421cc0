# Everything here needs only make and Python 3.11, 3.12 or 3.13; the first run makes .venv from the lock file.
PYTHON ?= python3
RUN := .venv/bin/python -m

.PHONY: demo smoke test sim check bench mutate docs lock clean bootstrap help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

bootstrap: ## prepare .venv (done by the others as needed)
	@$(PYTHON) include/sandbox/bootstrap.py

demo: bootstrap ## bring up Postgres, SFTP, Shopify emulator and Airflow with a demo retailer; Ctrl-C ends it
	@$(RUN) include.sandbox.demo $(ARGS)

smoke: bootstrap ## the demo's story from start to end, without staying up
	@$(RUN) include.sandbox.demo --smoke --fresh $(ARGS)

test: bootstrap ## all tests, on every core
	@$(RUN) pytest --numprocesses auto --maxprocesses 4 $(ARGS)

SEEDS ?= 100
SEED ?= 0
JOBS ?= $(shell nproc)

sim: bootstrap ## play random worlds with faults and crashes: SEEDS=n of them, from SEED=k on
	@$(RUN) tests.simulation --seeds $(SEEDS) --seed $(SEED) --jobs $(JOBS) $(ARGS)

check: bootstrap ## style, types, SQL
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) sqlfluff lint --dialect postgres include

bench: bootstrap ## the budgets, measured against their floors
	@$(RUN) benchmarks $(ARGS)

mutate: bootstrap ## which small changes of planner, delivery and formulas no test notices (hours); ARGS="atp --most-tests 12"
	@$(RUN) tests.mutation $(ARGS)

docs: bootstrap ## make docs/dags.md from the DAG files
	@$(RUN) include.jobs.catalogue docs/dags.md

lock: bootstrap ## resolve the requirements anew into the lock files
	@$(RUN) uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml -o requirements.txt
	@$(RUN) uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev pyproject.toml -o requirements-dev.txt
	@echo "uv==$$($(RUN) uv --version | cut -d' ' -f2)" | $(RUN) uv pip compile -q --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate - -o requirements-uv.txt

clean: ## remove the sandbox's data, caches and .venv
	@if [ -x .venv/bin/python ]; then $(RUN) include.sandbox.demo --remove; fi
	@rm -rf .venv .sandbox .mypy_cache .ruff_cache .hypothesis .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
