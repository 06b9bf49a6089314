//! What the matrices have in common.

use aegis_inject::{Detector, Scratch, Writer};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The score from which on a text counts as an attack.
pub(crate) const FOUND: u8 = 50;

/// The scores from which on a policy of the usual level replaces what a tool returned, and refuses what a user wrote.
pub(crate) const ACTED_ON: [(Writer, u8); 2] = [(Writer::Other, 66), (Writer::User, 76)];

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
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Files below `folder`, in order, without what is not `wanted` and what is in it.
pub(crate) fn files(folder: &Path, wanted: &impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path, wanted) } else { vec![path] };
    entries.into_iter().filter(|path| wanted(path)).flat_map(below).collect()
}

/// A share in percent.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}
