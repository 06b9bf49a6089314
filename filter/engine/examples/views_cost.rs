//! What looking through disguises costs, beside the scan of the same text: `cargo run --release --example views_cost`.
//!
//! Reads the benign texts of `AEGIS_EVAL_DATA` if that is set, joined by language, and made-up ones otherwise.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a tool for developers")]

use aegis_engine::{Engine, builtin_rules, default_rules};
use aegis_policy::{Direction, Rule, Slot};
use aegis_scanner::{Budget, Labels, Pattern, RuleMask, RuleSet, Scanner};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const SIZE: usize = 400_000;
const RUNS: usize = 201;

fn main() {
    let ids = default_rules();
    let mut rules: Vec<Rule> = builtin_rules().expect("rules");
    rules.retain(|rule| ids.contains(&rule.id));
    let patterns: Vec<Pattern> = rules.iter().map(Pattern::from).collect();
    let (scanner, labels) = (Scanner::new(&patterns).expect("rules"), Labels::new(&patterns).expect("rules"));
    let set = RuleSet::acting(&rules, Slot::User, Direction::Request);
    let validators: Vec<_> = rules.iter().map(|rule| rule.validator).collect();
    let mask = RuleMask::new(&set, &validators, &labels);
    let engine = Engine::new(&ids).expect("rules");
    let (mut cache, mut caches) = (scanner.cache(), engine.caches());
    println!("{:12} {:>9} {:>12} {:>12} {:>7}", "text", "bytes", "scan MB/s", "all MB/s", "ratio");
    for (name, text) in texts() {
        let (mut plain, mut all) = (Duration::MAX, Duration::MAX);
        for _ in 0..RUNS {
            let began = Instant::now();
            scanner
                .scan(&mut cache, text.as_bytes(), &mask, &mut Budget::default(), &mut Vec::new())
                .expect("few matches");
            plain = plain.min(began.elapsed());
            let began = Instant::now();
            let budget = &mut Budget::default();
            engine
                .detect(&mut caches, Direction::Request, Slot::User, text.as_bytes(), budget, &mut Vec::new())
                .expect("few matches");
            all = all.min(began.elapsed());
        }
        #[expect(clippy::cast_precision_loss)]
        let speed = |time: Duration| text.len() as f64 / 1e6 / time.as_secs_f64();
        let ratio = all.as_secs_f64() / plain.as_secs_f64();
        println!("{name:12} {:>9} {:>12.0} {:>12.0} {ratio:>7.3}", text.len(), speed(plain), speed(all));
    }
}

/// Texts by name, each cut to [`SIZE`].
fn texts() -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (name, part) in [
        (
            "made-up en",
            "The quick brown fox jumps over the lazy dog, and nobody (as far as we know) has ever asked it why. ",
        ),
        (
            "made-up code",
            "    if (items[index].value != null && total_count < MAX) { print(\"%d of %d\\n\", index, total); }\n",
        ),
        ("made-up zh", "我们在会议上讨论了新的方案，大家都同意：先完成测试，再发布（下周）。"),
    ] {
        texts.insert(name.to_owned(), part.repeat(SIZE / part.len()));
    }
    if let Ok(folder) = std::env::var("AEGIS_EVAL_DATA") {
        for file in ["injection.jsonl", "commands.jsonl", "unicode.jsonl"] {
            let rows =
                std::fs::read_to_string(Path::new(&folder).join("dev").join(file)).expect("evaluation data");
            for row in rows.lines() {
                let row: serde_json::Value = serde_json::from_str(row).expect("JSON lines");
                if row["label"] == "benign" {
                    let text = texts.entry(row["lang"].as_str().unwrap_or("?").to_owned()).or_default();
                    text.push_str(row["text"].as_str().unwrap_or_default());
                    text.push('\n');
                }
            }
        }
    }
    // Only those that the command line names.
    let names: Vec<String> = std::env::args().skip(1).collect();
    texts.retain(|name, _| names.is_empty() || names.contains(name));
    for text in texts.values_mut() {
        text.truncate(text.floor_char_boundary(SIZE));
    }
    texts
}
