//! What a stretch of text is judged by, as numbers of buckets.
//!
//! Features are present or not; how often does not matter, or long texts would be nothing but their most common words.

use crate::concept::Event;
use crate::limits::{FAR, MAX_PAIRED, NEAR};
use crate::script::{Script, script};

/// Buckets of n-grams.
pub const NGRAMS: usize = 1 << 17;
/// Buckets of concepts.
pub const CONCEPTS: usize = 1 << 13;

/// Letters of an n-gram of a script with spaces, and of one without.
const LETTERS: std::ops::RangeInclusive<usize> = 4..=4;
const DENSE: std::ops::RangeInclusive<usize> = 1..=3;
const LONGEST: usize = 4;

/// Multiplies a hash at every step; the upper bits are used.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Which buckets were met.
#[derive(Debug)]
pub(crate) struct Distinct {
    bits: Vec<u64>,
    met: Vec<u32>,
}

/// What a stretch of text is, apart from its words.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setting {
    /// Characters that are not seen stand in it.
    pub invisible: bool,
    /// It was encoded.
    pub encoded: bool,
    /// It is a part of a longer text.
    pub part: bool,
}

/// A feature that is made of concepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relation {
    kind: u64,
    ids: [u64; 3],
}

// === impl Relation ===

impl Relation {
    /// In words, if it is one between concepts.
    pub(crate) fn describe(&self, name: impl Fn(u64) -> String) -> Option<String> {
        let [one, two, three] = self.ids;
        match self.kind {
            3 => Some(format!("begins with {}", name(one))),
            4 => Some(name(one)),
            5 => Some(format!("{} {}", name(one), name(two))),
            6 => Some(format!("{} … {}", name(one), name(two))),
            7 => Some(format!("{} {} {}", name(one), name(two), name(three))),
            _ => None,
        }
    }
}

// === impl Distinct ===

impl Distinct {
    /// For this many buckets.
    pub(crate) fn new(buckets: usize) -> Distinct {
        Distinct { bits: vec![0; buckets.div_ceil(64)], met: Vec::new() }
    }

    /// Forgets what was met.
    pub(crate) fn clear(&mut self) {
        for bucket in self.met.drain(..) {
            if let Some(word) = self.bits.get_mut(bucket as usize / 64) {
                *word = 0;
            }
        }
    }

    /// Meets a bucket.
    pub(crate) fn meet(&mut self, bucket: u32) {
        let bit = 1 << (bucket % 64);
        if let Some(word) = self.bits.get_mut(bucket as usize / 64)
            && *word & bit == 0
        {
            *word |= bit;
            self.met.push(bucket);
        }
    }

    /// The buckets that were met, in order of the first time.
    pub(crate) fn met(&self) -> &[u32] {
        &self.met
    }
}

/// Meets the n-grams of `text`, a text as it reads.
pub(crate) fn ngrams(text: &str, distinct: &mut Distinct) {
    // The hashes of the n-grams that end with the last letter, by their length.
    let mut open = [0u64; LONGEST + 1];
    let mut run = 0;
    let mut dense = false;
    let mut word = 0u64;
    let (mut last, mut before) = (0u64, 0u64);
    for character in text.chars().chain([' ']) {
        let kind = script(character);
        let code = u64::from(character) + 1;
        if (kind == Script::Dense) != dense {
            dense = kind == Script::Dense;
            run = 0;
        }
        for length in (1..LONGEST).rev() {
            let hash = open.get(length).copied().unwrap_or_default();
            if let Some(next) = open.get_mut(length + 1) {
                *next = step(hash, code);
            }
        }
        if let Some(first) = open.get_mut(1) {
            *first = step(if dense { 2 } else { 1 }, code);
        }
        run += 1;
        let lengths = if dense { DENSE } else { LETTERS };
        for length in lengths.take_while(|length| *length <= run) {
            distinct.meet(bucket(open.get(length).copied().unwrap_or_default() + length as u64, NGRAMS));
        }
        if kind == Script::Word {
            word = step(word, code);
        } else if word != 0 {
            distinct.meet(bucket(step(word, 3), NGRAMS));
            if last != 0 {
                let pair = step(last, word);
                distinct.meet(bucket(step(pair, 5), NGRAMS));
                if before != 0 {
                    distinct.meet(bucket(step(step(before, pair), 7), NGRAMS));
                }
            }
            (before, last, word) = (last, word, 0);
        }
    }
}

/// What the concepts of a stretch are, and how they stand to each other, each with its bucket. `start` is where the
/// stretch begins.
pub(crate) fn concepts(events: &[Event], start: u32, setting: Setting, mut sink: impl FnMut(Relation, u32)) {
    let mut meet = |kind: u64, ids: [u64; 3]| {
        let hash = ids.iter().fold(step(0, kind), |hash, id| step(hash, *id + 1));
        sink(Relation { kind, ids }, bucket(hash, CONCEPTS));
    };
    let cues = [setting.invisible, setting.encoded, setting.part];
    for (cue, index) in cues.into_iter().zip(0..) {
        if cue {
            meet(1, [index, 0, 0]);
        }
    }
    meet(2, [(events.len() as u64).min(12), 0, 0]);
    if let Some(first) = events.first().filter(|first| first.start < start.saturating_add(24)) {
        meet(3, [first.concept.into(), 0, 0]);
    }
    for (index, one) in events.iter().enumerate() {
        let id = u64::from(one.concept);
        meet(4, [id, 0, 0]);
        let behind = events.get(index + 1..).unwrap_or_default().iter().take(MAX_PAIRED);
        let mut near: Option<u64> = None;
        for two in behind {
            let distance = two.start.saturating_sub(one.end);
            if distance > FAR {
                break;
            }
            let other = u64::from(two.concept);
            if distance > NEAR {
                meet(6, [id, other, 0]);
                continue;
            }
            meet(5, [id, other, 0]);
            if let Some(middle) = near {
                meet(7, [id, middle, other]);
            }
            near = Some(other);
        }
    }
}

fn step(hash: u64, code: u64) -> u64 {
    let mixed = (hash ^ code).wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

/// The bucket of a hash; `buckets` is a power of two.
fn bucket(hash: u64, buckets: usize) -> u32 {
    let bits = (hash.wrapping_mul(MIX) >> 32) & (buckets as u64 - 1);
    u32::try_from(bits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str) -> usize {
        let mut distinct = Distinct::new(NGRAMS);
        ngrams(text, &mut distinct);
        distinct.met().len()
    }

    #[test]
    fn presence_counts_once() {
        assert_eq!(met("abc"), 2, "`abc `, and the word");
        assert_eq!(met("忽略"), 3);
        assert_eq!(met("忽略忽略"), 6);
        assert_eq!(met(&"ab ".repeat(40)), met(&"ab ".repeat(80)));
    }

    #[test]
    fn what_was_met_is_forgotten() {
        let mut distinct = Distinct::new(64);
        distinct.meet(3);
        distinct.meet(3);
        assert_eq!(distinct.met(), [3]);
        distinct.clear();
        distinct.meet(3);
        assert_eq!(distinct.met(), [3]);
    }
}
