# `make` lists the tasks. The two that matter: `make run` and `make test`.
# Everything a task does stands in scripts/; this file only names it. Settings go in as they are:
#   make run PORT=8080 DATA_DIR=/srv/telecine
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test kill-rounds lint fuzz bench demo screenshot format fresh image-root clean

help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build for release, start the service on http://localhost:3000
	@scripts/run

test: ## install what the tests need, build, run every test (unit, then end to end)
	@scripts/test $(TESTS)

kill-rounds: ## kill the service 200 times in the middle of uploads by every protocol (ROUNDS=…)
	@TELECINE_KILL_ROUNDS=$(or $(ROUNDS),200) scripts/test e2e -s -k no_acknowledged_byte

lint: ## formatting, import rules, file and function lengths, shell, Python, JavaScript
	@scripts/lint

fuzz: ## throw mutated inputs at our own parsers, FUZZ_SECONDS=30 each (Fuzz/README.md)
	@scripts/fuzz $(FUZZ)

bench: ## compare with real peers, print a table, keep it in Benchmarks/RESULTS.md (QUICK=1: three pairs)
	@scripts/bench $(if $(QUICK),--quick) $(BENCH)

demo: ## upload FILE=… to a running service, wait for it, print where to watch it
	@scripts/demo "$(FILE)"

screenshot: ## make docs/screenshot.png from a running build
	@scripts/screenshot

format: ## write the house's formatting into every Swift file
	@swift format --in-place --recursive Sources Tests Fuzz Package.swift

fresh: ## try the README's two commands in an empty Debian 12 (root, debootstrap)
	@scripts/fresh

image-root: ## do what the Dockerfile's last stage does in an empty Debian 12, start it there (root, debootstrap)
	@scripts/image-root

clean: ## remove what was built; data/ stays
	@rm -rf .build .venv .pytest_cache
