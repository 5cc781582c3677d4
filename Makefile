# `make run` and `make test` work from a bare clone. `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
# If this variable is set, Python compiles all modules at each start, which takes a fifth of the start time.
export PYTHONDONTWRITEBYTECODE :=

UV := $(shell command -v uv || echo .venv-uv/bin/uv)
PYTEST := .venv/bin/pytest
AT_ONCE := -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder # test files run in parallel, slow files first (tests/conftest.py); one process more than cores, because tests also wait

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

run: setup setup-bot ## start the service, the bot and the phone simulator with demo data; Ctrl-C stops them
	@PATCHBOARD_DEMO=$${PATCHBOARD_DEMO:-1} .venv/bin/patchboard run

test: ## run all checks and all tests except the long ones, and build the docs
	@$(MAKE) --no-print-directory --jobs=5 pytest check docs # in parallel, because the tests sometimes wait for servers

pytest: setup-bot machine compiled
	$(PYTEST) $(AT_ONCE)

compiled: setup # once, so that not every test process compiles the same modules
	@.venv/bin/python -m compileall -q -j 0 handoff_service actions tests/support

check: setup ## check format, lint, types and import rules
	@.venv/bin/ruff format --check -q . && .venv/bin/ruff check -q . && .venv/bin/mypy --no-error-summary && .venv/bin/lint-imports --no-logo 2>&1 | tail -n 3

train: setup setup-bot ## validate the training data, check that every text fits SMS, then train
	@.venv/bin/patchboard bot check && .venv/bin/patchboard bot train

nlu: setup setup-bot ## measure by cross-validation how well the virtual agent understands; CONFIG=other.yml tries another pipeline
	@.venv/bin/patchboard bot nlu --config $(or $(CONFIG),config.yml)

conversations: setup setup-bot ## text all held-out conversations to the real bot and service, and print them
	@PATCHBOARD_LONG_TESTS=1 $(PYTEST) tests/bot/test_held_out_conversations.py -s -k conversations

bench: setup setup-bot services ## run the benchmarks; QUICK=1 for a short run, ONLY=storm,bot for some of them, OUT=docs/performance/RELEASE to keep the results
	@QUICK="$(QUICK)" ONLY="$(ONLY)" OUT="$(OUT)" .venv/bin/python -m tests.bench

soak: setup services ## send 50 texts a second with 200 event streams for MINUTES=60, and draw a picture, OUT=soak
	@MINUTES="$(MINUTES)" OUT="$(OUT)" .venv/bin/python -m tests.bench.soak

chaos: setup services ## run the long fault drills; the first prints lost=N duplicated=N for each database
	@.venv/bin/python -m tests.chaos

chaos-hosts: setup services ## run the fault drills for two hosts behind HAProxy, in network namespaces; needs root, haproxy and iproute2; PATCHBOARD_CHAOS_BOT=rasa runs Rasa on each host
	@[ "$$PATCHBOARD_CHAOS_BOT" != rasa ] || $(MAKE) --no-print-directory setup-bot
	@.venv/bin/python -m tests.chaos.hosts

simulation: setup services ## simulate a day of a large desk: 200 agents, 5,000 conversations, both databases, two processes
	PATCHBOARD_TEST_AGENTS=200 PATCHBOARD_TEST_CONVERSATIONS=5000 $(PYTEST) tests/routing/test_routing_simulation.py --durations=0

screenshot: setup setup-bot browser ## retake the documentation's pictures with the end-to-end tests
	PATCHBOARD_PICTURES=docs $(PYTEST) tests/e2e/test_story.py
	PATCHBOARD_PICTURES=docs/how-to PATCHBOARD_LONG_TESTS=1 $(PYTEST) tests/e2e/test_teach_in_browser.py tests/e2e/test_models_in_browser.py tests/e2e/test_ten_tasks.py tests/e2e/test_german_desk_in_browser.py

setup: .venv/.ready ## build the service's environment in .venv
setup-bot: .venv-bot/.ready ## build the bot's environment in .venv-bot

.venv-uv/bin/uv:
	@echo "-> fetching uv into .venv-uv (it installs everything else)"
	@python3 -m venv .venv-uv 2>/dev/null || { echo "Python 3.10 or newer with its venv module is missing: install python3 and python3-venv"; exit 1; }
	@.venv-uv/bin/pip install --quiet --disable-pip-version-check uv

.venv/.ready: requirements/dev.txt pyproject.toml | $(UV)
	@echo "-> the service's environment (Python 3.13) into .venv"
	@$(UV) venv --quiet --allow-existing --python 3.13 .venv
	@$(UV) pip sync --quiet --compile-bytecode --python .venv --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

.venv-bot/.ready: requirements/bot.txt | $(UV)
	@echo "-> the bot's environment (Python 3.10, Rasa 3.6.21, 2.7 GB) into .venv-bot; a few minutes, the first time only"
	@$(UV) venv --quiet --allow-existing --python 3.10 .venv-bot
	@$(UV) pip sync --compile-bytecode --python .venv-bot --require-hashes requirements/bot.txt
	@touch $@

.venv-audit/.ready: requirements/audit.txt | $(UV)
	@echo "-> the tools of make audit and make sbom into .venv-audit"
	@$(UV) venv --quiet --allow-existing --python 3.13 .venv-audit
	@$(UV) pip sync --quiet --python .venv-audit --require-hashes requirements/audit.txt
	@touch $@

.venv-docs/.ready: requirements/docs.txt | $(UV)
	@echo "-> the tools of make docs into .venv-docs"
	@$(UV) venv --quiet --allow-existing --python 3.13 .venv-docs
	@$(UV) pip sync --quiet --python .venv-docs --require-hashes requirements/docs.txt
	@touch $@

.venv-deploy/.ready: requirements/deploy.txt | $(UV)
	@echo "-> the tools of make check-deploy into .venv-deploy"
	@$(UV) venv --quiet --allow-existing --python 3.13 .venv-deploy
	@$(UV) pip sync --quiet --python .venv-deploy --require-hashes requirements/deploy.txt
	@touch $@

machine: setup # programs that the tests need besides Python; one after the other, because both may call apt-get
	@.ci/services && .ci/browser

services: setup
	@.ci/services

browser:
	@.ci/browser

migration: setup ## write a migration for the changes in tables.py: make migration NAME="..."
	@.venv/bin/python -m handoff_service.store.engine.make_migration "$(NAME)"

BABEL = cd handoff_service && ../.venv/bin/pybabel -q
CATALOG := --no-location --no-wrap --omit-header
catalogs: setup ## collect the texts to translate into handoff_service/locale, and compile the translations
	@$(BABEL) extract -k translatable -k count_in_language:1,2 $(CATALOG) -o locale/requesters.pot . ../actions
	@$(BABEL) extract -F locale/pages.cfg $(CATALOG) -o locale/pages.pot .
	@$(BABEL) extract -F locale/scripts.cfg --no-default-keywords -k phrase -k countPhrase:1,2 $(CATALOG) -o locale/scripts.pot .
	@for d in requesters pages scripts; do for l in de es fr; do \
		($(BABEL) update --ignore-pot-creation-date -D $$d -l $$l -i locale/$$d.pot -d locale --no-wrap --no-fuzzy-matching --ignore-obsolete --init-missing) || exit 1; done; \
		($(BABEL) compile -D $$d -d locale) || exit 1; done

language-ngrams: setup ## recompute the n-grams that recognize languages, after large changes to the catalogs or examples
	@.venv/bin/python -m handoff_service.bot_control.make_language_ngrams

lock: | $(UV) ## write new lock files for the dependencies
	@$(UV) pip compile --quiet --group service -p 3.13 --universal --generate-hashes --no-emit-index-url --override requirements/overrides.txt -o requirements/service.txt
	@$(UV) pip compile --quiet --group service --group dev -p 3.13 --universal --generate-hashes --no-emit-index-url --override requirements/overrides.txt -o requirements/dev.txt
	@$(UV) pip compile --quiet --group bot -p 3.10 --universal --generate-hashes --no-emit-index-url -o requirements/bot.txt
	@$(UV) pip compile --quiet --group audit -p 3.13 --universal --generate-hashes --no-emit-index-url -o requirements/audit.txt
	@$(UV) pip compile --quiet --group deploy -p 3.13 --universal --generate-hashes --no-emit-index-url -o requirements/deploy.txt
	@$(UV) pip compile --quiet --group docs -p 3.13 --universal --generate-hashes --no-emit-index-url -o requirements/docs.txt

docs: .venv-docs/.ready ## build the documentation in site/; a dead link fails the build
	@.venv-docs/bin/sphinx-build -q -W --keep-going -b html docs site && echo "-> site/index.html"

audit: .venv-audit/.ready ## check the locked dependencies for known vulnerabilities; fails if the advisories are unreachable
	@.ci/audit .venv-audit/bin/pip-audit requirements/dev.txt requirements/bot.txt requirements/docs.txt requirements/audit.txt requirements/deploy.txt

sbom: .venv-audit/.ready ## write bills of materials (CycloneDX) of service and bot into sbom/
	@mkdir -p sbom
	@for group in service bot; do \
		.venv-audit/bin/python -W ignore -m cyclonedx_py requirements requirements/$$group.txt --pyproject pyproject.toml \
			--output-reproducible --of JSON -o sbom/$$group.json && echo "-> sbom/$$group.json" || exit 1; done

dist: setup ## build the Debian package in dist/; BOT=1 also builds the virtual agent's package
	@.venv/bin/python deploy/debian/build_package.py --uv $(UV)
ifdef BOT
	@$(MAKE) --no-print-directory setup-bot
	@.venv/bin/python deploy/debian/build_package.py --bot --uv $(UV)
endif

check-deploy: .venv-deploy/.ready ## lint the Dockerfile, the Compose file and the Helm chart, without running them
	@.venv-deploy/bin/python deploy/check_deploy.py

clean: ## delete the environments; the data in .patchboard stays
	rm -rf .venv .venv-bot .venv-audit .venv-docs .venv-deploy .venv-uv

.PHONY: help run test pytest compiled check train nlu conversations bench soak chaos chaos-hosts simulation screenshot setup setup-bot machine services browser migration catalogs language-ngrams lock docs audit sbom dist check-deploy clean
