//! Prints of texts, under a key that nobody knows.
//!
//! Hashing a whole text with `SipHash` would cost more than finding out that nothing is in it. So a text is made shorter
//! first, by the universal hash NH of UMAC (RFC 4418 §5.2): whatever two texts of a length are, of 2⁶⁴ keys one gives both
//! the same, and who does not know the key cannot look for such texts.

use crate::limits::MIN_KNOWN;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, Hasher as _, RandomState};

/// All that is kept of a text: 64 bits. Who sends texts cannot look for two with the same, and of 2⁵⁰ texts one is taken for
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Print(u64);

/// Makes prints of texts.
#[derive(Debug, Default)]
pub(crate) struct Prints {
    short: RandomState,
    long: Nh,
}

/// A text with its print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printed<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) print: Option<Print>,
}

/// Bytes of a word.
const WORD: usize = size_of::<u32>();

/// Words of a row. Each is multiplied with the one four words behind it, so that a vector holds either.
const ROW: usize = 8;

/// Rows of a block, which becomes 16 bytes: those of a kilobyte, as in UMAC.
const BLOCK: usize = 32;

/// Words between the keys of the two hashes, which go over the same words twice for 2⁶⁴ instead of 2³² (RFC 4418 §5.2.1).
const SHIFT: usize = 4;

/// The keys of the two hashes.
struct Nh([Key; 2]);

/// For each row of a block a word for each of its words.
type Key = [[u32; ROW]; BLOCK];

// === impl Prints ===

impl Prints {
    /// The print of `text`; `None` if it is so short that it costs no more to look at it again.
    pub(crate) fn of(&self, text: &[u8]) -> Option<Print> {
        if text.len() < MIN_KNOWN {
            return None;
        }
        let mut hasher = self.short.build_hasher();
        // What fills the last row up is not part of the text.
        text.len().hash(&mut hasher);
        for block in text.chunks(BLOCK * ROW * WORD) {
            self.long.hash(block).hash(&mut hasher);
        }
        Some(Print(hasher.finish()))
    }

    /// The same for the text in a `place`, which says what else decides whether anything is found.
    pub(crate) fn at(&self, text: Print, place: impl Hash) -> Print {
        Print(self.short.hash_one((text, place)))
    }
}

// === impl Nh ===

impl Nh {
    fn hash(&self, block: &[u8]) -> [u64; 2] {
        let (rows, rest) = block.as_chunks();
        let mut last = [0; ROW * WORD];
        for (byte, rest) in last.iter_mut().zip(rest) {
            *byte = *rest;
        }
        self.0.each_ref().map(|key| {
            let behind = key.get(rows.len()..).unwrap_or_default();
            // A row of zeros still adds the products of its key, so there is none unless there is a rest.
            let last = if rest.is_empty() { &[][..] } else { std::slice::from_ref(&last) };
            sum(rows, key).wrapping_add(sum(last, behind))
        })
    }
}

/// The sum of the products of all rows, lane by lane: of this loop, with one key and nothing else in it, the compiler makes
/// vector instructions.
fn sum(rows: &[[u8; ROW * WORD]], key: &[[u32; ROW]]) -> u64 {
    let mut lanes = [0_u64; SHIFT];
    for (row, key) in rows.iter().zip(key) {
        let (words, _) = row.as_chunks();
        let mut keyed = [0; ROW];
        for ((keyed, word), key) in keyed.iter_mut().zip(words).zip(key) {
            *keyed = u32::from_le_bytes(*word).wrapping_add(*key);
        }
        let (left, right) = keyed.split_at(SHIFT);
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane = lane.wrapping_add(u64::from(*left) * u64::from(*right));
        }
    }
    lanes.into_iter().fold(0, u64::wrapping_add)
}

impl Default for Nh {
    fn default() -> Nh {
        // `SipHash` of numbers under a random key cannot be told from random numbers.
        let random = RandomState::new();
        let word = |number: usize| u32::try_from(random.hash_one(number) >> 32).unwrap_or_default();
        let key =
            |shift| std::array::from_fn(|row| std::array::from_fn(|column| word(row * ROW + column + shift)));
        Nh([key(0), key(SHIFT)])
    }
}

impl fmt::Debug for Nh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nh")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_print_for_each_place() {
        let (prints, text) = (Prints::default(), [b'a'; MIN_KNOWN]);
        let print = prints.of(&text).unwrap();
        assert_eq!(prints.of(&text), Some(print));
        assert_eq!(prints.at(print, 1), prints.at(print, 1));
        assert_ne!(prints.at(print, 1), prints.at(print, 2));
        assert!(prints.of(&text[1..]).is_none());
        assert_ne!(Prints::default().of(&text), Some(print), "the key is another one");
    }

    #[test]
    fn every_byte_and_the_length_count() {
        let prints = Prints::default();
        let mut text: Vec<u8> =
            (0..2_100_u32).map(|number| number.wrapping_mul(0x9e37_79b9).to_le_bytes()[3]).collect();
        let mut seen = std::collections::HashSet::from([prints.of(&text).unwrap()]);
        for at in 0..text.len() {
            text[at] ^= 0x40;
            assert!(seen.insert(prints.of(&text).unwrap()), "byte {at}");
            text[at] ^= 0x40;
        }
        let zeros = vec![0; 2_100];
        for len in MIN_KNOWN..zeros.len() {
            assert!(seen.insert(prints.of(&zeros[..len]).unwrap()), "{len} bytes");
        }
        // The same words in another row or block.
        for (first, second) in [(0, 32), (0, 1_024), (32, 1_056)] {
            let mut swapped = text.clone();
            let (left, right) = swapped.split_at_mut(second);
            left[first..first + 32].swap_with_slice(&mut right[..32]);
            assert!(seen.insert(prints.of(&swapped).unwrap()));
        }
    }

    /// The formula of RFC 4418 §5.2.2, word by word.
    #[test]
    fn both_sums_are_nh() {
        let nh = Nh::default();
        let block: Vec<u8> = (0..1_000_u32).map(|number| number.wrapping_mul(167).to_le_bytes()[0]).collect();
        let mut words: Vec<u32> =
            block.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
        words.resize(words.len().next_multiple_of(ROW), 0);
        let [first, second] = nh.0.map(|key| key.concat());
        assert_eq!(first[SHIFT..], second[..second.len() - SHIFT]);
        let sum = |key: &[u32]| {
            let pairs = (0..words.len()).filter(|at| at % ROW < SHIFT);
            pairs.fold(0_u64, |sum, at| {
                let keyed = |at: usize| u64::from(words[at].wrapping_add(key[at]));
                sum.wrapping_add(keyed(at) * keyed(at + SHIFT))
            })
        };
        assert_eq!(nh.hash(&block), [sum(&first), sum(&second)]);
    }
}
