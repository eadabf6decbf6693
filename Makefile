# What is needed: Python 3.13, make and a package index. Everything that is set up lies in .local/.
PYTHON ?= python3.13
# A file with an accounts document, for `make up`; without it, the simulated vendors.
ACCOUNTS ?=
PYTEST_ARGS ?=

VENV := .local/venv/bin
SAM := .local/sam/bin
CODE := layers/gateway functions
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := layers/gateway

.DEFAULT_GOAL := test
.PHONY: setup test check demo up down deploy lint format types security template

test: check
	$(VENV)/pytest $(PYTEST_ARGS)

check: lint types security template

demo: setup
	$(VENV)/python -m tests.local demo

up: setup
	$(VENV)/python -m tests.local up $(if $(ACCOUNTS),--accounts "$(ACCOUNTS)")

down:
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m tests.local down; else echo nothing was running; fi

# The layers' bytecode must come from Python 3.13: our own environment's.
deploy: setup
	PATH="$(CURDIR)/$(VENV):$$PATH" $(SAM)/sam build
	$(SAM)/sam deploy

lint: setup
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

format: setup
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

types: setup
	$(VENV)/mypy $(CODE)

security: setup
	$(VENV)/bandit --quiet --recursive $(CODE)

template: setup
	$(SAM)/cfn-lint --template template.yaml --regions us-east-1 cn-north-1 cn-northwest-1
	AWS_DEFAULT_REGION=us-east-1 $(SAM)/sam validate --lint --template-file template.yaml

# Three environments, because MiniStack, the SAM CLI and the functions want different versions of botocore.
setup:
	@$(PYTHON) tests/local/environment.py venv tests/requirements.txt
	@$(PYTHON) tests/local/environment.py ministack tests/local/requirements-ministack.txt
	@$(PYTHON) tests/local/environment.py sam tests/local/requirements-sam.txt
