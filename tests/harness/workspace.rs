//! Where the things under test are.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the workspace")
}

/// The `aegisgate` binary: `AEGIS_BIN`, else the one that `make build` leaves in `dist/`.
pub fn binary() -> PathBuf {
    existing("AEGIS_BIN", "dist/aegisgate", "make build")
}

/// The compiled filter: `AEGIS_WASM`, else the one that `make build` leaves in `dist/`.
pub fn wasm() -> PathBuf {
    existing("AEGIS_WASM", "dist/aegisgate.wasm", "make build")
}

/// The filter that measures the engine.
pub fn probe() -> PathBuf {
    existing("AEGIS_PROBE", "dist/probe.wasm", "make bench")
}

/// Envoy: `ENVOY_BIN`, else the one that `make tools` leaves in `.tools/`.
pub fn envoy() -> PathBuf {
    existing("ENVOY_BIN", ".tools/envoy", "make tools")
}

/// The Python that has the official SDKs.
pub fn python() -> PathBuf {
    existing("AEGIS_TEST_PYTHON", ".tools/venv/bin/python", "make tools")
}

/// The folder in which `make e2e-agents` leaves the coding agents.
pub fn agents() -> PathBuf {
    existing("AEGIS_TEST_AGENTS", ".tools/agents", "make e2e-agents")
}

fn existing(variable: &str, default: &str, make: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from);
    assert!(path.exists(), "{} is missing: run `{make}`, or set {variable}", path.display());
    path
}
