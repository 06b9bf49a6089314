//! Every rule finds its examples and leaves its near misses alone, and is written down as the README says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy.toml lifts them in #[test] functions only")]

use aegis_inject::document::TechniqueFile;
use aegis_inject::{Cause, Detector, Scratch, Writer};
use std::path::Path;

fn files() -> Vec<TechniqueFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("techniques");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    paths.iter().map(read).collect()
}

fn found(detector: &Detector, scratch: &mut Scratch, text: &str) -> Vec<String> {
    let hits = detector.look(scratch, text.as_bytes(), Writer::Other).hits;
    let rule = |cause| match cause {
        Cause::Technique(index) => detector.technique(index).map(|rule| rule.id.clone()),
        Cause::Model(_) => None,
    };
    hits.into_iter().filter_map(|hit| rule(hit.cause)).collect()
}

#[test]
fn rules_find_their_examples_and_nothing_like_them() {
    let detector = Detector::new().unwrap();
    let mut scratch = Scratch::default();
    let mut wrong = Vec::new();
    for file in files() {
        let id = &file.technique.id;
        if file.technique.any.is_empty() {
            continue;
        }
        if file.matches.len() < 2 || file.no_matches.len() < 2 {
            wrong.push(format!("{id}: fewer than two examples of a kind"));
        }
        for (texts, expected) in [(&file.matches, true), (&file.no_matches, false)] {
            for text in texts {
                if found(&detector, &mut scratch, text).contains(id) != expected {
                    wrong.push(format!("{id}: {text}: {}", if expected { "not found" } else { "found" }));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_technique_has_attacks_and_twins_in_both_languages() {
    let files = files();
    for file in &files {
        let id = &file.technique.id;
        assert!(!file.technique.description.is_empty(), "{id}");
        assert!(file.grammar.values().all(|one| one.attack.len() > 1 && one.benign.len() > 1), "{id}");
        assert!(file.grammar.contains_key("en") && file.grammar.contains_key("zh"), "{id}");
    }
    assert!(files.len() >= 40, "{}", files.len());
}
