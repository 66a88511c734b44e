# What there is to do: make help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
INSTALLED := .venv/.installed
BROKERS ?= 1
ARGS ?=

.PHONY: help install demo test storm lint format bench pictures up down status schemas wheel-check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## .venv with Lockgate in it; PYTHON=... names the interpreter

$(INSTALLED): pyproject.toml .ci/venv
	@.ci/venv .venv
	@touch $@

demo: install ## transfers flow through a broker, Redis and a worker on this machine; ARGS=...
	@$(BIN)/lockgate demo $(ARGS)

test: install ## all tests, with real Kafka and Redis; brings what it needs as root on Debian; ARGS=...
	@.ci/system-packages
	@$(BIN)/python -m streams.components fetch || echo "tests with Apache Kafka will not run" >&2
	@$(BIN)/python -m pytest --durations=10 $(ARGS)

storm: install ## the long fault tests: kills things for minutes while transfers flow; ARGS=...
	@.ci/system-packages
	@$(BIN)/python -m pytest -m faults tests/faults --storm $(ARGS)

lint: install ## style, format, types, and whether the generated files are up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lockgate schemas --check
	@$(BIN)/lockgate rules docs --check
	@$(BIN)/lockgate rules lock --check
	@$(BIN)/lockgate docs --check
	@$(BIN)/python deploy/grafana/generate.py --check

format: install ## bring the code into the format that lint asks for
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: install ## throughput and latency on this machine, into docs/benchmarks; ARGS="--repeats 1"
	@.ci/system-packages
	@$(BIN)/lockgate bench --save docs/benchmarks $(ARGS)

pictures: install ## the screenshots of docs/console and the recording of docs/recording, anew; needs Chromium
	@$(BIN)/python tests/browser/screenshots.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python docs/recording/record.py

up: install ## Kafka on 9092 and Redis on 6379 that stay up; BROKERS=3 for a cluster; eval "$(make -s up)"
	@$(BIN)/python -m streams.components up --brokers $(BROKERS)

down: install ## stop what `make up` started; its data stays in .cache/local
	@$(BIN)/python -m streams.components down

status: install ## what `make up` started, and whether it runs
	@$(BIN)/python -m streams.components status

schemas: install ## write the generated files anew: schemas, AsyncAPI document, rule catalogue, version lock, reference pages, dashboards
	@$(BIN)/lockgate schemas
	@$(BIN)/lockgate rules docs
	@$(BIN)/lockgate rules lock
	@$(BIN)/lockgate docs
	@$(BIN)/python deploy/grafana/generate.py

wheel-check: install ## build the wheel and use it from a fresh environment in an empty folder
	@.ci/wheel-check

clean: ## remove .venv and what builds and caches left
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
