//! Long runs of letters and digits, in which something may be encoded.

use crate::limits::MIN_ENCODED;
use std::ops::Range;

/// The runs of at least [`MIN_ENCODED`] characters of base64 in `text`, both alphabets, without padding.
///
/// Every run of that length covers eight bytes that begin at a multiple of sixteen, and eight before or behind them. So only
/// those are looked at, eight at once.
pub fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let (blocks, _) = text.as_chunks::<{ 2 * WORD }>();
    let may_be =
        |at: usize| text.get(at..).and_then(|rest| rest.first_chunk().copied()).is_some_and(may_be_inside);
    let mut index = 0;
    // End of the last run, or of what was too short for one.
    let mut known = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = blocks.get(index..)?;
            let skipped =
                rest.iter().position(|block| block.first_chunk().copied().is_some_and(may_be_inside));
            // Behind the last block there may be one more word.
            index += skipped.unwrap_or(rest.len()) + 1;
            let at = (index - 1) * 2 * WORD;
            if skipped.is_none() && !may_be(at) {
                return None;
            }
            if at < known || !(at.checked_sub(WORD).is_some_and(may_be) || may_be(at + WORD)) {
                continue;
            }
            let run = around(text, known, at);
            known = run.end;
            if run.len() >= MIN_ENCODED {
                return Some(run);
            }
        }
    })
}

const WORD: usize = 8;
const _: () =
    assert!(MIN_ENCODED >= 3 * WORD - 1, "a shorter run need not cover such a word and one beside it");

/// Whether all of `word` is between `+` and `z`, as the characters of base64 are: exactly those words are none that have a
/// byte with its highest bit set in one of these.
fn may_be_inside(word: [u8; WORD]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_ne_bytes(word);
    // Nothing is carried from one byte to the next: with the highest bit set none is below `+`, without it none is above
    // 0x7f + 5.
    let low = !((word | HIGH) - EACH * 0x2b);
    let high = (word & !HIGH) + EACH * (0x7f - 0x7a);
    (word | low | high) & HIGH == 0
}

/// The run around the byte at `word`, which begins at `known` or later.
fn around(text: &[u8], known: usize, word: usize) -> Range<usize> {
    let before =
        text.get(known..word).unwrap_or_default().iter().rev().take_while(|byte| is_encoding(**byte)).count();
    let after = text.get(word..).unwrap_or_default().iter().take_while(|byte| is_encoding(**byte)).count();
    word - before..word + after
}

/// Whether `byte` is of one of the alphabets of base64 (RFC 4648 §4 and §5).
fn is_encoding(byte: u8) -> bool {
    ENCODING.get(usize::from(byte)).is_some_and(|is| *is)
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse to panic")]
const ENCODING: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_long_run() {
        for len in 0..40 {
            for before in 0..40 {
                let text = format!("{}.{}.ab", " ".repeat(before), "x".repeat(len));
                let expected = if len < MIN_ENCODED { vec![] } else { vec![before + 1..before + 1 + len] };
                assert_eq!(runs(text.as_bytes()).collect::<Vec<_>>(), expected, "{text}");
            }
        }
        assert_eq!(runs(&[b'a'; 30]).collect::<Vec<_>>(), [0..30]);
        assert_eq!(runs(&[b"aaaa,".repeat(9), vec![b'a'; 30]].concat()).collect::<Vec<_>>(), [45..75]);
    }

    #[test]
    fn words_are_judged_by_every_byte() {
        for byte in 0..=u8::MAX {
            for at in 0..WORD {
                let mut word = [b'a'; WORD];
                word[at] = byte;
                assert_eq!(may_be_inside(word), (b'+'..=b'z').contains(&byte), "{byte}");
            }
        }
    }
}
