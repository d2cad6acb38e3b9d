# The tools do the work; each says what it does. LANE=pip|debian|auto chooses the Python (see tools/setup.py).

PYTHON ?= python3
PYTEST_ARGS ?=
PROCESSES ?= 2
NAME ?= $(or $(CA),default)
SOAK_KILLS ?= 200
N ?= 30
SEED ?=
CORE ?=
CA ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-fleet test plays molecule soak matrix-winrm bench lint docs signatures pictures lab-up lab-down clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## Install and build what is missing; safe to repeat
	@$(PYTHON) tools/setup.py

demo: setup ## Back up a simulated CA over WinRM and show what was stored
	@$(PYTHON) tools/run.py tools/demo.py

demo-fleet: setup ## Back up a fleet in which things go wrong, and show the page of it
	@$(PYTHON) tools/run.py tools/demo_fleet.py

test: setup ## Run every test in PROCESSES=2 processes (PYTEST_ARGS='-k name' for some)
	@$(PYTHON) tools/run.py -m pytest --numprocesses $(PROCESSES) $(PYTEST_ARGS)

plays: setup ## Run the plays against stand-ins, N=30 of them drawn with SEED, on ansible-core CORE=2.16.19
	@N=$(N) SEED=$(SEED) CORE=$(CORE) PROCESSES=$(PROCESSES) $(PYTHON) tools/plays.py $(PYTEST_ARGS)

molecule: ## Run the role's Molecule scenario against a lab (pip lane)
	@$(PYTHON) tools/setup.py --molecule
	@$(PYTHON) tools/run.py tools/molecule.py

soak: setup ## Kill a backup at SOAK_KILLS=200 random points and see that nothing is lost
	@SOAK_KILLS=$(SOAK_KILLS) $(PYTHON) tools/run.py -m pytest tests/component/test_soak.py $(PYTEST_ARGS)

matrix-winrm: setup ## Run every row of the fault matrix that works on files over WinRM, which takes some minutes
	@MATRIX_WINRM=all $(PYTHON) tools/run.py -m pytest tests/integration/test_matrix_over_winrm.py $(PYTEST_ARGS)

bench: setup ## Measure what the documentation says of speed
	@$(PYTHON) tools/run.py tools/bench.py

docs: ## Write the documentation pages that are made from data
	@$(PYTHON) tools/codes_page.py
	@$(PYTHON) tools/matrix_page.py
	@$(PYTHON) tools/proved_page.py

signatures: ## Write the hashes of all files that run on a CA, to be signed for App Control
	@$(PYTHON) tools/signatures.py

pictures: setup ## Show the page of a made-up fleet in Chromium at each width, and measure it
	@$(PYTHON) tools/run.py tools/report_picture.py --all

lint: ## Check the form of every file, and that it suits Windows PowerShell 5.1
	@$(PYTHON) tools/setup.py --lint
	@$(PYTHON) tools/run.py tools/lint.py

lab-up: setup ## Start a CA, leave it running, and say what to do with it (CA=ca02 for a second one, NAME=default)
	@$(PYTHON) tools/run.py -m adcs_lab up --name $(NAME) $(if $(CA),--ca $(CA))

lab-down: ## Stop that CA
	@$(PYTHON) tools/run.py -m adcs_lab down --name $(NAME)

clean: ## Remove all that was built; stop the labs first
	rm -rf .build
