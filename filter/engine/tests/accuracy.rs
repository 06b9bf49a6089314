//! Secrets of others are found, and their ordinary texts are not changed.
//!
//! The texts are not part of the project: `AEGIS_EVAL_DATA` names the folder that has them.
#![allow(clippy::unwrap_used, reason = "clippy.toml lifts it in #[test] functions only")]

mod labelled;

use aegis_engine::{Caches, Engine, MasterKey, Site};
use aegis_policy::{CompiledPolicy, Direction, Slot};
use aegis_scanner::{Budget, Match};
use labelled::rows;
use std::collections::BTreeMap;

/// The least share of texts with secrets that the default policy covers wholly.
const COVERED: f64 = 0.95;

/// The largest share of ordinary texts that it changes.
const CHANGED: f64 = 0.005;

/// Files of ordinary texts, and where they would stand in a request: prompts and documents, also with signs of many
/// scripts, and commands, also as arguments of tool calls.
const ORDINARY: [(&str, &[Slot]); 3] = [
    ("injection.jsonl", &[Slot::User, Slot::Document]),
    ("unicode.jsonl", &[Slot::User, Slot::Document]),
    ("commands.jsonl", &[Slot::User, Slot::ToolCallArguments]),
];

struct Bench {
    engine: Engine,
    caches: Caches,
}

impl Bench {
    fn new() -> Bench {
        let key = MasterKey::from_hex(&"31".repeat(32)).unwrap();
        let engine = Engine::new(&CompiledPolicy::default(), &key).unwrap();
        Bench { caches: engine.caches(), engine }
    }

    fn find(&mut self, slot: Slot, text: &str) -> Vec<Match> {
        let (mut found, mut budget) = (Vec::new(), Budget::default());
        let site = Site::of(Direction::Request, slot);
        self.engine.detect(&mut self.caches, site, text.as_bytes(), &mut budget, &mut found).unwrap();
        found
    }

    fn name(&self, one: &Match) -> String {
        self.engine.rule(one.rule).unwrap().id.clone()
    }
}

fn share(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}

#[test]
fn secrets_of_others_are_covered() {
    let Some(rows) = rows("secrets.jsonl", "positive") else { return };
    let mut bench = Bench::new();
    let (mut covered, mut missed) = (0, BTreeMap::<&str, usize>::new());
    for row in &rows {
        let found = bench.find(Slot::User, &row.text);
        let left = || row.spans.iter().filter(|span| !span.is_covered(&found));
        covered += usize::from(left().next().is_none());
        left().for_each(|span| *missed.entry(&span.r#type).or_default() += 1);
    }
    let share = share(covered, rows.len());
    println!("secrets: {covered} of {} covered ({:.2} %); missed: {missed:?}", rows.len(), share * 100.0);
    assert!(share >= COVERED);
}

#[test]
fn ordinary_texts_of_others_are_not_changed() {
    let mut bench = Bench::new();
    for (file, slots) in ORDINARY {
        let Some(rows) = rows(file, "benign") else { return };
        for slot in slots {
            let (mut changed, mut rules) = (0, BTreeMap::<String, usize>::new());
            for row in &rows {
                let found = bench.find(*slot, &row.text);
                changed += usize::from(!found.is_empty());
                for one in &found {
                    *rules.entry(bench.name(one)).or_default() += 1;
                }
            }
            let share = share(changed, rows.len());
            println!(
                "{file} {slot:?}: {changed} of {} changed ({:.2} %): {rules:?}",
                rows.len(),
                share * 100.0
            );
            assert!(share <= CHANGED, "{file} {slot:?}");
        }
    }
}
