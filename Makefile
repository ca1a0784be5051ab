# Every target does all of its own set-up: Python 3.11 or later, make and a package index are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUFFIX ?= dev
WORKERS ?= 4

.PHONY: demo test retest unit faults mutants facts lint build sbom lock audit bench docs pictures pulumi-up write-back-demo clean

# Nothing is installed whose hash is not in the lock; the package itself needs nothing more, not even to be built.
$(VENV)/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
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

build: $(VENV)/.ready  ## the wheel and its bill of materials
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .
	$(BIN)/python -m scripts.sbom --out dist

sbom: $(VENV)/.ready  ## the software bill of materials of the wheel, as CycloneDX: dist/lambda-tailor.cdx.json
	$(BIN)/python -m scripts.sbom --out dist

lock: constraints.txt $(VENV)/.ready  ## requirements.lock and the action's part of it anew, from pyproject.toml and constraints.txt; takes minutes
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools==7.6.2
	.venv-lock/bin/pip-compile --quiet --generate-hashes --extra dev --build-deps-for editable \
	    --constraint constraints.txt --allow-unsafe --strip-extras --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock pyproject.toml
	$(BIN)/python -m scripts.action_lock

audit: $(VENV)/.ready  ## known vulnerabilities of what is locked; says so and goes on where no advisories can be had
	$(BIN)/python -m scripts.audit

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
	rm -rf $(VENV) .venv-lock .venv-audit dist build .pytest_cache .mypy_cache .ruff_cache
