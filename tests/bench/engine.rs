//! The engine alone, in this process and without WebAssembly.

use crate::statistics::Spread;
use crate::{case, hostile, texts};
use aegis_engine::{
    Caches, Engine, Framing, MasterKey, Protocol, ResponseStream, Site, Vault, redact_request,
};
use aegis_policy::{CompiledPolicy, Direction, Slot};
use aegis_scanner::Budget;
use aegis_tests::chat;
use regex::bytes::{Regex, RegexBuilder};
use std::time::Instant;

const RUNS: usize = 15;
const TEXT: usize = 400_000;

/// Measures and prints.
pub(crate) fn report() {
    println!("\nEngine alone, native");
    let key = MasterKey::from_hex(&"00".repeat(32)).expect("a key");
    let began = Instant::now();
    let engine = Engine::new(&CompiledPolicy::default(), &key).expect("the rules compile");
    let built = began.elapsed().as_secs_f64() * 1e3;
    let size = engine.size();
    print("catalogue", &format!("{} rules, {} states, {} KB", size.rules, size.states, size.bytes / 1000));
    print("compiling it", &format!("{built:.0} ms"));
    let mut caches = engine.caches();
    let library = library(&engine);
    for (name, text) in texts::all(TEXT) {
        let text = text.as_bytes();
        let first = scan(&engine, &mut caches, text);
        let speed = Spread::of((0..RUNS).map(|_| scan(&engine, &mut caches, text)));
        print(&format!("scan of {name}"), &format!("{speed:.0} MB/s, the first time {first:.0}"));
        let began = Instant::now();
        assert!(library.find_iter(text).count() < text.len());
        print("  the same with the regex crate", &format!("{:.3} MB/s", rate(text.len(), began)));
        let mut copy = vec![0; text.len()];
        let began = Instant::now();
        copy.copy_from_slice(std::hint::black_box(text));
        std::hint::black_box(&copy);
        print("  a copy of its memory", &format!("{:.0} MB/s", rate(text.len(), began)));
    }
    let body = case::Case::clean(100_000).request;
    let time = Spread::of((0..RUNS).map(|_| redact(&engine, &mut caches, &body)));
    print("redaction of a 100 KB chat", &format!("{time:.0} µs"));
    for (name, text) in texts::all(100_000) {
        let text = text.as_bytes();
        let time = Spread::of((0..RUNS).map(|_| judge(&engine, text, Slot::User)));
        print(&format!("injection: {name}, 100 KB"), &format!("{time:.0} µs never seen, as a user's words"));
        let time = Spread::of((0..RUNS).map(|_| judge(&engine, text, Slot::ToolResult)));
        print("  as a tool's", &format!("{time:.0} µs"));
    }
    print("  memory for it", &format!("{} KiB", engine.injection_bytes(&caches) >> 10));
    let events = chat::stream(&texts::prose(64 * 6, 5), 6);
    let mut held = 0;
    let time = Spread::of((0..RUNS).map(|_| restore(&engine, &mut caches, &events, &mut held)));
    print("restoration of a stream", &format!("{time:.0} ns per delta"));
    print("  held back behind any delta", &format!("{held} bytes"));
    assert_eq!(held, 0, "nothing is open in ordinary text");
}

/// Scans hostile texts, prints what they cost, and returns them, worst first, without those that are refused. Steps are
/// those of the exact machine, views included; the fast pass takes two more.
pub(crate) fn hostile(bytes: usize) -> Vec<(&'static str, String)> {
    println!("\nHostile texts of {bytes} bytes, native");
    let key = MasterKey::from_hex(&"00".repeat(32)).expect("a key");
    let engine = Engine::new(&CompiledPolicy::default(), &key).expect("the rules compile");
    let mut results = Vec::new();
    for (name, text) in hostile::all(bytes) {
        // New caches: what is hostile is also what builds states.
        let mut caches = engine.caches();
        let mut found = Vec::new();
        let began = Instant::now();
        let site = Site::of(Direction::Request, Slot::User);
        let scanned =
            engine.detect(&mut caches, site, text.as_bytes(), &mut Budget::default(), &mut found).is_ok();
        let elapsed = began.elapsed();
        let millis = elapsed.as_secs_f64() * 1e3;
        let outcome = if scanned { format!("{} found", found.len()) } else { "refused".to_owned() };
        #[expect(clippy::cast_precision_loss)]
        let (per_byte, steps) = (millis * 1e6 / text.len() as f64, caches.work() as f64 / text.len() as f64);
        print(name, &format!("{millis:.0} ms, {per_byte:.0} ns and {steps:.1} steps per byte, {outcome}"));
        if scanned {
            results.push((elapsed, name, text));
        }
    }
    results.sort_by_key(|(elapsed, ..)| std::cmp::Reverse(*elapsed));
    results.into_iter().map(|(_, name, text)| (name, text)).collect()
}

fn scan(engine: &Engine, caches: &mut Caches, text: &[u8]) -> f64 {
    let mut found = Vec::new();
    let began = Instant::now();
    let mut budget = Budget::default();
    let site = Site::of(Direction::Request, Slot::User);
    let scanned = engine.detect(caches, site, text, &mut budget, &mut found);
    let rate = rate(text.len(), began);
    assert!(scanned.is_ok() && found.is_empty(), "there is nothing to find: {found:?}");
    rate
}

/// Megabytes per second.
fn rate(bytes: usize, began: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let bytes = bytes as f64;
    bytes / 1e6 / began.elapsed().as_secs_f64()
}

/// The rules' patterns as one regular expression, without caps and validators.
fn library(engine: &Engine) -> Regex {
    let patterns: Vec<String> = engine
        .rules()
        .iter()
        .filter(|rule| !rule.pattern.is_empty() && rule.directions.contains(&Direction::Request))
        .map(|rule| {
            let around = |part: &Option<String>| part.clone().unwrap_or_default();
            format!("(?:(?:{})(?:{})(?:{}))", around(&rule.label), rule.pattern, around(&rule.behind))
        })
        .collect();
    RegexBuilder::new(&patterns.join("|"))
        .unicode(false)
        .size_limit(1 << 30)
        .build()
        .expect("the scanner accepts them")
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

/// Microseconds for a text that no cache knows.
fn judge(engine: &Engine, text: &[u8], slot: Slot) -> f64 {
    let mut caches = engine.caches();
    let began = Instant::now();
    let seen = engine.injection(&mut caches, slot, text);
    let elapsed = began.elapsed();
    assert!(seen.is_some(), "it is looked for");
    elapsed.as_secs_f64() * 1e6
}

/// Nanoseconds per event.
fn restore(engine: &Engine, caches: &mut Caches, events: &[String], held: &mut usize) -> f64 {
    let mut vault = vault();
    vault.placeholder("EMAIL", b"somebody@example.org");
    let mut out = Vec::new();
    let began = Instant::now();
    let mut stream = ResponseStream::new(Protocol::ChatCompletions, Framing::Sse);
    for event in events {
        stream.push(engine, caches, &vault, event.as_bytes(), &mut out).expect("short events");
        *held = stream.held().max(*held);
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
    println!("  {what:32} {value:>40}");
}
