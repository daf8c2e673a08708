# Commands for working with a clone. They need Python 3.11 or later, git and make; the rest is installed into the clone.

.DEFAULT_GOAL := help
.PHONY: adversary browser-test docs help tutorial demo airflow cluster cluster-test cluster-test-small emulator test \
	bench check format matrix mutants pictures build newest publish api-check clean crash-matrix

# Nothing of the caller's Airflow, Python or virtual environment reaches in, and the caller's Airflow home stays as it is.
$(foreach name,$(filter AIRFLOW_%,$(.VARIABLES)),$(eval unexport $(name)))
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE PYTEST_ADDOPTS UV_PROJECT_ENVIRONMENT
export AIRFLOW_HOME := $(CURDIR)/build/airflow-home

# uv from PATH if it is recent enough to read the lock, else our own in .uv/.
UV := $(shell uv --version 2>/dev/null | grep -Eq '^uv (0\.([89]|[1-9][0-9])|[1-9])' && echo uv || echo .uv/bin/uv)
PYTHON ?= python3
RUN := .venv/bin/python

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.synced  ## refine an image in a real Airflow, on the emulator; ends with a picture
	@$(RUN) -m dev.demo

airflow: .venv/.synced  ## a local Airflow with the provider, the example DAGs and the emulator, until Ctrl-C
	@$(RUN) -m dev.serve

cluster: build/cluster-venv/.synced  ## an Airflow with Celery workers, triggerers, and all they need, on this machine, until Ctrl-C
	@build/cluster-venv/bin/python -m dev.cluster $(ARGS)

cluster-test: build/cluster-venv/.synced  ## much work on such a cluster while each part of it fails once; half an hour
	@build/cluster-venv/bin/python -m dev.cluster.trial $(ARGS)

cluster-test-small: build/cluster-venv/.synced  ## a little of it, with three faults; some minutes
	@build/cluster-venv/bin/python -m dev.cluster.trial --small

emulator: .venv/.synced  ## the emulator alone, on port 8900 (ARGS="--help" lists its options)
	@$(RUN) -m getty_emulator $(ARGS)

# One whole Airflow at a time: the tests of an xdist_group stay in one process, and the largest group starts first.
test: .venv/.synced  ## all tests on all cores, those on a whole Airflow too (ARGS="tests/x.py" runs one file)
	$(RUN) -m pytest $(or $(ARGS),--numprocesses logical --dist loadgroup)

bench: build/bench-venv/.synced  ## measure what docs/explanation/performance.md tells; half an hour on a quiet machine
	@for program in schedule imports in_flight limits fleet no_worker batch; do \
		printf '\n## %s\n\n' $$program; \
		build/bench-venv/bin/python -m benchmarks.$$program || exit; \
	done

tutorial: .venv/.synced  ## run the commands of the tutorial (INSTALL=1: those that install Airflow, too)
	@TUTORIAL=$(if $(INSTALL),install,run) $(RUN) -m pytest -q tests/test_tutorial.py

docs: .venv/.synced  ## the documentation as a site, build/docs/index.html
	@$(RUN) -m sphinx --fail-on-warning --keep-going --quiet --jobs auto docs build/docs
	@$(RUN) -m dev.site_links
	@echo build/docs/index.html

check: .venv/.synced  ## formatting, lint, strict types, the rules of the house, spelling, prose, workflows, the lock
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(dir $(RUN))lint-imports --no-cache
	$(dir $(RUN))typos
	$(RUN) -m dev.prose
	$(dir $(RUN))check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(dir $(RUN))check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	$(dir $(RUN))check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(dir $(RUN))zizmor --quiet --offline --persona pedantic .github
	$(UV) lock --check --quiet

format: .venv/.synced  ## format the code, and fix what ruff can fix
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

matrix: .venv/.synced  ## unit and task tests on Airflow 3.1 to 3.3 and Python 3.11 to 3.13, as far as found
	PATH="$(CURDIR)/.uv/bin:$$PATH" $(RUN) -m nox $(ARGS)

crash-matrix: .venv/.synced  ## kill a real Airflow at each step of a refine, and print what was paid
	@$(RUN) -m dev.crash_matrix

adversary: .venv/.synced  ## search for long for a sequence of events that pays twice
	@ADVERSARY_EXAMPLES=5000 $(RUN) -m pytest -q tests/generating/test_adversary.py tests/batch/test_batch_adversary.py

browser-test: .venv/.synced  ## a real browser looks at a real Airflow (ARGS="pictures" renews those in docs/images/)
	@$(UV) sync --quiet --inexact --locked --all-extras --all-packages --group browser
	GETTY_BROWSER_TESTS=$(or $(ARGS),yes) $(RUN) -m pytest -q -rs tests/browser

mutants: .venv/.synced  ## break the money's rules one by one, and see a test fail (ARGS="api.budget --part 1/4")
	@$(RUN) -m dev.mutants $(ARGS)

pictures: .venv/.synced  ## draw the pictures in docs/images/ again (those of web pages need chromium)
	@$(RUN) -m dev.diagrams
	@$(RUN) -m dev.pictures

build: .venv/.synced  ## the wheels, the source distributions and their bills of materials (CycloneDX), in dist/
	@rm -rf dist
	$(UV) build --quiet --all-packages --out-dir dist
	@for package in airflow-provider-getty getty-emulator; do \
		$(UV) export --quiet --locked --no-dev --preview-features sbom-export --format cyclonedx1.5 \
			--package $$package --output-file dist/$$package.cdx.json >/dev/null || exit; \
	done
	$(dir $(RUN))twine check --strict dist/*.whl dist/*.tar.gz
	@ls dist

newest: $(filter .uv/%,$(UV))  ## lock the newest versions that are allowed, for a test with them
	$(UV) lock --upgrade

api-check: .venv/.synced  ## compare the public API with that of the last release (AGAINST="v0.1.0")
	@last=$${AGAINST:-$$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null)}; \
	if [ -z "$$last" ]; then echo "There is no release to compare with."; \
	else $(dir $(RUN))griffe check airflow_provider_getty --against "$$last" --verbose; fi

# The release workflow alone runs this: PyPI trusts it, and the attestations name it.
publish:
	$(UV) run --quiet --locked --only-group release pypi-attestations sign dist/*.whl dist/*.tar.gz
	$(UV) publish --trusted-publishing always dist/*.whl dist/*.tar.gz

clean:  ## remove everything that was made here, environments included
	rm -rf build dist .cluster .venv .uv .nox .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.synced: pyproject.toml emulator/pyproject.toml uv.lock $(filter .uv/%,$(UV))
	@echo "Installing into .venv ..."
	@$(UV) sync --quiet --locked --all-extras --all-packages
	@touch $@

# An environment of its own: what we are compared with brings a hundred megabytes, and other providers, along.
build/bench-venv/.synced: pyproject.toml emulator/pyproject.toml uv.lock $(filter .uv/%,$(UV))
	@echo "Installing into build/bench-venv ..."
	@UV_PROJECT_ENVIRONMENT=build/bench-venv $(UV) sync --quiet --locked --all-extras --all-packages --group bench
	@touch $@

# Likewise: Celery, and all of the Amazon provider.
build/cluster-venv/.synced: pyproject.toml emulator/pyproject.toml uv.lock $(filter .uv/%,$(UV))
	@echo "Installing into build/cluster-venv ..."
	@UV_PROJECT_ENVIRONMENT=build/cluster-venv $(UV) sync --quiet --locked --all-extras --all-packages --group cluster
	@touch $@

.uv/bin/uv:
	@echo "Installing uv into .uv ..."
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
