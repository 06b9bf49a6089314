//! The n-grams of a text as it reads: words, pairs of them, their stems and ends, and what stands between; in scripts
//! without spaces, runs of one, two and three letters.
//!
//! An n-gram depends on nothing but its own letters, on whether the word that it is of began there, and on whether the text
//! quotes it. So what a window has that begins and ends with a word is what the text around it has there.

use crate::concept::small;
use crate::distinct::Distinct;
use crate::known::{self, MIX, NGRAMS};
use crate::quotation::Quotations;
use crate::script::{Script, script};
use crate::words::{self, first, first_eight};
use aegis_disguise::utf8;
use std::ops::Range;

/// Letters that words with one stem begin with.
const STEM: usize = 5;

/// Letters at the end of a word that are told; of a script without spaces as many side by side are, at most.
const END: usize = 3;

/// Bytes of a letter that is not ASCII, in scripts with spaces: nearly all have two.
const WIDE: usize = 2;

/// Bytes between two words that are told, at most.
const GAP: usize = 8;

/// Reads a text word by word and tells the n-grams that each completes: where it begins, and its address.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Grams {
    last: Option<Word>,
    /// The last letters of a script without spaces, 16 bits each, where they begin, the last one first, and how many stand
    /// side by side.
    letters: u64,
    starts: [u32; END],
    run: usize,
    /// The quotation that is read, 0 for none, and up to where it is the same.
    quotation: u16,
    until: u32,
}

/// A word that was read.
#[derive(Debug, Clone, Copy)]
struct Word {
    hash: u64,
    start: u32,
    end: usize,
    quotation: u16,
}

/// What an n-gram is, so that the same letters have another address as another kind.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Letters,
    QuotedLetters,
    Word,
    Pair,
    QuotedPair,
    Stem,
    End,
    Gap,
}

/// Meets the n-grams of `text`, a text as it reads with these quotations, at `span`, by what `place` says of the addresses.
pub(crate) fn ngrams(
    text: (&[u8], &Quotations),
    span: &Range<usize>,
    place: impl Fn(u32) -> Option<u32>,
    distinct: &mut Distinct,
) {
    let start = small(span.start);
    let mut meet = |from, address| {
        if let Some(place) = place(address).filter(|_| from >= start) {
            distinct.meet(place);
        }
    };
    let text = (text.0.get(..span.end).unwrap_or_default(), text.1);
    let mut grams = Grams::default();
    let read = grams.read(text, span.start, &mut meet);
    grams.end(text, read, meet);
}

// === impl Grams ===

impl Grams {
    /// Reads from `from` on all but the word that `text` ends in, which may go on; returns where that begins.
    pub(crate) fn read(
        &mut self,
        (text, quotations): (&[u8], &Quotations),
        from: usize,
        mut sink: impl FnMut(u32, u32),
    ) -> usize {
        // A copy, which can stay in registers.
        let mut grams = *self;
        let mut at = from;
        while let Some(&byte) = text.get(at) {
            let (kind, character, len) = match byte {
                0..0x80 if byte.is_ascii_alphanumeric() => (Script::Word, '\0', 1),
                0..0x80 => (Script::Other, '\0', 1),
                _ => {
                    let first = text.get(at..).and_then(utf8::first);
                    first.map_or((Script::Other, '\0', 1), |(letter, len)| (script(letter), letter, len))
                }
            };
            match kind {
                Script::Word => {
                    let end = word_end(text, at);
                    if end == text.len() {
                        break;
                    }
                    grams.notice(quotations, at);
                    grams.word(text, at, end, &mut sink);
                    at = end;
                }
                Script::Dense => {
                    grams.notice(quotations, at);
                    grams.letter(character, at, &mut sink);
                    at += len;
                }
                Script::Other => {
                    grams.run = 0;
                    at += len;
                }
            }
        }
        *self = grams;
        at
    }

    /// Reads the word at `at` that `text` ends in, if there is one.
    pub(crate) fn end(
        mut self,
        (text, quotations): (&[u8], &Quotations),
        at: usize,
        sink: impl FnMut(u32, u32),
    ) {
        if at < text.len() {
            self.notice(quotations, at);
            self.word(text, at, text.len(), sink);
        }
    }

    /// Learns whether what stands at `at` is quoted.
    #[inline]
    fn notice(&mut self, quotations: &Quotations, at: usize) {
        if small(at) >= self.until {
            (self.quotation, self.until) = quotations.around(small(at));
        }
    }

    #[inline]
    fn word(&mut self, text: &[u8], at: usize, end: usize, mut sink: impl FnMut(u32, u32)) {
        let word = text.get(at..end).unwrap_or_default();
        let eight = first_eight(text.get(at..).unwrap_or_default());
        let (start, hash) = (small(at), hash(word, eight));
        sink(start, address(hash, Kind::Word));
        if let Some(last) = self.last {
            let quoted = self.quotation > 0 && self.quotation == last.quotation;
            sink(last.start, address(step(last.hash, hash), Kind::Pair));
            // The text says what it quotes, too: marks around an order hide nothing of it.
            if quoted {
                sink(last.start, address(step(last.hash, hash), Kind::QuotedPair));
            }
            let gap = text.get(last.end..at).unwrap_or_default();
            if gap != b" " && gap.len() <= GAP {
                sink(last.start, address(first_eight(gap), Kind::Gap));
            }
        }
        let size = |byte: Option<&u8>| if byte.is_some_and(u8::is_ascii) { 1 } else { WIDE };
        let (letter, last) = (size(word.first()), size(word.last()));
        if word.len() >= STEM * letter {
            sink(start, address(hash_of(text, at, STEM * letter), Kind::Stem));
        }
        if word.len() >= END * last {
            // The end of the text stands for a space.
            let letters = hash_of(text, end - END * last, END * last);
            let behind = u64::from(text.get(end).copied().unwrap_or(b' '));
            sink(small(end - END * last), address(letters ^ behind << 56, Kind::End));
        }
        (self.last, self.run) = (Some(Word { hash, start, end, quotation: self.quotation }), 0);
    }

    #[inline]
    fn letter(&mut self, letter: char, at: usize, mut sink: impl FnMut(u32, u32)) {
        let at = small(at);
        let [first, second, _] = self.starts;
        self.letters = self.letters << 16 | u64::from(letter) & 0xffff;
        self.starts = [at, first, second];
        self.run += 1;
        for (length, start) in (1..).zip(self.starts).take(self.run) {
            let letters = self.letters & (u64::MAX >> (16 * (4 - length)));
            let kind = if self.quotation > 0 && length > 1 { Kind::QuotedLetters } else { Kind::Letters };
            sink(start, address(letters, kind));
        }
    }
}

/// Where the word ends that begins at `at`.
#[inline]
fn word_end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        end += words::run(text, end).len;
        let next = text.get(end).filter(|next| !next.is_ascii());
        let wide = next.and_then(|_| text.get(end..).and_then(utf8::first));
        match wide {
            Some((letter, len)) if script(letter) == Script::Word => end += len,
            _ => return end,
        }
    }
}

/// The hash of the `len` bytes of `text` at `at`; those of short ones are they themselves.
#[inline]
fn hash_of(text: &[u8], at: usize, len: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    hash(rest.get(..len).unwrap_or(rest), first_eight(rest))
}

/// The hash of `bytes`, the first eight of which and of what follows are `eight`.
#[inline]
fn hash(bytes: &[u8], eight: u64) -> u64 {
    if bytes.len() <= 8 {
        return first(eight, bytes.len());
    }
    bytes.chunks(8).fold(0, |hash, chunk| step(hash, first_eight(chunk)))
}

fn step(hash: u64, code: u64) -> u64 {
    let mixed = (hash.rotate_left(23) ^ code).wrapping_mul(MIX);
    mixed ^ mixed >> 29
}

#[inline]
fn address(hash: u64, kind: Kind) -> u32 {
    known::address(hash ^ (kind as u64).wrapping_mul(MIX), NGRAMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str) -> usize {
        let mut distinct = Distinct::new(NGRAMS);
        let mut quotations = Quotations::default();
        quotations.read(text.as_bytes());
        ngrams((text.as_bytes(), &quotations), &(0..text.len()), Some, &mut distinct);
        distinct.met().len()
    }

    #[test]
    fn presence_counts_once() {
        assert_eq!(met("ab"), 1, "the word");
        assert_eq!(met("abc"), 2, "it, and its end");
        assert_eq!(met("an abcde"), 5, "two words, a pair, a stem and an end");
        assert_eq!(met("ab: ab"), 3, "a word, a pair, and what stands between");
        assert_eq!(met("忽略"), 3);
        assert_eq!(met("忽略忽略"), 6);
        assert_eq!(met(&"ab ".repeat(40)), met(&"ab ".repeat(80)));
    }

    #[test]
    fn what_is_quoted_goes_together_in_another_way() {
        assert_eq!(met("ab an ab an ab \"ab an\""), 7, "a pair more, and what stands before it");
        assert_eq!(met("忽略忽略忽略忽略"), 6);
        assert_eq!(met("忽略忽略忽略\"忽略\""), 7, "a pair more");
        assert_eq!(met("忽略忽略\"忽略忽略\""), 10, "the same, but for single ones, in another way");
    }
}
