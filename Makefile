# Everything runs in .venv, made on first use; Python 3.11 or later and a package registry suffice.
PYTHON ?= python3
BIN := .venv/bin
environment ?= guides
# Where it is set, every start compiles Pulumi anew, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: rehearse test thorough ranges check benchmarks docs site lock scanners audit consumers clean

rehearse: .venv/ready $(if $(filter consumers,$(environment)),.venv/consumers/ready)
	@$(BIN)/object-access rehearse --environment $(environment)

test: .venv/ready
	@$(TEST) -m "not thorough"

# The many alike of which `make test` takes a sample: every promise, broken in every way.
thorough: .venv/ready
	@$(TEST) -m thorough

# The wheel with the lowest and the newest of what pyproject.toml allows, as a stranger installs it.
ranges: .venv/ready
	@$(BIN)/python tests/ranges.py

check: .venv/ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

benchmarks: .venv/ready
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

docs: .venv/ready
	@for page in consumers settings policies checks errors formats; do $(BIN)/python docs/$$page.py > docs/$$page.md || exit 1; done
	@$(BIN)/python docs/embedded_aws.py > docs/embedded-aws.md
	@$(BIN)/python docs/pictures.py
	@$(BIN)/python -m stacks.schema > stacks/schema.json
	@$(BIN)/object-access rehearse --engine in-process --environment dev --format svg > docs/rehearsal.svg

# The pages as a site, in .site/, with a page for each consumer and the components' reference.
site: .venv/docs/ready
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=$$(echo .venv/lib/*/site-packages) .venv/docs/bin/mkdocs build --quiet

# What was resolved, with a hash for every file: run it after changing a dependency in pyproject.toml;
# `make lock upgrade=--upgrade` takes the newest of everything.
lock: .venv/ready
	@$(COMPILE) requirements.lock pyproject.toml --all-extras --group dev
	@for group in scanners docs consumers; do \
		$(COMPILE) requirements-$$group.lock --group $$group || exit 1; done

# What tests/guardrails/test_scanners.py asks, in an environment of its own.
scanners: .venv/scanners/ready

# Known holes in what is locked. Needs an index that knows of them: PyPI, not a mirror of it.
audit: .venv/scanners/ready
	@for lock in requirements*.lock; do echo "== $$lock"; \
		.venv/scanners/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$lock || exit 1; done

# Clients of consumers, which their checks run, in another.
consumers: .venv/consumers/ready

clean:
	rm -rf .venv

# One more than cores, since they wait for servers that start; each has servers of its own.
TEST = $(BIN)/python -m pytest -q --dist loadscope --no-loadscope-reorder \
	-n $$($(BIN)/python -c 'import os; print(1 + (os.cpu_count() or 1))')
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock" $(upgrade) --output-file
SYNC = $(BIN)/uv pip sync --quiet --require-hashes --python

# pip is only there to fetch uv, which installs the rest ten times as fast: with the
# certificates it brings, or behind a company's proxy with the machine's own.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@echo "making .venv with $$(grep -c '==' requirements.lock) pinned packages"
	@$(PYTHON) -m venv .venv
	@awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.txt
	@$(SYNC) $(BIN)/python $< 2>.venv/uv.log || $(SYNC) $(BIN)/python $< --system-certs
	@$(BIN)/uv pip install --quiet --offline --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

.venv/%/ready: requirements-%.lock .venv/ready
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/$*
	@$(SYNC) .venv/$* $< 2>.venv/uv.log || $(SYNC) .venv/$* $< --system-certs
	@touch $@
