# Each command does its own set-up: the virtual environment, its packages and, on Debian or
# Ubuntu, the shared libraries that Qt lacks. The set-up holds a lock, so -j is safe.

# The modules are started through the interpreter and not by their scripts in .venv/bin: those
# carry the absolute path of the folder in which they were installed.
PY := .venv/bin/python

.PHONY: help setup setup-qt setup-tests run test coverage check translations wheel bench torture

help:
	@echo 'make run ARGS="..."     open the window (make run ARGS=--help names the options)'
	@echo 'make test ARGS="..."    run the tests; ARGS goes to pytest'
	@echo 'make coverage           run all tests and say which lines of the package they ran'
	@echo 'make check              formatting, lint, types, imports, sizes'
	@echo 'make translations       collect the texts of the window, build their translations'
	@echo 'make wheel              build the wheel into dist, try it in an empty environment'
	@echo 'make bench ARGS="..."   run the benchmarks; ARGS chooses among them by name'
	@echo 'make torture ARGS="..." faults, kills, freezes, wrong clocks (see ARGS=--help)'

setup:
	@bash tools/setup.sh

setup-qt:
	@bash tools/setup.sh --qt

setup-tests:
	@bash tools/setup.sh --tests

run: setup-qt
	@$(PY) -m Heatmap $(ARGS)

# Before what is tested or measured: neither the user's flags for Chromium and Qt, nor a proxy, a
# locale, a zone or options of Python and pytest decide what comes out of it.
CLEAN := $(PY) -I Heatmap/tests/clean_environment.py

# Tests open no window, also where there is a display.
test coverage bench torture: export QT_QPA_PLATFORM := offscreen

test: setup-tests
	@$(PY) -I tools/fetch_chart_builds.py
	@echo 'test: pytest, offscreen'
	@$(CLEAN) $(PY) tools/run_tests.py $(ARGS)

# Slower than the tests alone; its package is not in requirements.txt: only this needs it.
coverage: setup-tests
	@$(PY) -c 'import pytest_cov' 2>/dev/null || \
	    $(PY) -m pip install --quiet --requirement requirements-coverage.txt
	@$(PY) -I tools/fetch_chart_builds.py
	@echo 'coverage: pytest, offscreen'
	@$(CLEAN) $(PY) tools/run_tests.py --coverage

# Every gate runs, also after one that failed: one run tells all.
check: setup
	@failed=; \
	gate() { echo "check: $$1"; shift; "$$@" || failed=yes; }; \
	gate 'ruff format' $(PY) -m ruff format --check .; \
	gate 'ruff' $(PY) -m ruff check .; \
	gate 'mypy, strict, the package' $(PY) -m mypy; \
	gate 'mypy, strict, the tools' $(PY) -m mypy tools; \
	gate 'mypy, as on Windows' $(PY) -m mypy --platform win32; \
	gate 'mypy, the tools as on Windows' $(PY) -m mypy --platform win32 tools; \
	gate 'imports' $(PY) -c 'from importlinter.cli import lint_imports_command as main; main()' \
	    --no-logo; \
	gate 'sizes of files and classes' $(PY) tools/check_lines.py; \
	gate 'settings table' $(PY) tools/settings_table.py --check; \
	test -z "$$failed"

# Needs lrelease (apt-get install qt6-l10n-tools); lists what is not translated yet.
translations: setup
	@$(PY) tools/translations.py

# For Qt's shared libraries: the packages come from the wheel's own list.
wheel: setup-qt
	@echo 'wheel: built, installed and run apart from the repository' >&2
	@$(PY) tools/try_wheel.py

# The packages that are measured against are not in requirements.txt: only this needs them.
bench: setup-qt
	@$(PY) -c 'import boost_histogram, pandas, polars, scipy' 2>/dev/null || \
	    $(PY) -m pip install --quiet --requirement requirements-bench.txt
	@echo 'bench: Heatmap/tests/bench' >&2
	@$(CLEAN) $(PY) tools/run_benchmarks.py $(ARGS)

# Hosts that end need Qt. About 25 minutes; the short form is one of the tests.
torture: setup-qt
	@echo 'torture: Heatmap/tests/torture' >&2
	@$(CLEAN) $(PY) -m Heatmap.tests.torture $(ARGS)
