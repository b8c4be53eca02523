# Two commands from a bare Python: `make demo` and `make test`. The rest is for those who change the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .bench-venv

.PHONY: demo pictures test lint coverage fuzz attack graphs models soak mutants docs site lock pyodide package bench clean site-test

# Each stamp stands for one finished installation; a second run finds it and installs nothing.
$(VENV)/.python:
	@echo "== making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demos: $(VENV)/.python pyproject.toml .github/constraints.txt
	@echo "== installing what the demos need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .github/constraints.txt --editable '.[demos]'
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml .github/constraints.txt
	@echo "== installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .github/constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.demos
	@echo "== drawing where the gradient goes: see out/vanishing"
	@$(BIN)/python -m demos.vanishing --out out/vanishing

pictures: $(VENV)/.demos
	@echo "== drawing the README's pictures"
	@$(BIN)/python -m demos.vanishing --out .github/pictures

# A process for each processor, up to eight; who is done early takes over from the others.
SIDE_BY_SIDE := -n auto --maxprocesses 8 --dist worksteal

test: $(VENV)/.dev
	@echo "== running all tests"
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

# Builds the site with all that it needs in one folder, and drives it: several minutes.
site-test: docs
	@echo "== driving the site in a browser"
	@SITE=1 $(BIN)/python -m pytest tests/site

lint: $(VENV)/.dev
	@echo "== checking format, lint and types"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict tinygrad_rnn viz demos

# --branch, and what may stay unreached, are in pyproject.toml.
coverage: $(VENV)/.dev
	@echo "== running all tests and counting the branches that they reach: see out/coverage"
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term --cov-report=html:out/coverage

fuzz: $(VENV)/.dev
	@echo "== reading 100,000 spoiled files"
	@$(BIN)/python -m tests.fuzz.run

# INTERRUPTS=200 takes a tenth of the time.
attack: $(VENV)/.dev
	@echo "== interrupting 2,000 training steps, and forking, threading and signalling others"
	@$(BIN)/python -W ignore -m tests.attack.run $(if $(INTERRUPTS),--interrupts $(INTERRUPTS))

# GRAPHS=500 checks that many.
graphs: $(VENV)/.dev
	@echo "== holding random PyTorch graphs against PyTorch's own hooks"
	@$(BIN)/python -c 'import torch' || $(BIN)/python -m pip install --quiet torch
	@$(BIN)/python -W ignore -m tests.tinygrad_rnn.interop.torch_graph.random_graphs $(or $(GRAPHS),10000)
	@echo "== holding random graphs of this engine's against PyTorch"
	@$(BIN)/python -W ignore -m tests.tinygrad_rnn.random_graphs $(or $(GRAPHS),10000)

# Fetches about 200 MB of other people's packages into out/models.
models: $(VENV)/.dev
	@echo "== drawing public models with none of their lines changed: see .github/recipes/public-models.md"
	@$(BIN)/python -c 'import torch' || $(BIN)/python -m pip install --quiet torch
	@$(BIN)/python -m tests.models

soak: $(VENV)/.dev
	@echo "== training for 10,000 steps and watching the memory"
	@$(BIN)/python -m tests.tinygrad_rnn.soak

# SAMPLE=300 tries that many, drawn at random; all of them take hours.
mutants: $(VENV)/.dev
	@echo "== breaking the engine in one small place at a time, to see a test fail"
	@$(BIN)/python -m tests.mutants $(if $(AREA),--area $(AREA)) $(if $(SAMPLE),--sample $(SAMPLE))

# pdoc cannot look up the field types of named tuples that are written as text.
docs: $(VENV)/.dev
	@echo "== making the API reference: see out/docs/index.html"
	@mkdir -p out/docs && $(BIN)/python -m tinygrad_rnn.ops > out/docs/functions.md
	@$(BIN)/python -W error -W "ignore:Error parsing type annotation ForwardRef:UserWarning" \
		-m pdoc --docformat google -t .github/reference --output-directory out/docs \
		tinygrad_rnn tinygrad_rnn.primitive tinygrad_rnn.nn.recurrent viz viz.charts viz.page

# VENDOR=1 puts Python, NumPy and Graphviz for the browser there, too: no page asks for anything
# elsewhere. npm fetches them.
site: docs
	@echo "== building the site: see out/site/index.html"
	@PYTHONPATH=. $(BIN)/python .github/site/build.py $(if $(VENDOR),--vendor) $(if $(DEMOS),--demos $(DEMOS))

$(VENV)/.package: $(VENV)/.dev
	@echo "== installing what builds and checks packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv 'pyright[nodejs]'
	@touch $@

# The versions that `make demo` and `make test` install, for every Python and system that is promised.
lock: $(VENV)/.package
	@echo "== choosing the newest versions anew: see .github/constraints.txt"
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --extra dev \
		--no-header --no-annotate --no-emit-package tinygrad-rnn -o .github/constraints.txt pyproject.toml

# Pyodide's own Python and NumPy, in Node.js; two parts at once, for two processors.
pyodide: $(VENV)/.dev
	@echo "== running the tests under WebAssembly"
	@$(BIN)/python tests/pyodide/prepare.py out/vendor
	@node tests/pyodide/run.mjs out/vendor 2 0 & first=$$!; \
		node tests/pyodide/run.mjs out/vendor 2 1; second=$$?; wait $$first && exit $$second

package: $(VENV)/.package
	@echo "== building wheel and sdist, and using them outside the checkout"
	@$(BIN)/python -m tests.packaging.check

# Each library apart: one that cannot be had here is left out of the race, and the report says so.
$(BENCH)/.peers: tests/benchmarks/requirements.txt pyproject.toml
	@echo "== installing the libraries to compare with into $(BENCH)"
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded]'
	@grep -v '^#' tests/benchmarks/requirements.txt | while read -r peer; do \
		$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" \
		|| echo "== $$peer cannot be installed here"; done
	@touch $@

# The whole takes about ten minutes; `make bench QUICK=1` about one, without JAX, autograd, MyGrad.
bench: $(BENCH)/.peers
	@$(BENCH)/bin/python -m tests.benchmarks $(if $(QUICK),--quick)

clean:
	rm -rf $(VENV) $(BENCH) out build dist *.egg-info
