# What is needed: Python 3.13, make and a package index. Everything that is set up lies in .local/.
PYTHON ?= python3.13
# How long `make fuzz` looks.
SECONDS ?= 600
# A file with an accounts document, for `make up` (without it, the simulated vendors) and `make document`.
ACCOUNTS ?=
# A stack on AWS, for `make redrive` and `make smoke`, and a number that may get a text from the latter.
STACK ?=
TO ?=
PYTEST_ARGS ?=
UNIT_ARGS ?=

VENV := .local/venv/bin
SAM := .local/sam/bin
CODE := layers/gateway functions
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench check fuzz up down document redrive accounts deploy smoke lint format types security template

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile
	@echo 'Python 3.13 has another name? make demo PYTHON=/path/to/python'

demo: setup ## the whole gateway on this machine: sends through the simulated vendors and shows what comes back
	$(VENV)/python -m tests.local demo

test: check ## style, types, security and template checks, then every test
	$(VENV)/pytest $(PYTEST_ARGS) tests/e2e tests/fuzz
	$(VENV)/pytest $(PYTEST_ARGS) $(UNIT_ARGS) --numprocesses logical --dist worksteal tests/unit

bench: setup ## what it costs, in calls, bytes, seconds and money, beside the goals; .local/bench.json
	$(VENV)/python -m tests.bench

check: lint types security template ## everything that `make test` does before the tests

fuzz: setup ## look for bytes that break a decoder; SECONDS=600
	$(VENV)/python -m tests.fuzz $(SECONDS)

up: setup ## the local cloud, until `make down`; ACCOUNTS=file: with your accounts, not the simulated ones
	$(VENV)/python -m tests.local up $(if $(ACCOUNTS),--accounts "$(ACCOUNTS)")

down: ## stop what `make up` started
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m tests.local down; else echo nothing was running; fi

document: setup ## print the accounts document of the running local cloud; ACCOUNTS=file: put this one in its place
	@$(VENV)/python -m tests.local document $(if $(ACCOUNTS),"$(ACCOUNTS)")

redrive: setup ## put what is in the dead-letter queues back, after a repair; STACK=name: on AWS, not the local cloud
	@$(VENV)/python -m $(if $(STACK),tests.deployed redrive "$(STACK)",tests.local redrive)

accounts: setup ## check an accounts document: ACCOUNTS=file
	@$(VENV)/python -m tests.local accounts $(if $(ACCOUNTS),"$(ACCOUNTS)",$(error which file? make accounts ACCOUNTS=accounts.json))

# The layers' bytecode must come from Python 3.13: our own environment's.
deploy: setup ## build and deploy to AWS
	@$(VENV)/python -m tests.deployed preflight
	PATH="$(CURDIR)/$(VENV):$$PATH" $(SAM)/sam build
	$(SAM)/sam deploy

smoke: setup ## deploy a stack of its own to AWS, try it, update and delete it: STACK=name ACCOUNTS=file TO=number
	@$(VENV)/python -m tests.deployed smoke $(if $(and $(STACK),$(ACCOUNTS),$(TO)),"$(STACK)" --accounts "$(ACCOUNTS)" --to "$(TO)",$(error make smoke STACK=name ACCOUNTS=file TO=number))

lint: setup ## style of code and tests
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

format: setup ## put the code into its style
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

types: setup ## types of code and tests
	$(VENV)/mypy $(CODE) tests

security: setup ## what bandit and a search for secrets find
	$(VENV)/bandit --quiet --recursive $(CODE)
	$(VENV)/python -m tests.tools.leaks

template: setup ## the template, by its linters, also as CloudFormation gets it
	$(SAM)/cfn-lint --template template.yaml --regions us-east-1 cn-north-1 cn-northwest-1
	AWS_DEFAULT_REGION=us-east-1 $(SAM)/sam validate --lint --template-file template.yaml
	$(VENV)/python -m tests.tools.transformed

# Three environments, because MiniStack, the SAM CLI and the functions want different versions of botocore.
setup:
	@$(PYTHON) tests/local/environment.py venv tests/requirements.txt
	@$(PYTHON) tests/local/environment.py ministack tests/local/requirements-ministack.txt
	@$(PYTHON) tests/local/environment.py sam tests/local/requirements-sam.txt
