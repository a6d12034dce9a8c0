.DEFAULT_GOAL := help
.PHONY: help demo demo-down test lint build client generate clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Build and start everything, apply the examples, leave it running
	@scripts/demo.sh

demo-down: ## End the demo; no process stays behind
	@cargo build --quiet -p devenv
	@"$${CARGO_TARGET_DIR:-target}/debug/devenv" down

test: ## Run everything that CI runs
	@scripts/test.sh

lint: ## Format check, clippy, cargo deny, the client's lint
	@scripts/test.sh rustfmt clippy cargo-deny client-lint shellcheck

build: client ## Build all binaries and the web client
	cargo build --workspace --bins

client: ## Build the web client into client/dist
	@scripts/client.sh

generate: ## Write what is generated from the code (manifests)
	@scripts/generate.sh

clean: ## Remove what was built here; the cache outside the tree stays
	cargo clean
	rm -rf client/dist client/node_modules
