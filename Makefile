# Two commands from a bare Python: `make demo` and `make test`. The rest is for those who change the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint clean

# Each stamp stands for one finished installation; a second run finds it and installs nothing.
$(VENV)/.python:
	@echo "== making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demos: $(VENV)/.python pyproject.toml
	@echo "== installing what the demos need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demos]'
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml
	@echo "== installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.demos
	@echo "== drawing where the gradient goes: see out/vanishing"
	@$(BIN)/python -m demos.vanishing --out out/vanishing

test: $(VENV)/.dev
	@echo "== running all tests"
	@$(BIN)/python -m pytest

lint: $(VENV)/.dev
	@echo "== checking format, lint and types"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict tinygrad_rnn viz demos

clean:
	rm -rf $(VENV) out build dist *.egg-info
