//! What a glance at a text shows: whether it is worth reading in another way.

use crate::typo::{Typos, Wrong};
use crate::words;
use aegis_disguise::utf8;
use std::ops::Range;

/// What was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The most letters one after another with marks between each two, where some are no digits.
    pub(crate) spaced: usize,
    /// Where digits and marks between letters may stand for one.
    pub(crate) mixed: Vec<usize>,
    /// Words that look like one of the lexicon and are spelt differently.
    pub(crate) wrong: Vec<Wrong>,
}

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const WIDE: u8 = 4;
/// A digit or mark that may stand for a letter.
const LEET: u8 = 8;
/// A mark that letters are kept apart with.
const APART: u8 = 16;

/// Of letters with marks between them, so many are no digits: less is a table.
const MIN_LETTERS: usize = 3;

/// What is part of a word.
const WORD: u8 = LETTER | DIGIT | WIDE;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse to panic")]
const KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    loop {
        let leet = matches!(byte, b'0' | b'1' | b'3'..=b'5' | b'7'..=b'9' | b'@' | b'$');
        table[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b' ' | b'.' | b'-' | b'_' | b'*' | b'|' | b'/' | b',' | b'+' | b'~' => APART,
            0x80.. => WIDE,
            _ => 0,
        } | if leet { LEET } else { 0 };
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

// === impl Shape ===

impl Shape {
    /// Looks at `text`.
    pub(crate) fn of(text: &[u8], typos: &Typos) -> Shape {
        let mut shape = Shape::default();
        let (mut at, mut spaced, mut letters) = (0, 0, 0);
        while let Some(&byte) = text.get(at) {
            let first = kind(byte);
            if first & WORD == 0 {
                if first & APART == 0 {
                    (spaced, letters) = (0, 0);
                    // `p@ss`
                    let is_letter = |at: Option<usize>| {
                        at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic)
                    };
                    if first & LEET != 0 && is_letter(at.checked_sub(1)) && is_letter(Some(at + 1)) {
                        shape.mixed.push(at);
                    }
                }
                at += 1;
                continue;
            }
            let (end, kinds) = word(text, at);
            if kinds == LETTER {
                shape.wrong.extend(typos.wrong(text, at..end));
            } else if kinds & LETTER != 0 {
                shape.pieces(text, at..end, typos);
            }
            let is_single = if kinds & WIDE == 0 { end == at + 1 } else { is_single(text, &(at..end)) };
            if is_single {
                (spaced, letters) = (spaced + 1, letters + usize::from(kinds != DIGIT));
                if letters >= MIN_LETTERS {
                    shape.spaced = shape.spaced.max(spaced);
                }
            } else {
                (spaced, letters) = (0, 0);
            }
            at = end;
        }
        shape
    }

    /// Looks at a run of letters, digits and letters of other scripts.
    fn pieces(&mut self, text: &[u8], run: Range<usize>, typos: &Typos) {
        let is = |at: usize, flag: u8| text.get(at).is_some_and(|byte| kind(*byte) & flag != 0);
        let mut at = run.start;
        while at < run.end {
            let start = at;
            while at < run.end && is(at, LETTER) {
                at += 1;
            }
            if at > start {
                self.wrong.extend(typos.wrong(text, start..at));
                let mixed = at < run.end && is(at, LEET) && is(at + 1, LETTER);
                self.mixed.extend(mixed.then_some(at));
            } else {
                at += 1;
            }
        }
    }
}

fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Where the word ends that begins at `at`, and what kinds of letters it has.
fn word(text: &[u8], at: usize) -> (usize, u8) {
    let ascii = words::run(text, at);
    let mut end = at + ascii.len;
    let mut kinds = if ascii.letters { LETTER } else { 0 } | if ascii.digits { DIGIT } else { 0 };
    while let Some(kind) = text.get(end).map(|byte| kind(*byte)).filter(|kind| kind & WORD != 0) {
        kinds |= kind & WORD;
        end += 1;
        // Texts in other scripts are long runs of these.
        while kind == WIDE
            && let Some(eight) = text.get(end..).and_then(|rest| rest.first_chunk::<8>())
            && !u64::from_ne_bytes(*eight) & 0x8080_8080_8080_8080 == 0
        {
            end += 8;
        }
    }
    (end, kinds)
}

/// Whether one character stands at `run`.
fn is_single(text: &[u8], run: &Range<usize>) -> bool {
    run.len() <= 4 && text.get(run.clone()).and_then(utf8::first).is_some_and(|(_, len)| len == run.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_seen() {
        let typos = Typos::default();
        let shape = |text: &str| {
            let shape = Shape::of(text.as_bytes(), &typos);
            (shape.spaced, shape.mixed.len())
        };
        assert_eq!(shape("a plain text, in 2 lines: x1 and utf8, 1 2 3 4 5 a 7"), (0, 0));
        assert_eq!(shape("i g n o r e  i.t"), (8, 0));
        assert_eq!(shape("忽*略*以*上 所有"), (4, 0));
        assert_eq!(shape("1gn0r3 p@ss, joe@corp 忽1略"), (0, 3));
    }
}
