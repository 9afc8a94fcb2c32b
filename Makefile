# Two commands do everything: `make run` and `make test`. The rest is for developers.
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
MODEL ?= models/default
BIN := $(VENV)/bin
KEY := data/kunci-contoh.txt
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test lint browser-packages format screenshot bench clean help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: $(VENV)/.installed $(MODEL)/SHA256SUMS  ## install, train if needed, load demonstration messages, serve
	@$(BIN)/suara demo
	@mkdir -p data && (umask 077; test -s $(KEY) || $(BIN)/suara key create --role desk --name contoh > $(KEY))
	@echo
	@echo "Buka      http://$(HOST):$(PORT)/"
	@echo "Kunci API $$(cat $(KEY))"
	@echo "Contoh    curl -H \"X-API-Key: $$(cat $(KEY))\" http://$(HOST):$(PORT)/api/v1/feedback"
	@echo "Laporan   curl -H \"X-API-Key: $$(cat $(KEY))\" http://$(HOST):$(PORT)/api/v1/reports/priorities"
	@echo "Hentikan  Ctrl+C"
	@$(BIN)/suara serve --host $(HOST) --port $(PORT)

test: $(VENV)/.installed-dev browser-packages lint  ## install what tests need, check style, types and walls, run all tests
	$(BIN)/pytest --numprocesses auto --dist worksteal

lint: $(VENV)/.installed-dev  ## style, types, walls between modules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.installed-dev  ## bring the code into form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

screenshot: $(VENV)/.installed-dev browser-packages $(MODEL)/SHA256SUMS  ## make the README's picture anew
	$(BIN)/python docs/screenshot.py $(MODEL) docs/halaman-pertama.png

bench: $(VENV)/.installed-dev  ## quality and speed on the project's real data, where it is at hand
	$(BIN)/python benchmarks/benchmark.py

$(VENV)/bin/pip:
	$(PYTHON) -c 'import sys; sys.exit("Perlu Python 3.11 atau lebih baru") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[encoder]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[encoder,dev]'
	@touch $@ $(VENV)/.installed

$(MODEL)/SHA256SUMS: | $(VENV)/.installed
	$(BIN)/suara train --out $(MODEL)

# Chromium for the tests that look at pages; installed where that is possible, else those tests say what is missing.
browser-packages:
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null; } \
	  || echo "Chromium belum ada; uji peramban dilewati. Pasang dengan: apt-get install chromium"

clean:  ## remove what was built
	rm -rf $(VENV) models/default data .pytest_cache .mypy_cache .ruff_cache .hypothesis
