//! Streams that were recorded from providers pass byte-identical, however they are cut, while values wait in the vault.
//!
//! The recordings are not part of the project: `AEGIS_EVAL_DATA` names the folder that has them.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml lifts it in #[test] functions only, not in what they call"
)]

use aegis_engine::{Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, compile};
use aegis_policy::Policy;
use std::path::{Path, PathBuf};

fn recordings(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            recordings(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sse") {
            found.push(path);
        }
    }
}

#[test]
fn recorded_streams_pass_unchanged() {
    let Some(data) = std::env::var_os("AEGIS_EVAL_DATA") else {
        eprintln!("SKIPPED: recorded_streams_pass_unchanged needs AEGIS_EVAL_DATA");
        return;
    };
    let mut paths = Vec::new();
    recordings(&Path::new(&data).join("dev/streams"), &mut paths);
    assert!(!paths.is_empty(), "no recordings");
    let key = MasterKey::from_hex(&"11".repeat(32)).unwrap();
    let engine = Engine::new(&compile(&Policy::only(&[]), &key).unwrap(), &key).unwrap();
    let mut caches = engine.caches();
    let mut vault = Vault::new(key.tenant(b"recorded"));
    vault.placeholder("EMAIL", b"somebody@corp.example");
    for path in paths {
        let recorded = std::fs::read(&path).unwrap();
        for protocol in Protocol::names().filter_map(Protocol::by_name) {
            for size in [usize::MAX, 1, 7, 1000] {
                let mut stream = ResponseStream::new(protocol, Framing::Sse);
                let mut out = Vec::new();
                for chunk in recorded.chunks(size) {
                    stream.push(&engine, &mut caches, &vault, chunk, &mut out).unwrap();
                }
                stream.finish(&engine, &mut caches, &vault, &mut out);
                assert!(out == recorded, "{} in pieces of {size}", path.display());
            }
        }
    }
}
