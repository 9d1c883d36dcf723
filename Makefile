# Every task of the project. CI calls only these targets; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

export PYTHONPATH := hack
# Tests start many programs that import Paddle or the Kubernetes client: without byte code each takes seconds more.
unexport PYTHONDONTWRITEBYTECODE
PYTHON := .venv/bin/python
SYSTEM_PYTHON := $(shell command -v python3.11 || command -v python3)
DEVCLUSTER := $(SYSTEM_PYTHON) -m devcluster
IMAGES := $(SYSTEM_PYTHON) -m images
APP_VERSION := $(shell sed -n 's/^appVersion: "\(.*\)"/\1/p' charts/segcompress/Chart.yaml)
PACKAGES := client/segcompress crds/segcompress_api operator/segcompress_operator runner/segcompress_runner hack bench tests examples

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

##### For a first look

.PHONY: demo
demo: install ## Run the main job on a local cluster; DATA=folder takes your own pictures
	@$(PYTHON) -m demo $(if $(DATA),--data "$(DATA)") $(if $(DRY_RUN),--dry-run)

.PHONY: demo-sweep
demo-sweep: install ## Run a sweep of eight trials on a local cluster, two at a time; print its frontier, report and promoted model
	@$(PYTHON) -m demo --sweep $(if $(DATA),--data "$(DATA)") $(if $(DRY_RUN),--dry-run)

.PHONY: seed-walkthrough
seed-walkthrough: install ## Follow docs/walkthrough.md on a local cluster: from labelme files to the table
	@$(PYTHON) -m walkthrough

.PHONY: demo-clean
demo-clean: install ## Remove what the demo created on your own cluster (SEGCOMPRESS_CONTEXT)
	@$(PYTHON) -m demo --clean

.PHONY: test
test: verify test-integration test-e2e ## Run everything that CI runs

.PHONY: cluster-up
cluster-up: install ## Start cluster, MinIO and operator, and print how to use them
	@$(PYTHON) -m demo --up

.PHONY: cluster-down
cluster-down: ## Stop the local cluster and remove everything that it created
	@$(DEVCLUSTER) down

##### For a change

.PHONY: install
install: .venv/.synced ## Install what development needs into .venv

.venv/.synced: pyproject.toml uv.lock
	@uv=$$(hack/bootstrap.sh)
	@echo "installing the locked packages into .venv"
	@$$uv sync --frozen --quiet --extra client --extra operator --extra runner
	@ln -sf "$$uv" .venv/bin/uv
	@touch $@

.PHONY: verify
verify: install ## Check what a commit needs: lint, types, contracts, unit tests, generated files
	@$(MAKE) --no-print-directory --jobs --output-sync=target lint typecheck crds-check test-unit

.PHONY: fmt
fmt: install ## Format the code
	@.venv/bin/ruff format -q .
	@.venv/bin/ruff check -q --fix .

.PHONY: lint
lint: install ## Lint, and check which package imports which
	@.venv/bin/ruff format --check -q . || { echo "run 'make fmt'"; exit 1; }
	@.venv/bin/ruff check -q .
	@.venv/bin/lint-imports --no-logo

.PHONY: typecheck
typecheck: install ## Check types
	@.venv/bin/mypy $(PACKAGES)

.PHONY: test-unit
test-unit: install ## Run the unit tests
	@.venv/bin/pytest -q tests/unit

.PHONY: test-model
test-model: install ## Take STEPS (10,000) random steps with the operator's stores and plan, simulate SWEEPS (500); prints the SEED
	@seed=$${SEED:-$$RANDOM}; echo "SEED=$$seed"; \
	SEGCOMPRESS_MODEL_STEPS=$${STEPS:-10000} SEGCOMPRESS_SIMULATED_SWEEPS=$${SWEEPS:-500} SEGCOMPRESS_SIMULATION_SEED=$$seed \
		.venv/bin/pytest -q --hypothesis-profile random --hypothesis-seed "$$seed" \
		tests/unit/operator/test_model.py tests/unit/operator/simulation

.PHONY: test-specs
test-specs: install ## Check SAMPLES (5,000) generated specs with a real API server and the types: both must agree
	@$(DEVCLUSTER) build etcd kubernetes
	@SEGCOMPRESS_SPECS=$${SAMPLES:-5000} .venv/bin/pytest -q -o faulthandler_timeout=0 tests/integration/api/test_agreement.py

.PHONY: test-sequences
test-sequences: install ## Run STORIES (10) sequences of edits per field of the schema, 5,000 transitions: each resource must settle
	@$(DEVCLUSTER) build etcd kubernetes helm
	@SEGCOMPRESS_STORIES=$${STORIES:-10} .venv/bin/pytest -q tests/integration/operator/test_sequences.py

.PHONY: test-faults
test-faults: install ## Inject every fault at every write and event, and write docs/faults.md; SCENARIO= KIND= SEED= RESUME=1 AT_ONCE=
	@$(DEVCLUSTER) build etcd kubernetes helm
	@PYTHONPATH=hack:tests:crds:operator $(PYTHON) -m faults --scenario "$(SCENARIO)" --kind "$(KIND)" --seed $(or $(SEED),0) \
		$(if $(RESUME),--resume) $(if $(AT_ONCE),--at-once $(AT_ONCE)) $(if $(SCENARIO)$(KIND),,--output docs/faults.md)

.PHONY: test-sweep-kills
test-sweep-kills: install ## Kill operator and API server during a sweep of TRIALS (300): nothing may be lost or doubled; SEED=
	@$(DEVCLUSTER) build etcd kubernetes helm
	@PYTHONPATH=hack:tests:crds:operator:runner $(PYTHON) -m sweep_kills --trials "$${TRIALS:-300}" $(if $(SEED),--seed $(SEED))

.PHONY: test-seeded-bugs
test-seeded-bugs: install ## Plant ten bugs in copies of the operator: each must be found; BUG= names one
	@$(DEVCLUSTER) build etcd kubernetes helm
	@PYTHONPATH=hack:tests:crds:operator $(PYTHON) -m faults.seeded_bugs --bug "$(BUG)"

.PHONY: test-rights
test-rights: install ## Remove each verb from the operator's roles: something must fail; writes docs/security.md
	@$(DEVCLUSTER) build etcd kubernetes helm
	@PYTHONPATH=hack:tests:crds:operator:runner $(PYTHON) -m rights

.PHONY: mutate
mutate: install ## Mutate the pure decisions one place at a time: unit tests must notice 85 % in each package
	@uv=$$(hack/bootstrap.sh)
	@$$uv sync --frozen --quiet --inexact --group mutate --extra client --extra operator --extra runner
	@$(PYTHON) -m mutation $(MUTANTS)

.PHONY: bench-operator
bench-operator: install ## Measure the operator beside a client without logic; BEFORE=commit and PEER=JobSet add others
	@$(DEVCLUSTER) build etcd kubernetes
	@PYTHONPATH=.:hack:tests:crds:operator $(PYTHON) -m bench.operator $(if $(BEFORE),--before $(BEFORE)) $(if $(PEER),--peer $(PEER)) $(BENCH_FLAGS)

.PHONY: bench-scale
bench-scale: install ## Measure the operator beside ever more resources, and write docs/scale.md; PEER=JobSet adds that one
	@$(DEVCLUSTER) build etcd kubernetes
	@PYTHONPATH=.:hack:tests:crds:operator:runner $(PYTHON) -m bench.operator.growth $(if $(PEER),--peer $(PEER)) $(BENCH_FLAGS)

.PHONY: test-handovers
test-handovers: install ## Change the leader HANDOVERS (200) times under load: no Job may be created twice
	@$(DEVCLUSTER) build etcd kubernetes helm
	@PYTHONPATH=.:hack:tests:crds:operator $(PYTHON) -m bench.handovers --handovers "$${HANDOVERS:-200}"

.PHONY: bench-sweeps
bench-sweeps: install ## Measure a sweep of 10,000 trials beside runs without a sweep, and write docs/sweep-speed.md
	@$(DEVCLUSTER) build etcd kubernetes
	@PYTHONPATH=.:hack:tests:crds:operator:runner $(PYTHON) -m bench.sweeps $(BENCH_FLAGS)

.PHONY: bench-fetch
bench-fetch: install ## Measure fetching 12,000 small objects beside s5cmd
	@$(DEVCLUSTER) build minio
	@PYTHONPATH=.:hack:crds:runner $(PYTHON) -m bench.fetch $(BENCH_FLAGS)

.PHONY: bench-strategies
bench-strategies: install sample ## Compress the sample model with every strategy, and write docs/results.md
	@PYTHONPATH=.:hack:crds:runner $(PYTHON) -m bench.strategies $(BENCH_FLAGS)

.PHONY: bench-int8
bench-int8: install sample ## Measure int8 on OpenVINO beside NNCF's, and write docs/int8.md
	@uv=$$(hack/bootstrap.sh)
	@$$uv sync --frozen --quiet --inexact --group bench-int8 --extra client --extra operator --extra runner
	@PYTHONPATH=.:hack:crds:runner:examples/sample $(PYTHON) -m bench.int8 $(BENCH_FLAGS)

.PHONY: bench-sparse
bench-sparse: install sample ## Measure sparse models on MNN beside dense ones, and write docs/sparse.md
	@PYTHONPATH=.:hack:crds:runner:examples/sample $(PYTHON) -m bench.sparse $(BENCH_FLAGS)

.PHONY: bench-training
bench-training: install sample ## Train and evaluate the sample model in turns with PaddleSlim; writes docs/training-speed.md
	@PYTHONPATH=.:hack:crds:runner $(PYTHON) -m bench.training $(BENCH_FLAGS)

# Three workers on two cores: tests of the operator wait most of the time (decision 45).
.PHONY: test-integration
test-integration: install ## Run against a real kube-apiserver, MinIO and Paddle
	@$(DEVCLUSTER) build etcd kubernetes minio helm states
	@$(DEVCLUSTER) browser || echo "without chromium the tests of the report are not run"
	@.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not large" tests/integration

.PHONY: test-kubernetes-minors
test-kubernetes-minors: install ## Run the operator's integration tests on older Kubernetes, MINORS="1.35 1.34"; for a nightly run
	@for minor in $(or $(MINORS),1.35 1.34); do
	    $(DEVCLUSTER) build etcd "kubernetes-$$minor" kubernetes helm
	    echo "Kubernetes $$minor"
	    SEGCOMPRESS_KUBERNETES="$$minor" .venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder tests/integration/operator
	done

.PHONY: test-kueue
test-kueue: install ## Run two tenants with Kueue's own manager: KUEUE=checkout (docs/kueue.md); WRITE=1 writes the page's tables
	@$(DEVCLUSTER) build etcd kubernetes helm
	@SEGCOMPRESS_KUEUE="$(KUEUE)" SEGCOMPRESS_WRITE_PAGE="$(WRITE)" .venv/bin/pytest \
		tests/tools/test_kueue.py tests/tools/test_kueue_sweeps.py tests/tools/test_kueue_fair_sharing.py

.PHONY: test-tools
test-tools: install ## Check how other tools interpret each state: KUBE_STATE_METRICS= ARGO_CD= ARGO_WORKFLOWS= name checkouts (docs/gitops.md)
	@$(DEVCLUSTER) build etcd kubernetes helm
	@SEGCOMPRESS_KUBE_STATE_METRICS="$(KUBE_STATE_METRICS)" SEGCOMPRESS_ARGO_CD="$(ARGO_CD)" \
		SEGCOMPRESS_ARGO_WORKFLOWS="$(ARGO_WORKFLOWS)" .venv/bin/pytest tests/tools --ignore-glob 'tests/tools/test_kueue*'

.PHONY: test-alerts
test-alerts: install ## Check and test the chart's alerts with Prometheus' promtool (Debian: the package prometheus)
	@command -v promtool >/dev/null || { echo "promtool is not on PATH; it comes with Prometheus" >&2; exit 1; }
	@.venv/bin/pytest -q tests/alerts

.PHONY: test-upgrade
test-upgrade: install ## Upgrade from the commit BEFORE (the last tag, or else HEAD~1) and back, with RUNS (30) in flight
	@$(DEVCLUSTER) build etcd kubernetes
	@before="$(or $(BEFORE),$(shell git describe --tags --abbrev=0 2>/dev/null || echo HEAD~1))"
	@echo "BEFORE=$$before"
	@SEGCOMPRESS_BEFORE="$$before" SEGCOMPRESS_RUNS="$${RUNS:-30}" .venv/bin/pytest tests/upgrade

.PHONY: test-large
test-large: install ## Run what takes minutes and shows scale; `make test` has small versions
	@$(DEVCLUSTER) build minio
	@.venv/bin/pytest tests/large
	@.venv/bin/pytest -m large tests/integration

.PHONY: networks
networks: install ## Take PaddleSeg's networks from configuration to verdict; writes docs/models.md; ONLY=UNet RESUME=1
	@$(DEVCLUSTER) build minio
	@SEGCOMPRESS_RESUME=$(RESUME) .venv/bin/pytest tests/large/test_networks.py $(if $(ONLY),-k "$(ONLY)")
	@$(if $(ONLY),,PYTHONPATH=tests $(PYTHON) -m large.network_table)

# Those that make a cluster of their own run beside those that share one: both wait most of the time.
APART := tests/e2e/test_own_cluster.py tests/e2e/test_teardown.py

.PHONY: test-e2e
test-e2e: install ## Run against a real kubelet with the real images
	@$(MAKE) --no-print-directory --jobs=2 test-e2e-shared test-e2e-apart

.PHONY: test-e2e-shared
test-e2e-shared: install
	@.venv/bin/pytest tests/e2e $(addprefix --ignore=,$(APART))

.PHONY: test-e2e-apart
test-e2e-apart: install
	@said=$$(.venv/bin/pytest $(APART) 2>&1) || failed=$$?
	echo "$$said"  # at once: not between the lines of the others
	exit $${failed:-0}

.PHONY: crds
crds: install ## Generate the CRD and the chart's copy from the types
	@$(PYTHON) -m segcompress_api.schema

.PHONY: crds-check
crds-check: install
	@$(PYTHON) -m segcompress_api.schema --check

.PHONY: chart-values
chart-values: install ## Write the table of values into the chart's README
	@$(PYTHON) -m chart_values

.PHONY: security-page
security-page: install ## Write the tables of hostile cases into docs/security.md
	@PYTHONPATH=hack:tests:crds:operator:runner $(PYTHON) -m hostile.page

.PHONY: images
images: ## Build the operator's and the runner's image
	@$(IMAGES) build operator runner

.PHONY: push
push: export IMAGE_TAG ?= $(APP_VERSION)
push: ## Build both and push them to IMAGE_PREFIX=registry/path, tagged as the chart expects
	@$(IMAGES) push operator runner $(if $(INSECURE),--insecure)

.PHONY: push-gpu
push-gpu: export IMAGE_TAG ?= $(APP_VERSION)
push-gpu: ## Build the runner for CUDA and push it as IMAGE_PREFIX/runner-gpu
	@$(IMAGES) push runner --gpu $(if $(INSECURE),--insecure)

.PHONY: image-gpu
image-gpu: ## Build the runner's image for CUDA, and try to import Paddle in it
	@$(IMAGES) build runner --gpu
	@$(IMAGES) check runner --gpu

.PHONY: sample
sample: install ## Generate the sample dataset into examples/sample/dataset
	@$(PYTHON) examples/sample/make_dataset.py examples/sample/dataset
