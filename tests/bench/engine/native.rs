//! The engine in this process and without WebAssembly.

use super::rate;
use crate::statistics::Spread;
use aegis_engine::{Caches, Engine, MasterKey, Site};
use aegis_policy::{CompiledPolicy, Direction, Slot};
use aegis_scanner::Budget;
use regex::bytes::{Regex, RegexBuilder};
use std::time::Instant;

const RUNS: usize = 15;

/// The engine with the default policy, and its rules for a library.
#[derive(Debug)]
pub(super) struct Native {
    engine: Engine,
    caches: Caches,
    library: Regex,
    compiled: f64,
    judging_bytes: usize,
}

// === impl Native ===

impl Native {
    pub(super) fn new() -> Native {
        let key = MasterKey::from_hex(&"00".repeat(32)).expect("a key");
        let mut engine = None;
        let compiled = millis(|| engine = Some(Engine::new(&CompiledPolicy::default(), &key)));
        let engine = engine.and_then(Result::ok).expect("the rules compile");
        let (caches, library) = (engine.caches(), library(&engine));
        Native { engine, caches, library, compiled, judging_bytes: 0 }
    }

    pub(super) fn catalogue(&self) -> String {
        let (size, compiled) = (self.engine.size(), self.compiled);
        let (rules, states) = (size.rules, size.states);
        format!(
            "{rules} rules, {states} states, {} KB, compiled natively in {compiled:.0} ms",
            size.bytes / 1000
        )
    }

    /// Megabytes per second.
    pub(super) fn scan(&mut self, text: &str) -> Spread {
        Spread::of((0..RUNS).map(|_| {
            let mut found = Vec::new();
            let site = Site::of(Direction::Request, Slot::User);
            let (engine, caches) = (&self.engine, &mut self.caches);
            let mut scanned = Ok(());
            let time = millis(|| {
                scanned = engine.detect(caches, site, text.as_bytes(), &mut Budget::default(), &mut found);
            });
            assert!(scanned.is_ok() && found.is_empty(), "there is nothing to find");
            rate(text, time)
        }))
    }

    /// Milliseconds and steps of the exact machine per byte, views included; the fast pass takes two more.
    pub(super) fn hostile(&mut self, text: &str) -> (f64, f64) {
        let mut caches = self.engine.caches();
        let site = Site::of(Direction::Request, Slot::User);
        let time = millis(|| {
            // Some are refused, which is an answer as well.
            _ = self.engine.detect(
                &mut caches,
                site,
                text.as_bytes(),
                &mut Budget::default(),
                &mut Vec::new(),
            );
        });
        #[expect(clippy::cast_precision_loss)]
        let steps = caches.work() as f64 / text.len() as f64;
        (time, steps)
    }

    /// Microseconds for a text that no cache knows.
    pub(super) fn judge(&mut self, text: &str, of_user: bool) -> Spread {
        let slot = if of_user { Slot::User } else { Slot::ToolResult };
        Spread::of((0..RUNS).map(|_| {
            let mut caches = self.engine.caches();
            let time =
                millis(|| assert!(self.engine.injection(&mut caches, slot, text.as_bytes()).is_some()));
            self.judging_bytes = self.judging_bytes.max(self.engine.injection_bytes(&caches));
            time * 1e3
        }))
    }

    /// Bytes that judging a text took at most, the model included.
    pub(super) fn judging_bytes(&self) -> usize {
        self.judging_bytes
    }

    /// Megabytes per second of the regex crate with the rules' patterns as one, without caps and validators.
    pub(super) fn library(&self, text: &str) -> f64 {
        rate(text, millis(|| assert!(self.library.find_iter(text.as_bytes()).count() < text.len())))
    }

    /// Megabytes per second of a copy of the memory.
    pub(super) fn copy(text: &str) -> f64 {
        let mut copy = vec![0; text.len()];
        rate(
            text,
            millis(|| {
                copy.copy_from_slice(std::hint::black_box(text.as_bytes()));
                std::hint::black_box(&copy);
            }),
        )
    }
}

fn millis(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64() * 1e3
}

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
