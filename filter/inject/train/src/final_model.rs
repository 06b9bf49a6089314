//! The model that is kept: trained on everything, in integers, with its scale.

use crate::example::{As, Example, samples};
use crate::folds::score;
use crate::grammar::files;
use crate::learn::{self, Weights, learn};
use crate::measure::threshold;
use crate::report::line;
use crate::written::{WRITTEN, folders};
use aegis_inject::{Calibration, FRACTION, Family, Parts};
use anyhow::Context as _;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Parts of everything that a model is checked on without having seen them.
const PARTS: usize = 5;

/// How often everything is parted anew: one parting puts score 50 up to half a logit too high or too low.
const ROUNDS: u8 = 3;

/// A model, and what is to be said of it.
#[derive(Debug)]
pub(crate) struct FinalModel {
    pub(crate) parts: Parts,
    pub(crate) report: String,
}

/// SHA-256 of all that weights are made from: lexicon, techniques, words, requests and written texts, and the digest of
/// labelled texts.
pub(crate) fn digest(folder: &Path, data: Option<&str>) -> anyhow::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let parts = ["lexicon", "techniques", "train/grammar", "train/ordinary"].map(|part| folder.join(part));
    for part in parts.into_iter().chain(folders(folder)?) {
        for path in files(&part)? {
            let text = fs::read(&path).with_context(|| path.display().to_string())?;
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
    }
    hash.update(data.unwrap_or_default());
    Ok(hash.finalize().into())
}

/// What is judged together: as what, and whether in a script without spaces.
const CELLS: [(As, bool, &str); 4] = [
    (As::Message, false, "messages"),
    (As::Message, true, "messages in Chinese and the like"),
    (As::Document, false, "documents"),
    (As::Document, true, "documents in Chinese and the like"),
];

/// Scores of texts that a model has not seen.
#[derive(Debug, Default)]
struct Cell<'a> {
    attacks: Vec<f64>,
    /// By source.
    benign: BTreeMap<&'a str, Vec<f64>>,
}

/// Trains, and finds the scale with models that have not seen what they judge.
pub(crate) fn train(examples: &[Example], digest: [u8; 32]) -> FinalModel {
    let mut cells = CELLS.map(|_| Cell::default());
    (0..ROUNDS).for_each(|round| check(examples, round, &mut cells));
    let mut report = String::from(
        "\n## Scale\n\nOf texts that the model has not seen: every fifth of a labelled source left out, and every fifth template, and file of written texts, with all attacks, or all harmless texts, that it makes, parted in three ways. Score 50 is the logit that one in a hundred of the worst labelled source of harmless texts exceeds, score 90 that one in two hundred of all together exceeds; rules are left out on this side, and many windows, which is why score 50 of messages and of documents lies a little higher. What windows of a long text score less is left out, too.\n\n| | worst source | score 50 | score 90 | recall of seen techniques by templates not seen at 50 | at 70 | at 80 | at 90 |\n|---|---|---|---|---|---|---|---|\n",
    );
    let scales = MARGINS.into_iter().zip(MIN_WIDTHS);
    let calibrations = CELLS.iter().zip(scales).zip(&cells);
    let calibrations =
        calibrations.map(|(((_, _, name), scale), cell)| cell.calibration(scale, name, &mut report));
    let calibrations: Vec<Calibration> = calibrations.collect();
    let at = |index: usize| calibrations.get(index).copied().unwrap_or_default();
    let (message, document) = ([at(0), at(1)], [at(2), at(3)]);
    let weights = learn(samples(examples.iter()));
    FinalModel { parts: quantized(weights, digest, [message, message, document]), report }
}

/// Puts each text into its cells, as a model scores it that has not seen the part that it is in.
fn check<'a>(examples: &'a [Example], round: u8, cells: &mut [Cell<'a>]) {
    let parts: Vec<usize> = examples.iter().map(|example| part(example, round)).collect();
    let of = |part: usize, inside: bool| {
        examples.iter().zip(&parts).filter(move |(_, own)| (**own == part) == inside).map(|(one, _)| one)
    };
    let models: Vec<Weights> =
        (0..PARTS).into_par_iter().map(|part| learn(samples(of(part, false)))).collect();
    for (part, weights) in models.iter().enumerate() {
        for example in of(part, true) {
            for ((judged, dense, _), cell) in CELLS.iter().zip(&mut *cells) {
                if example.counts(*judged) && example.is_dense() == *dense {
                    cell.add(example, score(example, weights, *judged));
                }
            }
        }
    }
}

/// In which part a text is. All attacks that a template or a file makes are in one, and all harmless texts are, which may be
/// another; of a labelled source all parts have some. What other texts there are does not matter.
fn part(example: &Example, round: u8) -> usize {
    let mut hash = Sha256::new_with_prefix([round]);
    hash.update(&example.text.source);
    match example.text.template {
        Some(template) => hash.update((template as u64).to_le_bytes()),
        None => hash.update(&example.text.body),
    }
    let [first, ..]: [u8; 32] = hash.finalize().into();
    usize::from(first) % PARTS
}

// === impl Cell ===

impl<'a> Cell<'a> {
    fn add(&mut self, example: &'a Example, score: f64) {
        if example.text.attack {
            self.attacks.push(score);
        } else if score < f64::INFINITY {
            let source = example.text.source.as_str();
            let own = source.starts_with("grammar ") || source.starts_with(WRITTEN);
            let source = if own { OWN } else { source };
            self.benign.entry(source).or_default().push(score);
        }
    }

    /// Where scores lie, and a line of the report about it.
    fn calibration(&self, (margin, min_width): (f64, f64), name: &str, report: &mut String) -> Calibration {
        let large: Vec<_> = self
            .benign
            .iter()
            .filter(|(_, scores)| scores.len() >= MIN_SOURCE)
            .map(|(name, scores)| (*name, scores))
            .collect();
        // What the project made itself is asked if there is nothing else.
        let others = large.iter().any(|(name, _)| *name != OWN);
        let sources = large.iter().filter(|(name, _)| !others || *name != OWN);
        let at_one = sources.map(|(source, scores)| (threshold(scores, 0.01), *source));
        let worst =
            at_one.filter(|(logit, _)| logit.is_finite()).max_by(|left, right| left.0.total_cmp(&right.0));
        let (at_one, source) = worst.unwrap_or_default();
        let at_50 = at_one + margin;
        let all: Vec<f64> = self.benign.values().flatten().copied().collect();
        let at_90 = threshold(&all, RATE_OF_90).max(at_50 + min_width);
        let recall = |share: f64| {
            let at = at_50 + share * (at_90 - at_50);
            let found = self.attacks.iter().filter(|score| **score > at).count();
            format!(
                "{:.3}",
                crate::measure::count(found) / crate::measure::count(self.attacks.len()).max(1.0)
            )
        };
        let recalls = [0.0, 0.5, 0.75, 1.0].map(recall).join(" | ");
        line(report, &format!("| {name} | {source} | {at_50:.2} | {at_90:.2} | {recalls} |"));
        Calibration { at_50: fixed(at_50), at_90: fixed(at_90) }
    }
}

/// Harmless texts, from templates that the model has not seen, that score 90 or more.
const RATE_OF_90: f64 = 0.005;

/// The source of all that the project made itself.
const OWN: &str = "grammars and written texts";

/// Texts of the smallest source that has a one in a hundred.
const MIN_SOURCE: usize = 100;

/// Logits between score 50 and score 90 of each of [`CELLS`], at least. Without spaces each letter says more and windows
/// have fewer; a document is acted on from a lower score on than a message is.
const MIN_WIDTHS: [f64; 4] = [1.2, 3.2, 2.5, 3.4];

/// Logits by which score 50 of each of [`CELLS`] is higher than left-out texts ask for: rules, which are left out there,
/// find something in what users write, too, and long documents have more windows than those texts.
const MARGINS: [f64; 4] = [0.15, 0.0, 0.06, 0.0];

fn quantized(weights: Weights, digest: [u8; 32], calibrations: [[Calibration; 2]; 3]) -> Parts {
    let (ngrams, relations) = (family(weights.ngrams), family(weights.relations));
    Parts { digest, biases: weights.biases.map(fixed), calibrations, ngrams, relations }
}

/// A family, its weights in integers.
fn family<const TABLES: usize>(learned: learn::Family<TABLES>) -> Family<TABLES> {
    let learn::Family { known, weights } = learned;
    let largest = weights.iter().flatten().fold(0.0f64, |largest, weight| largest.max(weight.abs()));
    let step = (largest / 127.0).max(f64::from(1u32 << FRACTION).recip());
    #[expect(clippy::cast_possible_truncation, reason = "at most 127")]
    let weights = weights.map(|table| table.iter().map(|weight| (weight / step).round() as i8).collect());
    Family { scale: fixed(step), known, weights }
}

#[expect(clippy::cast_possible_truncation, reason = "logits are small")]
fn fixed(value: f64) -> i32 {
    (value * f64::from(1u32 << FRACTION)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digest of the labelled texts that the model card names.
    fn labelled(card: &str) -> Option<&str> {
        let (_, behind) = card.split_once("`dev/injection.jsonl` with SHA-256 `")?;
        behind.split_once('`').map(|(digest, _)| digest)
    }

    #[test]
    fn the_weights_are_made_from_these_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let card = fs::read_to_string(folder.join("MODEL.md")).unwrap();
        let digest = digest(&folder, labelled(&card)).unwrap();
        let detector = aegis_inject::Detector::new().unwrap();
        assert_eq!(
            detector.digest(),
            digest,
            "lexicon, techniques, words or written texts have changed: run `make train`"
        );
        assert!(card.contains(&crate::report::hexadecimal(&digest)), "the card is of other weights");
    }

    #[test]
    fn weights_are_small_and_none_is_cut_off() {
        let family =
            family(learn::Family { known: vec![0; 2], weights: [vec![0.5, -1.0], vec![0.004, 0.0]] });
        assert_eq!(family.weights, [[64, -127], [1, 0]]);
        assert_eq!(family.scale, fixed(1.0 / 127.0));
        assert!(
            fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights.bin")).unwrap().len()
                <= 256 << 10
        );
    }
}
