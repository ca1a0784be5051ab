# Every target does all of its own set-up: Python 3.11 or later, make and a package index are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUFFIX ?= dev
WORKERS ?= 4

.PHONY: demo test retest unit faults mutants facts lint build bench docs pictures pulumi-up write-back-demo clean

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/.ready  ## the whole story on an embedded AWS; needs no account
	$(BIN)/lambda-tailor demo

test: $(VENV)/.ready  ## every test, side by side: most of them wait for the embedded AWS
	$(BIN)/python -m pytest -q -n $(WORKERS)

retest: $(VENV)/.ready  ## the tests that failed last, one after the other
	$(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none

unit: $(VENV)/.ready  ## the tests that need no AWS, in seconds
	$(BIN)/python -m pytest -q tests/unit

faults: $(VENV)/.ready  ## every call killed, failed and lost, with every way out of it
	LAMBDA_TAILOR_FAULTS=all $(BIN)/python -m pytest -q -n $(WORKERS) tests/faults

mutants: $(VENV)/.ready  ## each guard behind a guarantee taken out: its test has to turn red
	$(BIN)/python -m scripts.mutants

lint: $(VENV)/.ready  ## style, types and the layers of the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

facts: $(VENV)/.ready  ## whether runtimes and prices were looked after in the last 120 days; on a schedule, no test
	$(BIN)/python -m scripts.facts

build: $(VENV)/.ready  ## the wheel
	$(BIN)/python -m build --wheel --outdir dist .

bench: $(VENV)/.ready  ## calls, time and memory against the quotas and Cloud Custodian: bench/RESULTS.md
	$(BIN)/python -m bench.memory_range --curves bench/data/curves_train.json
	$(BIN)/python -m bench.synthetic_curves
	$(BIN)/python bench/run.py --write

docs: $(VENV)/.ready  ## the documentation site, into site/
	$(BIN)/python -m scripts.docs.build

pictures: $(VENV)/.ready  ## the pictures of the README, from what the program really shows
	$(BIN)/python -m scripts.docs.way_picture
	$(BIN)/python -m scripts.docs.pictures

pulumi-up: $(VENV)/.ready  ## deploy the reference stack with Pulumi's command to AWS_ENDPOINT_URL; see docs/pulumi.md
	PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/pulumi_up.sh $(SUFFIX)

write-back-demo: $(VENV)/.ready  ## examples/terraform deployed, optimized and written back, until Terraform has no changes
	$(BIN)/python -m scripts.write_back_demo

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
