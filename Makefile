# `make help` lists the targets. The targets need Python 3.11+. `make check` also needs Node.js with npm; without
# Node.js, use JAVASCRIPT=no. The browser tests install missing parts of Chromium, Firefox and WebKitGTK with apt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= dist
JAVASCRIPT ?= yes
# The number of processes that run the tests (tests/shares.py). CI has one core less than processes, because many tests
# mostly wait.
PROCESSES ?= 3
LOCKED := requirements.in requirements-dev.in ops/local/requirements.in benchmarks/requirements.in tests/lambda_runtime/requirements.in tests/openapi/requirements.in

.PHONY: help up down test check lint soak package wheel security audit bench screenshots lighthouse gallery lock clean

help: ## Show this help
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { \
	  echo "Python 3.11 to 3.14 is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Installing into $(VENV) (once, and after requirements change) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $(STAMP)

up: $(STAMP) ## Start the local AWS and Okta stand-in, deploy, print the URL; Ctrl-C stops (ARGS='--port 8001' ...)
	@$(BIN)/python -m ops up $(ARGS)

down: $(STAMP) ## Stop a stack that was started with `python -m ops up --detach`
	@$(BIN)/python -m ops down

test: $(STAMP) ## Run all tests: unit, component, and end-to-end in three browser engines
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest -n $(PROCESSES) tests

check: lint ## Run `make lint`, then the unit and component tests (minutes); CI runs `make check` first
	@$(BIN)/python -m pytest -q -n $(PROCESSES) tests/unit tests/component

lint: $(STAMP) ## Check format, types, imports, JavaScript, security rules, secrets and the template
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@if [ "$(JAVASCRIPT)" = no ]; then echo "Skipping the JavaScript checks: JAVASCRIPT=no."; else $(BIN)/python -m tests.javascript_check; fi
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app.py chalicelib ops benchmarks
	@$(BIN)/python -m tests.secret_scan
	@$(BIN)/cfn-lint ops/templates/*.yaml

soak: $(STAMP) ## Run the long tests: each defence switched off in turn, load, interrupted deployments
	@echo "1/13 Each defence is switched off in turn, and a test must fail ..."
	@$(BIN)/python -m tests.soak.defences
	@echo "2/13 Many people use shared warm containers, with faults; 1,000 people leave at once; memory over 100,000 invocations ..."
	@GATEHOUSE_SOAK=1 $(BIN)/python -m pytest -q tests/soak/test_crowd.py tests/soak/test_memory.py
	@GATEHOUSE_SOAK=1 $(BIN)/python -m pytest -q -rP tests/soak/test_leavers.py
	@echo "3/13 Many people use a local stack ..."
	@$(BIN)/python -m tests.soak.stack_load
	@echo "4/13 Deployments are interrupted at each step ..."
	@GATEHOUSE_SOAK=1 $(BIN)/python -m pytest tests/ops_e2e/test_deploy.py
	@echo "5/13 The zip runs under AWS's own runtime client, on every installed Python ..."
	@GATEHOUSE_SOAK=1 $(BIN)/python -m pytest tests/ops_e2e/test_lambda_runtime.py
	@echo "6/13 The times of faults are measured ..."
	@$(BIN)/python -m tests.fault_table --measure
	@echo "7/13 Firefox and WebKitGTK: second factor, two tabs, another origin, every layout; passkeys in two tabs of Chromium ..."
	@$(BIN)/python -m tests.browser
	@GATEHOUSE_SOAK=1 $(BIN)/python -m pytest -q tests/e2e/engines_soak.py tests/e2e/passkeys_soak.py tests/e2e/recovery_soak.py "tests/e2e/test_sessions.py::test_two_tabs_refresh_at_the_same_moment_and_neither_is_signed_out"
	@echo "8/13 The reduced service models, with the oldest botocore of each Lambda runtime ..."
	@$(BIN)/python -m pytest -q tests/soak/old_botocore.py
	@echo "9/13 An app with Gatehouse is upgraded to a newer wheel; another app installs the wheel from an index ..."
	@$(BIN)/python -m pytest -q tests/wheel/upgrade_soak.py tests/wheel/index_soak.py
	@echo "10/13 docs/your-data.md on a local stack: a queue, a schedule, a missing right ..."
	@$(BIN)/python -m pytest -q tests/e2e/own_data_soak.py tests/e2e/edits_soak.py
	@echo "11/13 /openapi.json passes two linters; generated TypeScript and Python clients call the API ..."
	@$(BIN)/python -m pytest -q tests/openapi/clients_soak.py
	@echo "12/13 Each fix of the local AWS is left out in turn, and a test must fail ..."
	@$(BIN)/python -m tests.mends
	@echo "13/13 The suites on every other installed Python ..."
	@$(BIN)/python -m tests.soak.pythons --processes $(PROCESSES)

package: $(STAMP) ## Build the Lambda zip into OUT=DIR, exactly as `chalice deploy` packages it
	@$(BIN)/python -m ops package --out $(OUT)

wheel: $(STAMP) ## Build the wheel `chalice-gatehouse` into OUT=DIR, for apps that adopt the sign-in (docs/adopt.md)
	@$(BIN)/python -m hatchling build -t wheel -d $(OUT)

bench: $(STAMP) ## Measure Gatehouse and its peers, write docs/BENCHMARKS.md and the README; fail if a target is missed
	@$(BIN)/python -m tests.browser chromium
	@$(BIN)/python -m benchmarks

screenshots: $(STAMP) ## Take pictures of the page for the README, from a separate stack
	@$(BIN)/python -m tests.browser chromium certutil
	@$(BIN)/python -m tests.screenshots

gallery: $(STAMP) ## Take pictures of every state of the page in three engines; STATES="offline code" for some
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m tests.gallery $(if $(BRAND),--brand) $(STATES)

lighthouse: $(STAMP) ## Show Lighthouse's four mobile scores of the page, from a separate stack (npx downloads Lighthouse)
	@$(BIN)/python -m tests.browser chromium certutil
	@$(BIN)/python -m tests.lighthouse

security: $(STAMP) ## Print the security matrix with its test counts
	@$(BIN)/python -m tests.security_matrix

audit: $(STAMP) ## Look for known advisories about locked packages (needs the network; no other target does this)
	@for lock in $(LOCKED:.in=.txt) examples/orders/requirements.txt; do echo "$$lock"; test -s "$$lock" || exit 1; \
	  $(BIN)/python -m uv tool run pip-audit@2.10.1 --strict --disable-pip --require-hashes -r $$lock || exit 1; done

lock: $(STAMP) ## Lock requirements*.in again for Python 3.11-3.14, with hashes and without index addresses
	@$(BIN)/python -m ops lock --upgrade $(LOCKED)

clean: ## Remove all files that make has installed or built in the checkout
	rm -rf $(VENV) tests/javascript/node_modules tests/openapi/node_modules .local .chalice/deployments dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
