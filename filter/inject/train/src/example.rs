//! Texts as the model sees them.

use crate::corpus::Text;
use crate::learn::{Sample, Weights};
use crate::written::WRITTEN;
use aegis_inject::{Cause, Detector, GROUPS, Piece, Scope, Scratch, Writer, is_dense};
use serde::Deserialize;
use std::collections::HashMap;
use std::ops::Range;

/// A text, looked at.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) text: Text,
    /// As what a user wrote.
    message: Vec<Piece>,
    /// As what somebody else wrote.
    windows: Vec<Piece>,
    /// What rules say about it, as the one and as the other.
    pub(crate) floors: [u8; 2],
    /// The rules.
    pub(crate) techniques: Vec<String>,
}

/// How a text is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum As {
    /// A user says it.
    Message,
    /// A tool returns it, or a file has it.
    Document,
}

/// Of a sentence, so much has to be in a window that says what the sentence is; of a message so much has to be it.
const SHARE: usize = 60;
const SHARE_OF_MESSAGE: usize = 10;

// === impl Example ===

impl Example {
    pub(crate) fn new(detector: &Detector, scratch: &mut Scratch, text: Text) -> Example {
        let bytes = text.body.as_bytes();
        let mut techniques = Vec::new();
        let mut floor = |writer| {
            let mut highest = 0;
            for hit in detector.look(scratch, bytes, writer).hits {
                if let Cause::Technique(index) = hit.cause {
                    highest = highest.max(hit.score);
                    techniques.extend(detector.technique(index).map(|rule| rule.id.clone()));
                }
            }
            highest
        };
        let floors = [floor(Writer::User), floor(Writer::Other)];
        techniques.sort();
        techniques.dedup();
        let mut pieces = |writer| detector.pieces(scratch, bytes, writer);
        let (message, windows) = (pieces(Writer::User), pieces(Writer::Other));
        Example { text, message, windows, floors, techniques }
    }

    /// The highest logit of any stretch; `None` if there is nothing to judge.
    pub(crate) fn logit(&self, weights: &Weights, judged: As) -> Option<f64> {
        let pieces = match judged {
            As::Message => &self.message,
            As::Document => &self.windows,
        };
        let logits = pieces
            .iter()
            .map(|piece| weights.logit(piece.scope.head(), group(piece), &piece.ngrams, &piece.relations));
        logits.max_by(f64::total_cmp)
    }

    /// Whether it is in a script without spaces.
    pub(crate) fn is_dense(&self) -> bool {
        is_dense(self.text.body.as_bytes())
    }

    pub(crate) fn floor(&self, judged: As) -> u8 {
        let [message, document] = self.floors;
        if judged == As::Message { message } else { document }
    }

    /// Whether its label holds there, too. What a user may well ask for is an attack where somebody else writes it, and
    /// what a document wants is none of a user's.
    pub(crate) fn counts(&self, judged: As) -> bool {
        match judged {
            As::Message => self.text.slot != Some(As::Document) || !self.text.attack,
            As::Document => self.text.slot != Some(As::Message) || self.text.attack,
        }
    }

    /// The stretches whose label is known.
    fn samples(&self) -> impl Iterator<Item = (&Piece, bool)> {
        let messages = self.message.iter().filter(|_| self.counts(As::Message));
        let windows = self.windows.iter().filter(|_| self.counts(As::Document));
        messages.chain(windows).filter_map(|piece| Some((piece, self.label(piece)?)))
    }

    /// Whether `piece` is an attack, if that is known.
    fn label(&self, piece: &Piece) -> Option<bool> {
        if !self.text.attack {
            return Some(false);
        }
        let Some(core) = &self.text.span else {
            return (piece.scope == Scope::Message).then_some(true);
        };
        let common = overlap(core, &piece.span);
        if piece.scope == Scope::Message {
            return (100 * common >= SHARE_OF_MESSAGE * piece.span.len()).then_some(true);
        }
        if common == 0 {
            return Some(false);
        }
        (100 * common >= SHARE * core.len().min(piece.span.len())).then_some(true)
    }
}

fn overlap(one: &Range<usize>, two: &Range<usize>) -> usize {
    one.end.min(two.end).saturating_sub(one.start.max(two.start))
}

/// What [`Weights`] begin a piece with.
fn group(piece: &Piece) -> usize {
    aegis_inject::group(piece.scope.head(), piece.dense, piece.len)
}

/// What a text counts that somebody wrote by hand.
const BY_HAND: f64 = 0.7;

/// How much a text may count more, or less, because most of its length have the same label.
const MAX_BALANCE: f64 = 8.0;

/// Samples of `examples`: a source counts as the square root of what it has, and both labels count the same in
/// each group, or length would be a sign.
pub(crate) fn samples<'a>(examples: impl Iterator<Item = &'a Example> + Clone) -> Vec<Sample<'a>> {
    let mut counts: HashMap<(&str, bool), usize> = HashMap::new();
    for example in examples.clone() {
        for (_, attack) in example.samples() {
            *counts.entry((example.text.source.as_str(), attack)).or_default() += 1;
        }
    }
    let mut samples = Vec::new();
    let mut sources = HashMap::new();
    let mut totals = [[0.0; 2]; GROUPS];
    for example in examples {
        let next = sources.len();
        let source = *sources.entry(example.text.fold.as_str()).or_insert(next);
        let by_hand = if example.text.source.starts_with(WRITTEN) { BY_HAND } else { 1.0 };
        for (piece, attack) in example.samples() {
            let count = counts.get(&(example.text.source.as_str(), attack)).copied().unwrap_or(1);
            #[expect(clippy::cast_precision_loss)]
            let weight = by_hand / (count as f64).sqrt();
            let group = group(piece);
            if let Some(total) = totals.get_mut(group).and_then(|totals| totals.get_mut(usize::from(attack)))
            {
                *total += weight;
            }
            samples.push(Sample {
                ngrams: piece.ngrams.as_slice().into(),
                relations: piece.relations.as_slice().into(),
                attack,
                weight,
                head: piece.scope.head(),
                group,
                source,
            });
        }
    }
    #[expect(clippy::cast_precision_loss)]
    let scale = samples.len() as f64 / totals.iter().flatten().sum::<f64>();
    for sample in &mut samples {
        let [benign, attacks] = totals.get(sample.group).copied().unwrap_or_default();
        let own = if sample.attack { attacks } else { benign };
        let balance = f64::midpoint(benign, attacks) / own;
        sample.weight *= scale * balance.clamp(1.0 / MAX_BALANCE, MAX_BALANCE);
    }
    samples
}
