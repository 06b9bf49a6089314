//! What the matrices have in common.

use aegis_inject::{Detector, Scratch, Writer};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// The score from which on a text counts as an attack.
pub(crate) const FOUND: u8 = 50;

/// Scores texts.
pub(crate) struct Judge {
    detector: Detector,
    scratch: Scratch,
}

impl Judge {
    pub(crate) fn new() -> Judge {
        Judge { detector: Detector::new().unwrap(), scratch: Scratch::default() }
    }

    pub(crate) fn score(&mut self, text: &str, writer: Writer) -> u8 {
        self.detector.look(&mut self.scratch, text.as_bytes(), writer).score
    }

    /// Where in `text` stands what scores so much.
    pub(crate) fn places(&mut self, text: &str, writer: Writer) -> Vec<Range<usize>> {
        let outcome = self.detector.look(&mut self.scratch, text.as_bytes(), writer);
        outcome.places(FOUND).into_iter().map(|hit| hit.span).collect()
    }
}

/// Lists of texts in a file of `tests/data`, by name.
pub(crate) fn lists(name: &str) -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A share in percent.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}
