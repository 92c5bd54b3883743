# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test test-lowest fuzz bench lint docs samples clean

demo: $(VENV)/.demo
	$(BIN)/planner demo -o demo --overwrite

test: $(VENV)/.test office
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)
	$(BIN)/python -m pytest -q --nbmake notebooks

# The same tests with the lowest versions that pyproject.toml allows, in an environment of their own (pages are not built and
# types not checked there).
test-lowest:
	@test -x $(VENV)-lowest/bin/python || $(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-lowest.txt -e '.[report,parquet,portfolio,mcp]' $(LOWEST_TESTS)
	$(VENV)-lowest/bin/python -m pytest -n 2 --dist loadfile -m "not browser" --ignore tests/test_docs.py --ignore tests/test_types.py $(PYTEST_ARGS)

LOWEST_TESTS := pytest pytest-xdist hypothesis exactextract numpy-financial pyxirr anywidget playwright

# Looks for files that end in neither a result nor a refusal; half an hour unless SECONDS says otherwise. Findings are kept.
SECONDS ?= 1800
fuzz: $(VENV)/.test
	$(BIN)/python tests/fuzz --seconds $(SECONDS) $(FUZZ_ARGS)

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site opens from the disk with no network; DOCS_RUN=1 runs the notebooks and shows what their cells say.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "site/index.html"

samples: $(VENV)/.demo
	$(BIN)/python sample_geo/build.py

clean:
	rm -rf $(VENV) demo site

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "planner needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3-venv is missing; as root: apt-get install -y python3-venv" >&2; exit 1; }

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[report]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[test]'
	@touch $@

$(VENV)/.docs: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[docs]'
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[dev]'
	@touch $@

$(VENV)/.bench: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[bench]'
	@touch $@

# The browser tests drive the system's Chromium; LibreOffice works the workbook out anew and poppler reads the report. Installed
# where that is possible; otherwise those tests say that they were skipped.
.PHONY: browser office
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	$(call installed,Chromium,chromium fonts-noto-cjk)

office: browser
	@{ { command -v soffice || command -v libreoffice; } && command -v pdftotext; } >/dev/null || \
	$(call installed,LibreOffice or poppler,libreoffice-calc poppler-utils)

# What is missing, and the packages that have it.
define installed
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  echo "installing for the tests: $(2)"; \
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2)) >/dev/null 2>&1 || echo "could not install $(2)"; \
else echo "no $(1) found: tests that need it will be skipped (as root: apt-get install $(2))"; fi
endef
