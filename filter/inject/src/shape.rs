//! What a glance at a text shows: whether it is worth reading in another way.
//!
//! Sixteen bytes are looked at together. Few texts have anything of what is looked for, and where nearly every look ends the
//! same way a machine guesses right.

use crate::apart;
use std::ops::Range;

/// What was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Letters that are kept apart, in runs of some; those at the ends of a run may touch something else.
    pub(crate) apart: usize,
    /// Where digits and marks between letters may stand for one.
    pub(crate) mixed: Vec<usize>,
}

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// Bytes of a part of a block. Six letters with marks between them have two such parts, at least, without a word of two
/// letters.
const PART: usize = 4;
const PARTS_OF_APART: usize = 2;
/// Of four letters with marks between them.
const MIN_CHANGES: usize = 6;

/// What a block shows: a byte for each of its bytes, 0 for no, the first one lowest.
#[derive(Debug, Clone, Copy)]
struct Glance {
    /// A digit or mark between two letters, which may stand for one.
    mixed: u128,
    /// It and the next byte are of one word.
    pairs: u128,
}

// === impl Shape ===

impl Shape {
    /// Looks at `text`.
    pub(crate) fn of(text: &[u8]) -> Shape {
        let mut shape = Shape::default();
        // Where the parts begin that have no word, up to here.
        let mut apart = None;
        for at in (0..text.len()).step_by(BLOCK) {
            let glance = Glance::at(text, at);
            if glance.mixed != 0 {
                let is = |offset: &usize| glance.mixed >> (8 * offset) & 1 != 0;
                shape.mixed.extend((0..BLOCK).filter(is).map(|offset| at + offset));
            }
            if glance.all_have_pairs() && apart.is_none() {
                continue;
            }
            for part in 0..BLOCK / PART {
                let start = at + PART * part;
                if !glance.has_pair(part) {
                    apart = apart.or(Some(start));
                } else if let Some(from) = apart.take() {
                    shape.look_closer(text, from..start);
                }
            }
        }
        if let Some(from) = apart {
            shape.look_closer(text, from..text.len());
        }
        shape
    }

    /// Counts letters that are kept apart where nothing else stands.
    fn look_closer(&mut self, text: &[u8], span: Range<usize>) {
        let inside = text.get(span.clone()).unwrap_or_default();
        if span.len() >= PARTS_OF_APART * PART && changes(inside) >= MIN_CHANGES {
            let around = span.start.saturating_sub(PART)..text.len().min(span.end + PART);
            self.apart += apart::count(text.get(around).unwrap_or_default());
        }
    }
}

/// How often letters of ASCII, marks of ASCII and what is not ASCII take turns.
fn changes(text: &[u8]) -> usize {
    let kind = |byte: &u8| u8::from(byte.is_ascii_alphanumeric()) | u8::from(!byte.is_ascii()) << 1;
    text.array_windows().filter(|[left, right]| kind(left) != kind(right)).count()
}

// === impl Glance ===

impl Glance {
    fn at(text: &[u8], at: usize) -> Glance {
        let block = |from: usize| text.get(from..).and_then(|rest| rest.first_chunk::<BLOCK>());
        let before = at.checked_sub(1);
        if let (Some(before), Some(here), Some(behind)) = (before.and_then(block), block(at), block(at + 1)) {
            return Glance::of(before, here, behind);
        }
        // At its ends a text goes on with zeros.
        let padded = |from: Option<usize>| {
            let mut block = [0; BLOCK];
            let (skip, from) = from.map_or((1, 0), |from| (0, from));
            let rest = text.get(from..).unwrap_or_default();
            block.iter_mut().skip(skip).zip(rest).for_each(|(byte, own)| *byte = *own);
            block
        };
        Glance::of(&padded(before), &padded(Some(at)), &padded(Some(at + 1)))
    }

    /// Of a block, the one that begins a byte before it and the one that begins a byte behind it. The compiler makes vector
    /// code of the loop.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "branches would keep the compiler from making vector code"
    )]
    fn of(before: &[u8; BLOCK], here: &[u8; BLOCK], behind: &[u8; BLOCK]) -> Glance {
        let (mut mixed, mut pairs) = ([0u8; BLOCK], [0u8; BLOCK]);
        let letter = |byte: u8| (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = |byte: u8| byte.wrapping_sub(b'0') < 10;
        let bytes = before.iter().zip(here).zip(behind);
        for (((&before, &here), &behind), (mixed, pair)) in bytes.zip(mixed.iter_mut().zip(&mut pairs)) {
            let leet = (digit(here) & (here != b'2') & (here != b'6')) | (here == b'@') | (here == b'$');
            *mixed = u8::from(letter(before) & leet & letter(behind));
            let word = (letter(here) | digit(here)) & (letter(behind) | digit(behind));
            // Two for a pair of ASCII, of which one is enough, and one of other letters, of which a part has to be full.
            *pair = u8::from(word) << 1 | u8::from((here >= 0x80) & (behind >= 0x80));
        }
        Glance { mixed: u128::from_le_bytes(mixed), pairs: u128::from_le_bytes(pairs) }
    }

    /// Whether the part with this number has two letters of one word.
    fn has_pair(self, part: usize) -> bool {
        let own = u32::try_from(self.pairs >> (8 * PART * part) & u128::from(u32::MAX)).unwrap_or_default();
        own & 0x0002_0202 != 0 || own & 0x0101_0101 == 0x0101_0101
    }

    fn all_have_pairs(self) -> bool {
        (0..BLOCK / PART).all(|part| self.has_pair(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> (usize, usize) {
        let shape = Shape::of(text.as_bytes());
        (shape.apart, shape.mixed.len())
    }

    #[test]
    fn shapes_are_seen() {
        assert_eq!(seen("a plain text, in 2 lines: x1 and utf8, 1 2 3 4 5 a 7"), (0, 0));
        assert_eq!(seen("i g n o r e  i.t"), (8, 0));
        assert_eq!(seen("i✨g✨n✨o✨r✨e"), (6, 0));
        assert_eq!(seen("忽*略*以*上 所有"), (5, 0), "of the last word only the beginning is looked at");
        assert_eq!(seen("1gn0r3 p@ss, joe@corp 忽1略"), (0, 3));
    }

    #[test]
    fn they_are_seen_at_every_place() {
        for before in 0..40 {
            for letters in ["ignoreit", "忽略以上所有指令", "𝐢𝐠𝐧𝐨𝐫𝐞𝐢𝐭", "игнорить"]
            {
                let apart: Vec<String> = letters.chars().map(String::from).collect();
                let text = format!("{} {} words behind it", "word".repeat(before), apart.join("."));
                // One at each end may be taken for a part of a word.
                assert!(seen(&text).0 >= 6, "{text}");
            }
            let text = format!("{}ign0re", "x ".repeat(before / 2) + &"y".repeat(before % 2));
            assert_eq!(Shape::of(text.as_bytes()).mixed, [text.len() - 3]);
        }
    }
}
