# The tools do the work; each says what it does. LANE=pip|debian|auto chooses the Python (see tools/setup.py).

PYTHON ?= python3
PYTEST_ARGS ?=
PROCESSES ?= 2
NAME ?= default
SOAK_KILLS ?= 200
N ?= 30
SEED ?=
CORE ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test plays molecule soak bench lint docs lab-up lab-down clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## Install and build what is missing; safe to repeat
	@$(PYTHON) tools/setup.py

demo: setup ## Back up a simulated CA over WinRM and show what was stored
	@$(PYTHON) tools/run.py tools/demo.py

test: setup ## Run every test in PROCESSES=2 processes (PYTEST_ARGS='-k name' for some)
	@$(PYTHON) tools/run.py -m pytest --numprocesses $(PROCESSES) $(PYTEST_ARGS)

plays: setup ## Run the plays against stand-ins, N=30 of them drawn with SEED, on ansible-core CORE=2.16.19
	@N=$(N) SEED=$(SEED) CORE=$(CORE) PROCESSES=$(PROCESSES) $(PYTHON) tools/plays.py $(PYTEST_ARGS)

molecule: ## Run the role's Molecule scenario against a lab (pip lane)
	@$(PYTHON) tools/setup.py --molecule
	@$(PYTHON) tools/run.py tools/molecule.py

soak: setup ## Kill a backup at SOAK_KILLS=200 random points and see that nothing is lost
	@SOAK_KILLS=$(SOAK_KILLS) $(PYTHON) tools/run.py -m pytest tests/component/test_soak.py $(PYTEST_ARGS)

bench: setup ## Measure what the documentation says of speed
	@$(PYTHON) tools/run.py tools/bench.py

docs: ## Write the documentation pages that are made from data
	@$(PYTHON) tools/codes_page.py
	@$(PYTHON) tools/matrix_page.py

lint: ## Check the form of every file, and that it suits Windows PowerShell 5.1
	@$(PYTHON) tools/setup.py --lint
	@$(PYTHON) tools/run.py tools/lint.py

lab-up: setup ## Start a lab (NAME=default) and leave it running
	@$(PYTHON) tools/run.py -m adcs_lab up --name $(NAME)

lab-down: ## Stop that lab
	@$(PYTHON) tools/run.py -m adcs_lab down --name $(NAME)

clean: ## Remove all that was built; stop the labs first
	rm -rf .build
