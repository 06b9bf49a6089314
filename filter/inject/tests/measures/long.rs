//! Long texts that agents read all day: each window of them is a chance of a false alarm.

use crate::judge::{ACTED_ON, Judge, files, percent};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Bytes of a text, at least and at most.
const LEAST: usize = 20_000;
const MOST: usize = 50_000;

/// Texts of each kind.
const ROWS: usize = 12;

/// Parts of this repository that hold attacks, or were not written by people.
const NOT_ORDINARY: [&str; 11] = [
    "target",
    "dist",
    "tests",
    "inject",
    "injection",
    "cases",
    "rules",
    "destination",
    "link",
    "hosts",
    "blocked",
];

/// What the endings of files of text are.
const ENDINGS: [&str; 8] = ["rs", "md", "py", "toml", "yaml", "proto", "json", "sh"];

/// A file of long texts.
#[derive(Deserialize)]
struct Grammar {
    words: BTreeMap<String, Vec<String>>,
    kinds: BTreeMap<String, Vec<String>>,
    plain: BTreeMap<String, Vec<String>>,
}

/// Numbers that look random, of Knuth's MMIX.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, list: &'a [String]) -> &'a str {
        &list[self.below(list.len())]
    }
}

impl Grammar {
    fn read(name: &str) -> Grammar {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    /// `line` with its choices made.
    fn expand(&self, line: &str, numbers: &mut Numbers) -> String {
        let mut line = line.to_owned();
        while let Some((before, choices, behind)) = between(&line, '{', '}').filter(|one| one.1.contains('|'))
        {
            let choices: Vec<String> = choices.split('|').map(str::to_owned).collect();
            line = format!("{before}{}{behind}", numbers.pick(&choices));
        }
        for (name, list) in &self.words {
            let slot = format!("<{name}>");
            while line.contains(&slot) {
                line = line.replacen(&slot, numbers.pick(list), 1);
            }
        }
        line
    }

    /// Texts with what kind they are.
    fn texts(&self, language: &str) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (kind, lines) in &self.kinds {
            let mut numbers = Numbers(kind.len() as u64);
            for row in 0..ROWS {
                let size = LEAST + (MOST - LEAST) * row / ROWS;
                let mut text = String::new();
                while text.len() < size {
                    let lines = if numbers.below(4) == 0 { lines } else { &self.plain[kind] };
                    text += &self.expand(numbers.pick(lines), &mut numbers);
                    text +=
                        if matches!(kind.as_str(), "readme" | "advisory" | "manual") { "\n\n" } else { "\n" };
                }
                texts.push((format!("{kind}, {language}"), text));
            }
        }
        texts
    }
}

/// The first place between `open` and `close`, with what stands around it.
fn between(text: &str, open: char, close: char) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(open)?;
    let (inside, behind) = rest.split_once(close)?;
    Some((before, inside, behind))
}

/// Whether a folder, or a file, is ordinary text.
fn is_ordinary(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_text = || path.extension().is_some_and(|ending| ENDINGS.iter().any(|one| ending == *one));
    let is_left_out = path.is_symlink() || name.starts_with('.') || NOT_ORDINARY.contains(&&*name);
    !is_left_out && (path.is_dir() || is_text())
}

/// What people wrote for this repository, neighbours joined to long texts.
fn repository() -> Vec<(String, String)> {
    let paths = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &is_ordinary);
    let (mut texts, mut text) = (Vec::new(), String::new());
    for path in paths {
        text += &fs::read_to_string(&path).unwrap_or_default();
        while text.len() >= LEAST {
            let rest = text.split_off(text.floor_char_boundary(MOST));
            texts.push(("this repository".to_owned(), std::mem::replace(&mut text, rest)));
        }
    }
    texts
}

#[test]
fn long_texts_are_left_alone() {
    let mut judge = Judge::new();
    let mut texts = repository();
    texts.extend(Grammar::read("long-en.toml").texts("English"));
    texts.extend(Grammar::read("long-zh.toml").texts("Chinese"));
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (kind, text) in &texts {
        let row = table.entry(kind).or_default();
        row[2] += 1;
        for (index, (writer, least)) in ACTED_ON.into_iter().enumerate() {
            row[index] += usize::from(judge.score(text, writer) >= least);
        }
    }
    println!("{:24} texts  acted on as tool result  as user text", "");
    for (kind, [other, user, all]) in &table {
        println!("{kind:24} {all:5} {other:24} {user:13}");
    }
    for (index, (writer, least)) in ACTED_ON.into_iter().enumerate() {
        let acted = table.values().map(|row| row[index]).sum();
        let share = percent(acted, texts.len());
        println!("{writer:?} at {least}: {acted} of {} ({share:.2} %)", texts.len());
        assert!(share <= 1.0, "{writer:?}: {share:.2} %");
    }
    assert!(texts.len() >= 200, "{}", texts.len());
}
