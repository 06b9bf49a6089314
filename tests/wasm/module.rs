//! The compiled module asks nothing of Envoy that Envoy does not have, and stays small.

use aegis_tests::workspace;
use std::collections::BTreeSet;
use wasmparser::{Parser, Payload, TypeRef};

/// DESIGN budget of the module, in bytes: every worker thread instantiates it.
const MAX_SIZE: usize = 2_500_000;

/// Pages of 64 KiB that the module's memory may grow to (`.cargo/config.toml`).
const MAX_PAGES: u64 = 2048;

/// What Envoy's WASI implementation has; anything else fails to load at the first request.
const WASI: &[&str] = &[
    "environ_get",
    "environ_sizes_get",
    "fd_write",
    "proc_exit",
    "random_get",
    "clock_time_get",
    "sched_yield",
];

#[test]
fn imports_are_those_of_proxy_wasm() {
    let module = std::fs::read(workspace::wasm()).unwrap();
    let mut unknown = BTreeSet::new();
    let mut imports = 0;
    for payload in Parser::new(0).parse_all(&module) {
        let Payload::ImportSection(section) = payload.unwrap() else { continue };
        for import in section.into_imports() {
            let import = import.unwrap();
            imports += 1;
            let known = match import.module {
                "env" => import.name.starts_with("proxy_"),
                "wasi_snapshot_preview1" => WASI.contains(&import.name),
                _ => false,
            };
            if !known || !matches!(import.ty, TypeRef::Func(_)) {
                unknown.insert(format!("{}.{}", import.module, import.name));
            }
        }
    }
    assert!(imports > 10, "only {imports} imports were found");
    assert_eq!(unknown, BTreeSet::new());
}

#[test]
fn size_and_memory_are_bounded() {
    let module = std::fs::read(workspace::wasm()).unwrap();
    assert!(module.len() <= MAX_SIZE, "{} bytes", module.len());
    let mut memories = Vec::new();
    for payload in Parser::new(0).parse_all(&module) {
        if let Payload::MemorySection(section) = payload.unwrap() {
            memories.extend(section.into_iter().map(|memory| memory.unwrap().maximum));
        }
    }
    assert_eq!(memories, [Some(MAX_PAGES)]);
}
