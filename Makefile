# Two commands matter: `make demo` and `make test`. Both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Processes for the tests: most of their time is waiting for other processes, so three on two cores.
TEST_PROCESSES ?= 3
PYTEST := $(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --max-worker-restart 0

.PHONY: demo test test-all check docs bench-dashboard bench-sidecar bench-store bench-scale bench-feedback bench-simulation soak proto screenshots clean

demo: $(VENV)/installed  ## run the example shop; pass options as ARGS="--fault fail"
	exec $(BIN)/spanmesh demo $(ARGS)

test: check $(VENV)/system  ## linters, types, layering, then every test, long ones on a sample
	@bash tests/javascript/run.sh test
	$(PYTEST) $(ARGS)

test-all: check $(VENV)/system  ## the same at full size: more examples, larger bodies, real waits
	@bash tests/javascript/run.sh test
	SPANMESH_TEST_ALL=1 $(PYTEST) $(ARGS)

check: $(VENV)/installed-dev $(VENV)/javascript  ## ruff, mypy, import-linter; eslint and tsc where Node is there
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@bash tests/javascript/run.sh check

bench-sidecar: $(VENV)/installed-dev $(VENV)/system  ## the sidecar beside Envoy; needs two cores
	$(BIN)/python -m tests.bench.sidecar $(ARGS)

bench-feedback: $(VENV)/installed-dev  ## misbehaving backends, us beside other balancers; ARGS="--full" for all
	$(BIN)/python -m tests.bench.feedback $(ARGS)

bench-simulation: $(VENV)/installed-dev  ## the same code in simulated time, 1,000 clients
	$(BIN)/python -m tests.sim $(ARGS)

bench-store: $(VENV)/installed-dev  ## bytes on disk and answers of the store at 1 and 10 million spans; ingest
	$(BIN)/python -m tests.bench.store $(ARGS)

bench-dashboard: $(VENV)/installed-dev $(VENV)/system  ## first paint, callbacks, and what ten open dashboards cost
	$(BIN)/python -m tests.bench.dashboard $(ARGS)

soak: $(VENV)/installed-dev  ## mixed load and faults through two sidecars, three minutes
	$(BIN)/python -m tests.bench.soak $(ARGS)

bench-scale: $(VENV)/installed-dev  ## one collector and up to a thousand simulated sidecars
	$(BIN)/python -m tests.bench.scale $(ARGS)

docs: $(VENV)/installed  ## what is made of the code: the references of options, of mesh.yaml and of the API
	$(BIN)/python -m deploy.cli.options_reference > docs/configuration.md
	$(BIN)/python -m topology.policy.reference > docs/mesh-yaml.md
	$(BIN)/python -m deploy.cli.api_reference openapi > docs/openapi.json
	$(BIN)/python -m deploy.cli.api_reference < docs/api.md > docs/api.md.new && mv docs/api.md.new docs/api.md

proto: $(VENV)/installed-dev  ## compile every message after a change of a .proto; ClickHouse reads spans.proto itself
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. proxy/contract/xds/messages.proto collector/otlp/span_index.proto collector/formats/zipkin.proto collector/query/jaeger/api_v3.proto

screenshots: $(VENV)/installed-dev $(VENV)/system  ## the pictures of the README, from a live demo
	$(BIN)/python -m tests.browser.screenshots

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("spanmesh needs Python 3.11 or newer; this is %s. Run: make PYTHON=python3.11" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --editable '.[all]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $(VENV)/installed $@

# Chromium and iproute2 are no Python packages: installed here where the machine allows it.
$(VENV)/system: tests/system.sh $(VENV)/bin/python
	@bash tests/system.sh
	@touch $@

# Where Node is there. The packages stay beside their list: Node looks for them upwards from who asks.
$(VENV)/javascript: tests/javascript/package.json $(VENV)/bin/python
	@bash tests/javascript/run.sh install
	@touch $@

clean:
	rm -rf $(VENV) tests/javascript/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/artifacts
