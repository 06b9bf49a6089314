//! Labelled texts of others. They are not part of the project: `AEGIS_EVAL_DATA` names the folder that has them.

use aegis_scanner::Match;
use serde::Deserialize;
use std::path::Path;

/// A text.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) text: String,
    label: String,
    /// What is to be found in it.
    #[serde(default)]
    pub(crate) spans: Vec<Span>,
}

/// A value in a text.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Span {
    pub(crate) bstart: usize,
    pub(crate) bend: usize,
    /// What it is, in the words of the collection.
    #[serde(default)]
    pub(crate) r#type: String,
}

// === impl Span ===

impl Span {
    /// Whether nothing of it is left when what was `found` is taken out.
    pub(crate) fn is_covered(&self, found: &[Match]) -> bool {
        let is_replaced = |at: usize| found.iter().any(|one| (one.value..one.end).contains(&(at as u64)));
        (self.bstart..self.bend).all(is_replaced)
    }
}

/// The rows of `file` with this label, if they are at hand.
pub(crate) fn rows(file: &str, label: &str) -> Option<Vec<Row>> {
    let Some(folder) = std::env::var_os("AEGIS_EVAL_DATA") else {
        eprintln!("SKIPPED: {file} needs AEGIS_EVAL_DATA");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join("dev").join(file)).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Row>(line).unwrap());
    let rows: Vec<Row> = rows.filter(|row| row.label == label).collect();
    assert!(rows.len() > 300, "{file} holds {} rows", rows.len());
    Some(rows)
}
