//! What a stretch of text is judged by, as numbers.
//!
//! Features are present or not; how often does not matter, or long texts would be nothing but their most common words.

use crate::concept::Event;
use crate::known::{NGRAMS, RELATIONS};
use crate::limits::{FAR, MAX_PAIRED, NEAR};
use crate::script::{Script, script};
use aegis_disguise::utf8;

/// Letters of an n-gram at the edges of words in a script with spaces; one without has those of one, two and three letters.
const LETTERS: usize = 4;

/// Which of such letters belong to words, the first one in the highest bit, where the n-gram tells what a word begins or
/// ends with, or is none of letters at all. One that has a short word in it is told by the word.
const TELLING: u16 = {
    let (mut telling, mut words) = (1, 1);
    while words < 1 << LETTERS {
        let (first, last) = (words >> (LETTERS - 1) & 1, words & 1);
        telling |= (first ^ last) << words;
        words += 1;
    }
    telling
};

/// Letters that words with one stem begin with.
const STEM: u32 = 5;

/// Multiplies a hash at every step; the upper bits are used.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Which features were met, by their numbers.
#[derive(Debug)]
pub(crate) struct Distinct {
    bits: Vec<u64>,
    /// They, with room behind them.
    met: Vec<u32>,
    count: usize,
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
    /// Its address.
    pub(crate) fn address(&self) -> u32 {
        address(self.ids.iter().fold(step(0, self.kind), |hash, id| step(hash, *id + 1)), RELATIONS)
    }

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
    /// For this many features.
    pub(crate) fn new(features: usize) -> Distinct {
        Distinct { bits: vec![0; features.div_ceil(64)], met: Vec::new(), count: 0 }
    }

    /// Forgets what was met.
    pub(crate) fn clear(&mut self) {
        for feature in self.met.iter().take(self.count) {
            if let Some(word) = self.bits.get_mut(*feature as usize / 64) {
                *word = 0;
            }
        }
        self.count = 0;
    }

    /// Meets a feature. Whether it is a new one is as good as random, so nothing branches on it.
    #[inline]
    pub(crate) fn meet(&mut self, feature: u32) {
        let Some(word) = self.bits.get_mut(feature as usize / 64) else { return };
        let bit = feature % 64;
        let new = usize::from(*word >> bit & 1 == 0);
        *word |= 1 << bit;
        if self.count == self.met.len() {
            self.met.resize(2 * self.count + 64, 0);
        }
        if let Some(place) = self.met.get_mut(self.count) {
            *place = feature;
        }
        self.count += new;
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        8 * self.bits.capacity() + 4 * self.met.capacity()
    }

    /// Those that were met, in order of the first time.
    pub(crate) fn met(&self) -> &[u32] {
        self.met.get(..self.count).unwrap_or_default()
    }
}

/// Reads a text letter by letter and tells the n-grams that each completes.
///
/// An n-gram depends on its own letters, and on whether the word that it begins with began there. So what stands in a window
/// that begins with a word is what begins in it of what was told since, and what a space at its end completes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Grams {
    /// The last four letters, 16 bits each, and where they begin, the last one first.
    letters: u64,
    starts: [u32; LETTERS],
    /// Which of the last letters belong to words, the last one in the lowest bit.
    words: u8,
    /// Letters of the same kind so far.
    run: usize,
    dense: bool,
    word: Word,
    last: Word,
}

/// A word by its hash; 0 for none.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    hash: u64,
    start: u32,
    letters: u32,
}

/// Meets the n-grams of `text`, a text as it reads, by what `place` says of the addresses.
pub(crate) fn ngrams(text: &[u8], place: impl Fn(u32) -> Option<u32>, distinct: &mut Distinct) {
    let mut grams = Grams::default();
    // A space ends the last word.
    for part in [text, b" "] {
        grams.read(part, 0, |_, address| {
            if let Some(place) = place(address) {
                distinct.meet(place);
            }
        });
    }
}

// === impl Grams ===

impl Grams {
    /// The next letters, which stand at `at`, one after another.
    pub(crate) fn read(&mut self, text: &[u8], at: usize, mut sink: impl FnMut(u32, u32)) {
        // A copy, which can stay in registers.
        let mut grams = *self;
        let mut from = 0;
        while let Some(&byte) = text.get(from) {
            let (character, len) = match byte {
                0..0x80 => (char::from(byte), 1),
                _ => text.get(from..).and_then(utf8::first).unwrap_or((char::REPLACEMENT_CHARACTER, 1)),
            };
            grams.push(character, u32::try_from(at + from).unwrap_or(u32::MAX), &mut sink);
            from += len;
        }
        *self = grams;
    }

    /// The next letter, which stands at `at`. Of each n-gram that it completes `sink` learns where it begins, and its
    /// address.
    #[inline]
    fn push(&mut self, character: char, at: u32, mut sink: impl FnMut(u32, u32)) {
        let kind = script(character);
        let code = u64::from(character) + 1;
        let dense = kind == Script::Dense;
        if dense != self.dense {
            self.dense = dense;
            self.run = 0;
        }
        self.letters = self.letters << 16 | code & 0xffff;
        self.words = self.words << 1 | u8::from(kind == Script::Word);
        let [first, second, third, _] = self.starts;
        self.starts = [at, first, second, third];
        self.run += 1;
        let (letters, run) = (self.letters, self.run);
        let mut tell = |start: u32, length: usize| {
            if run >= length {
                sink(start, gram(letters, length));
            }
        };
        if dense {
            tell(at, 1);
            tell(first, 2);
            tell(second, 3);
        } else if TELLING >> (self.words % (1 << LETTERS)) & 1 == 1 {
            tell(third, LETTERS);
        }
        if kind == Script::Word {
            if self.word.hash == 0 {
                self.word.start = at;
            }
            // The letters as digits; `address` mixes them.
            self.word.hash = self.word.hash.wrapping_mul(MIX).wrapping_add(code);
            self.word.letters += 1;
            if self.word.letters == STEM {
                sink(self.word.start, address(step(self.word.hash, 13), NGRAMS));
            }
        } else if self.word.hash != 0 {
            self.end_word(sink);
        }
    }

    fn end_word(&mut self, mut sink: impl FnMut(u32, u32)) {
        let Grams { word, last, .. } = *self;
        sink(word.start, address(step(word.hash, 3), NGRAMS));
        if last.hash != 0 {
            sink(last.start, address(step(step(last.hash, word.hash), 5), NGRAMS));
        }
        (self.last, self.word) = (word, Word::default());
    }
}

/// What the concepts of a stretch are, and how they stand to each other. `start` is where the stretch begins.
pub(crate) fn concepts(events: &[Event], start: u32, setting: Setting, mut sink: impl FnMut(Relation)) {
    frame(events, start, setting, &mut sink);
    for index in 0..events.len() {
        relations(events, index, |relation, _| sink(relation));
    }
}

/// What is true of a stretch as a whole.
pub(crate) fn frame(events: &[Event], start: u32, setting: Setting, mut sink: impl FnMut(Relation)) {
    let cues = [setting.invisible, setting.encoded, setting.part];
    for (cue, index) in cues.into_iter().zip(0..) {
        if cue {
            sink(Relation { kind: 1, ids: [index, 0, 0] });
        }
    }
    sink(Relation { kind: 2, ids: [(events.len() as u64).min(12), 0, 0] });
    if let Some(first) = events.first().filter(|first| first.start < start.saturating_add(24)) {
        sink(Relation { kind: 3, ids: [first.concept.into(), 0, 0] });
    }
}

/// How the event at `index` stands to those behind it, with the index of the last one that a relation needs.
pub(crate) fn relations(events: &[Event], index: usize, mut sink: impl FnMut(Relation, usize)) {
    let Some(one) = events.get(index) else { return };
    let id = u64::from(one.concept);
    sink(Relation { kind: 4, ids: [id, 0, 0] }, index);
    let behind = events.iter().enumerate().skip(index + 1).take(MAX_PAIRED);
    let mut near: Option<u64> = None;
    for (at, two) in behind {
        let distance = two.start.saturating_sub(one.end);
        if distance > FAR {
            break;
        }
        let other = u64::from(two.concept);
        if distance > NEAR {
            sink(Relation { kind: 6, ids: [id, other, 0] }, at);
            continue;
        }
        sink(Relation { kind: 5, ids: [id, other, 0] }, at);
        if let Some(middle) = near {
            sink(Relation { kind: 7, ids: [id, middle, other] }, at);
        }
        near = Some(other);
    }
}

fn step(hash: u64, code: u64) -> u64 {
    let mixed = (hash ^ code).wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

/// The address of the last `length` of `letters`.
#[inline]
fn gram(letters: u64, length: usize) -> u32 {
    let letters = letters & (u64::MAX >> (16 * (LETTERS - length)));
    let hash = (letters ^ letters >> 31).wrapping_mul(MIX);
    u32::try_from(hash >> (u64::BITS - NGRAMS.ilog2())).unwrap_or_default()
}

/// The address of a hash, one of so many: a power of two.
fn address(hash: u64, addresses: usize) -> u32 {
    let bits = (hash.wrapping_mul(MIX) >> 32) & (addresses as u64 - 1);
    u32::try_from(bits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str) -> usize {
        let mut distinct = Distinct::new(NGRAMS);
        ngrams(text.as_bytes(), Some, &mut distinct);
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
