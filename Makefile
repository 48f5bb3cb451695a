# `make` lists what there is. Needs make (GNU 3.81 or newer), Python 3.11 or newer, a package index and an npm registry.
#
#   make PYTHON=python3.12 …   which Python to make .venv with
#   make LOCK= install         the versions that the package index has, where it lacks a locked one

LOCK = requirements-dev.lock
BIN = .venv/bin
WEB = $(BIN)/python scripts/web.py
# One of these a core: the tests start servers of their own.
TEST_PROCESSES = 2
# In the order of their names: the unit tests come last, whose files are small, so that all processes end at one time. By
# themselves the files would come in the order of how many tests they have, and the last ones would have few and long ones.
IN_PARALLEL = -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
# How long each part of `make torture` goes on, about.
TORTURE_SECONDS = 120
SOAK_MINUTES = 10
PAGES_MINUTES = 30
# Some containers tell Python to keep no compiled code. Each of the many servers that the tests start would compile all it
# imports again: 1.2 s of CPU a start in place of 0.65, and 7.6 s in place of 2.8 before the first test.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help install demo web web-types test quick torture check bench bench-100k bench-1m soak soak-pages screenshots datasets clean lock

help:
	@echo "make install     .venv with PulseStream and its tools (about 380 MB the first time)"
	@echo "make demo        the dashboard on a day of history and live traffic, and a live view; Ctrl-C ends it"
	@echo "make web         the pages of the dashboard, built from web/; nothing is done while nothing changed"
	@echo "make web-types   the pages' types of the API's answers, from the OpenAPI document; after a change of the API"
	@echo "make test        every test"
	@echo "make quick       the tests that take seconds"
	@echo "make torture     fuzz what reads bodies and questions, two minutes each (Linux; gets a fuzzer the first time)"
	@echo "make check       lint, format, types, import law, tidiness"
	@echo "make bench       what one machine takes in and answers, each figure beside its target; a quarter of an hour"
	@echo "make bench-100k  100,000 events through the ingester: throughput, memory, disk, answers, and a plot"
	@echo "make bench-1m    the same with 1,000,000"
	@echo "make soak        single events for ten minutes (SOAK_MINUTES=...): parts, journal, memory and lag stay bounded"
	@echo "make soak-pages  the dashboard under live data for half an hour (PAGES_MINUTES=...): what the browser holds stays flat"
	@echo "make screenshots the pictures of the pages in docs/images/pages, from a day of events; some four minutes"
	@echo "make datasets    the four sample files, the same bytes everywhere"
	@echo "make lock        renew requirements-dev.lock with the newest versions that pyproject.toml allows"
	@echo "make clean       remove .venv, caches and what make made"

install: .venv/installed
	@echo "install: .venv is ready, see .venv/bin/pulsestream --help"

.venv/installed: pyproject.toml $(LOCK) scripts/packages.sh
	@PYTHON="$(PYTHON)" LOCK="$(LOCK)" sh scripts/packages.sh install

# When it began, for what it tells of the time before the first charts.
demo: SINCE := $(shell date +%s)
demo: .venv/installed
	@$(BIN)/pulsestream demo --build "$(WEB) build --steps --since $(SINCE)"

web: .venv/installed
	@$(WEB) build

TYPES = $(BIN)/python scripts/openapi.py | $(WEB) node web/types.js
web-types: .venv/installed
	@$(TYPES)

# The tests of the pages look at them in a browser.
IN_BROWSER = CHROMIUM="$$(sh scripts/chromium.sh)"

test: web
	@echo "test: the pages' own" && $(WEB) npm --silent test
	@echo "test: every other test, some minutes; 'make quick' leaves out the slow ones"
	@$(IN_BROWSER) && export CHROMIUM && $(BIN)/pytest $(IN_PARALLEL)

quick: web
	@$(WEB) npm --silent test
	@$(IN_BROWSER) && export CHROMIUM && $(BIN)/pytest $(IN_PARALLEL) -m "not slow"

torture: .venv/installed
	@$(BIN)/python -c 'import atheris' 2>/dev/null || sh scripts/packages.sh torture
	@$(BIN)/python tests/torture/run.py --seconds $(TORTURE_SECONDS)
	@TORTURE_SECONDS=$(TORTURE_SECONDS) $(BIN)/pytest tests/system/test_openapi.py tests/property/test_retention_laws.py tests/differential

check: .venv/installed
	@echo "check: ruff" && $(BIN)/ruff check
	@echo "check: format" && $(BIN)/ruff format --check
	@echo "check: types" && $(BIN)/mypy
	@echo "check: import law" && $(BIN)/lint-imports --no-logo
	@echo "check: the pages' types of the API" && $(TYPES) --check
	@echo "check: the pages" && $(WEB) npm --silent run check
	@echo "check: tidiness and docs" && $(BIN)/pytest tests/unit/test_tidy.py tests/unit/test_docs.py

bench: .venv/installed
	@$(IN_BROWSER) && export CHROMIUM && $(BIN)/python bench/run.py

bench-100k: .venv/installed
	@$(BIN)/python -c 'import matplotlib' 2>/dev/null || sh scripts/packages.sh bench
	@$(BIN)/python bench/scale.py --events 100000

bench-1m: .venv/installed
	@$(BIN)/python -c 'import matplotlib' 2>/dev/null || sh scripts/packages.sh bench
	@$(BIN)/python bench/scale.py --events 1000000

# A fixed seed and a fixed end, so that a file is the same bytes whenever and wherever it is made.
END = 2026-11-20T12:00:00Z
GENERATE = $(BIN)/pulsestream generate --quiet --end $(END)

soak: .venv/installed
	@$(BIN)/python bench/soak.py --minutes $(SOAK_MINUTES)

soak-pages: .venv/installed
	@$(IN_BROWSER) && export CHROMIUM && $(BIN)/python bench/pages.py --soak $(PAGES_MINUTES)

screenshots: .venv/installed
	@$(BIN)/python -c 'import PIL' 2>/dev/null || sh scripts/packages.sh screenshots
	@$(IN_BROWSER) && export CHROMIUM && $(BIN)/python tests/browser/screenshots.py

datasets: .venv/installed
	@echo "datasets: test_events_500.jsonl      500 events,  24 hours"
	@$(GENERATE) --seed 24 --count 500 --hours 24 --output test_events_500.jsonl
	@echo "datasets: sample_events_1k.jsonl     1,000 events,  24 hours"
	@$(GENERATE) --seed 1000 --count 1000 --hours 24 --output sample_events_1k.jsonl
	@echo "datasets: realistic_events_5k.jsonl  5,000 events,  7 days"
	@$(GENERATE) --seed 5000 --count 5000 --hours 168 --output realistic_events_5k.jsonl
	@echo "datasets: sample_events_10k.jsonl    10,000 events, 7 days"
	@$(GENERATE) --seed 10000 --count 10000 --hours 168 --output sample_events_10k.jsonl

lock:
	@PYTHON="$(PYTHON)" sh scripts/packages.sh lock

clean:
	rm -rf .venv .web web/node_modules src/pulsestream/pages dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -f sample_events_1k.jsonl realistic_events_5k.jsonl sample_events_10k.jsonl
	find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +
