//! The engine alone, in this process and without WebAssembly.

use crate::statistics::Spread;
use crate::{case, texts};
use aegis_engine::{
    Caches, Engine, Framing, MasterKey, Protocol, ResponseStream, Site, Vault, redact_request,
};
use aegis_policy::{CompiledPolicy, Direction, Slot};
use aegis_scanner::Budget;
use aegis_tests::chat;
use std::time::Instant;

const RUNS: usize = 15;
const TEXT: usize = 400_000;

/// Measures and prints.
pub(crate) fn report() {
    println!("\nEngine alone, native");
    let key = MasterKey::from_hex(&"00".repeat(32)).expect("a key");
    let engine = Engine::new(&CompiledPolicy::default(), &key).expect("the rules compile");
    let mut caches = engine.caches();
    for (name, text) in [
        ("English prose", texts::prose(TEXT, 1)),
        ("source code", texts::code(TEXT, 1)),
        ("Chinese", texts::chinese(TEXT, 1)),
    ] {
        let speed = Spread::of((0..RUNS).map(|_| scan(&engine, &mut caches, text.as_bytes())));
        print(&format!("scan of {name}"), &format!("{speed:.0} MB/s"));
    }
    let body = case::Case::clean(100_000).request;
    let time = Spread::of((0..RUNS).map(|_| redact(&engine, &mut caches, &body)));
    print("redaction of a 100 KB chat", &format!("{time:.0} µs"));
    let events = chat::stream(&texts::prose(64 * 6, 5), 6);
    let time = Spread::of((0..RUNS).map(|_| restore(&engine, &mut caches, &events)));
    print("restoration of a stream", &format!("{time:.0} ns per delta"));
}

fn scan(engine: &Engine, caches: &mut Caches, text: &[u8]) -> f64 {
    let mut found = Vec::new();
    let began = Instant::now();
    let mut budget = Budget::default();
    let site = Site::of(Direction::Request, Slot::User);
    let scanned = engine.detect(caches, site, text, &mut budget, &mut found);
    let elapsed = began.elapsed().as_secs_f64();
    assert!(scanned.is_ok() && found.is_empty(), "there is nothing to find: {found:?}");
    #[expect(clippy::cast_precision_loss)]
    let bytes = text.len() as f64;
    bytes / 1e6 / elapsed
}

/// Microseconds.
fn redact(engine: &Engine, caches: &mut Caches, body: &[u8]) -> f64 {
    let mut vault = vault();
    let began = Instant::now();
    let redacted = redact_request(engine, caches, Protocol::ChatCompletions, body, &mut vault).expect("JSON");
    let elapsed = began.elapsed();
    assert!(redacted.body.is_none(), "there is nothing to find");
    elapsed.as_secs_f64() * 1e6
}

/// Nanoseconds per event.
fn restore(engine: &Engine, caches: &mut Caches, events: &[String]) -> f64 {
    let mut vault = vault();
    vault.placeholder("EMAIL", b"somebody@example.org");
    let mut out = Vec::new();
    let began = Instant::now();
    let mut stream = ResponseStream::new(Protocol::ChatCompletions, Framing::Sse);
    for event in events {
        stream.push(engine, caches, &vault, event.as_bytes(), &mut out).expect("short events");
    }
    stream.finish(engine, caches, &vault, &mut out);
    let elapsed = began.elapsed();
    assert_eq!(out, events.concat().into_bytes(), "there is nothing to restore");
    #[expect(clippy::cast_precision_loss)]
    let count = events.len() as f64;
    elapsed.as_secs_f64() * 1e9 / count
}

fn vault() -> Vault {
    Vault::new(MasterKey::from_hex(&"5a".repeat(32)).expect("a key").tenant(b"bench"))
}

fn print(what: &str, value: &str) {
    println!("  {what:32} {value:>26}");
}
