# Two commands: `make demo` and `make test`. Both install what they need, pinned with hashes, into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 3
# Tests start the command line some hundred times: without bytecode each start compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test deb fuzz acceptance audit check lock schemas sensors findings bench clean help

help:
	@echo "make demo   the whole square simulated, and the daemon watching it (Ctrl-C ends it)"
	@echo "make test   every check and test, three at a time (WORKERS=n); starts real servers where they can be had"
	@echo "make fuzz   every border's fuzz, 10,000 cases each (an hour or two: for the night)"
	@echo "make acceptance  every shipped scenario and a healthy year; report in docs/acceptance.md (two hours of one core)"
	@echo "make audit  known weaknesses of the locked libraries, where PyPI can be asked"
	@echo "make check  format, lint, types and import floors only"
	@echo "make deb    a Debian package in dist/, for this machine's Python"
	@echo "make bench  benchmarks; results go into docs/benchmarks.md by hand"

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "facilityd needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (pinned, with hashes), once: it takes one to three minutes…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/facilityd simulate demo $(DEMO)

test: $(STAMP) check
	@$(BIN)/python tools/servers/ready.py
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

fuzz: $(STAMP)
	FACILITYD_FUZZ=$(or $(FACILITYD_FUZZ),10000) $(BIN)/python -m pytest -m fuzz

acceptance: $(STAMP)
	$(BIN)/python tools/acceptance.py

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

audit: $(STAMP)
	@$(BIN)/python tools/audit.py

schemas: $(STAMP)
	$(BIN)/python tools/schemas.py

sensors: $(STAMP)
	nice -n 19 $(BIN)/python tools/sensor_table.py

findings: $(STAMP)
	$(BIN)/python tools/findings.py --gather

# For the distribution's own Python: into dist/.
deb: $(STAMP)
	@$(BIN)/python tools/deb/build.py

bench: $(STAMP)
	$(BIN)/python benchmarks/polling.py

lock: $(STAMP)
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements/run.lock
	echo 'setuptools>=80' | $(BIN)/uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements/build.lock
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements/dev.lock

# Journals stay: .facilityd may hold months of somebody's data.
clean:
	rm -rf $(VENV) build dist *.egg-info
