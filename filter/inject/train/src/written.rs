//! Texts that somebody wrote one by one, in `train/written`: a folder of files for each one who did.
//!
//! Templates share the style of their author. What another hand writes about the same attack shares little with them, so
//! each folder is a fold of its own.

use crate::corpus::{Text, placed};
use crate::example::As;
use crate::grammar::{Grammars, files};
use crate::rng::Rng;
use anyhow::{Context as _, ensure};
use serde::Deserialize;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How the source of such a text begins.
pub(crate) const WRITTEN: &str = "written ";

/// What stands around the passage of a document that gives an order.
const MARKS: [char; 2] = ['⟦', '⟧'];

/// Bytes of the longest message of which each part is an attack by itself.
const SHORT: usize = 240;

/// A file of texts about one subject.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for those who read the file")]
    subject: String,
    language: String,
    slot: As,
    /// In a document the order stands between [`MARKS`].
    attack: Vec<String>,
    benign: Vec<String>,
}

/// The folders of `train/written`, sorted.
pub(crate) fn folders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let written = folder.join("train/written");
    let entries = fs::read_dir(&written).with_context(|| written.display().to_string())?;
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}

/// All texts; what is short in documents also as a part of another one, such as a cell of a table.
pub(crate) fn texts(folder: &Path, grammars: &Grammars) -> anyhow::Result<Vec<Text>> {
    let mut texts = Vec::new();
    let mut number = 0;
    for hand in folders(folder)? {
        for path in files(&hand)? {
            let name = path.display().to_string();
            let file: File = toml::from_str(&fs::read_to_string(&path)?).with_context(|| name.clone())?;
            let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let (fold, subject) = (stem(&hand), stem(&path));
            for (attack, bodies) in [(true, &file.attack), (false, &file.benign)] {
                let kind = if attack { "attack" } else { "benign" };
                let mut rng = Rng::of(&[&fold, &subject, kind]);
                let text = |body: String, span: Option<Range<usize>>| Text {
                    body,
                    attack,
                    source: format!("{WRITTEN}{fold}/{subject} {kind}"),
                    fold: fold.clone(),
                    language: file.language.clone(),
                    span,
                    template: Some(number),
                    slot: Some(file.slot),
                };
                for body in bodies {
                    let (body, span) = passage(body, attack, file.slot).with_context(|| name.clone())?;
                    let core = span.clone().and_then(|span| body.get(span)).unwrap_or_default();
                    if file.slot == As::Document && core.len() <= SHORT {
                        let (longer, at) = placed(grammars, &file.language, core, &mut rng)?;
                        if longer != body {
                            texts.push(text(longer, Some(at)));
                        }
                    }
                    texts.push(text(body, span));
                }
            }
            number += 1;
        }
    }
    Ok(texts)
}

/// A text without marks, and where what makes it an attack stands, if that is known.
fn passage(text: &str, attack: bool, slot: As) -> anyhow::Result<(String, Option<Range<usize>>)> {
    if !attack || slot == As::Message {
        ensure!(!text.contains(MARKS), "marks where none belong: {text}");
        return Ok((text.to_owned(), (!attack || text.len() <= SHORT).then_some(0..text.len())));
    }
    let [open, close] = MARKS;
    let inside = text.split_once(open).and_then(|(before, rest)| Some((before, rest.split_once(close)?)));
    let (before, (passage, behind)) = inside.context("a passage stands between marks")?;
    ensure!(
        !(before.contains(MARKS) || passage.contains(MARKS) || behind.contains(MARKS)),
        "one passage: {text}"
    );
    let span = before.len()..before.len() + passage.len();
    Ok((format!("{before}{passage}{behind}"), Some(span)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_known_by_its_marks() {
        let of = |text, attack, slot| passage(text, attack, slot).ok();
        assert_eq!(of("a⟦bc⟧d", true, As::Document), Some(("abcd".to_owned(), Some(1..3))));
        assert_eq!(of("abcd", true, As::Document), None);
        assert_eq!(of("a⟧b⟦c", true, As::Document), None);
        assert_eq!(of("a⟦b⟧c⟦d⟧", true, As::Document), None);
        assert_eq!(of("a⟦b⟧", false, As::Document), None);
        assert_eq!(of("abcd", true, As::Message), Some(("abcd".to_owned(), Some(0..4))));
        assert_eq!(of(&"a".repeat(300), true, As::Message).unwrap().1, None);
    }
}
