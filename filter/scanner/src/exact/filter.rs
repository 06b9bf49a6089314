//! The first look at every position: may a value begin here?

use super::limits::{LEAD_BITS, MAX_START_BITS, MIN_START_BITS, START_BITS_PER_VALUE};
use aegis_policy::MIN_EXACT_BYTES;

/// How many beginnings are shorter than the shortest value.
pub(super) const LEADS: usize = MIN_EXACT_BYTES - 1;

/// Keyed hashes of how a value begins. Few bits: they say what ordinary text is not, and little about the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Start {
    /// Of the first 6 bytes, [`MAX_START_BITS`] bits.
    pub(super) first: u32,
    /// Of the first 1 to 5 bytes, [`LEAD_BITS`] bits each.
    pub(super) leads: [u16; LEADS],
}

/// Two bitmaps of [`Start`]s.
pub(super) struct Filter {
    factor: u64,
    starts: Vec<u64>,
    shift: u32,
    leads: Vec<u64>,
}

// === impl Start ===

impl Start {
    /// How `value` begins.
    pub(super) fn of(value: &[u8], factor: u64) -> Start {
        let mut start = Start::default();
        for (lead, len) in start.leads.iter_mut().zip(1..) {
            *lead = hash_lead(value.get(..len).unwrap_or_default(), factor);
        }
        start.first = hash_first(word(value.get(..MIN_EXACT_BYTES).unwrap_or_default()), factor);
        start
    }
}

// === impl Filter ===

impl Filter {
    /// The filter of values that begin like `starts`.
    pub(super) fn new(factor: u64, starts: impl ExactSizeIterator<Item = Start>) -> Filter {
        let wanted = (starts.len() * START_BITS_PER_VALUE).next_power_of_two().trailing_zeros();
        let bits = wanted.clamp(MIN_START_BITS, MAX_START_BITS);
        let mut filter = Filter {
            factor,
            starts: vec![0; 1 << (bits - 6)],
            shift: MAX_START_BITS - bits,
            leads: vec![0; LEADS << (LEAD_BITS - 6)],
        };
        for start in starts {
            set(&mut filter.starts, (start.first >> filter.shift) as usize);
            for (lead, len) in start.leads.iter().zip(1..) {
                set(&mut filter.leads, lead_index(*lead, len));
            }
        }
        filter
    }

    /// The first position at or behind `from` where a value may begin, among those with at least 6 bytes of text.
    pub(super) fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        let found = rest.windows(8).position(|window| {
            window.first_chunk().is_some_and(|bytes| self.may_start(u64::from_le_bytes(*bytes)))
        });
        if let Some(found) = found {
            return Some(from + found);
        }
        // The last positions have no eight bytes.
        let last = from.max(text.len().saturating_sub(7));
        let tail = text.get(last..)?;
        let found = tail.windows(MIN_EXACT_BYTES).position(|window| self.may_start(word(window)));
        found.map(|found| last + found)
    }

    /// Whether a value may begin with `lead`, which is shorter than any.
    pub(super) fn may_lead(&self, lead: &[u8]) -> bool {
        get(&self.leads, lead_index(hash_lead(lead, self.factor), lead.len()))
    }

    pub(super) fn memory(&self) -> usize {
        (self.starts.len() + self.leads.len()) * size_of::<u64>()
    }

    fn may_start(&self, bytes: u64) -> bool {
        get(&self.starts, (hash_first(bytes, self.factor) >> self.shift) as usize)
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Filter(…)")
    }
}

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// A hash of the first six of these bytes: the upper bits of a product depend on all bits below (Dietzfelbinger et al.,
/// "A reliable randomized algorithm for the closest-pair problem", 1997).
fn hash_first(bytes: u64, factor: u64) -> u32 {
    let six = bytes & ((1 << (8 * MIN_EXACT_BYTES)) - 1);
    u32::try_from(six.wrapping_mul(factor) >> (64 - MAX_START_BITS)).unwrap_or(0)
}

fn hash_lead(lead: &[u8], factor: u64) -> u16 {
    let tagged = word(lead) | (lead.len() as u64) << 48;
    u16::try_from(tagged.wrapping_mul(factor) >> (64 - LEAD_BITS)).unwrap_or(0)
}

fn lead_index(lead: u16, len: usize) -> usize {
    len.saturating_sub(1) << LEAD_BITS | usize::from(lead)
}

fn set(bitmap: &mut [u64], index: usize) {
    if let Some(word) = bitmap.get_mut(index / 64) {
        *word |= 1 << (index % 64);
    }
}

fn get(bitmap: &[u64], index: usize) -> bool {
    bitmap.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_beginning_is_missed_wherever_it_stands() {
        let factor = 0x9876_5432_10fe_dcb1;
        let values = [&b"secret"[..], b"another value", b"\0\0\0\0\0\0\0"];
        let filter = Filter::new(factor, values.iter().map(|value| Start::of(value, factor)));
        for value in values {
            for (before, behind) in [(0, 0), (1, 0), (3, 1), (20, 2), (5, 30)] {
                let text = [vec![b'.'; before], value.to_vec(), vec![b'.'; behind]].concat();
                assert_eq!(filter.next(&text, 0), Some(before));
                assert_eq!(filter.next(&text, before), Some(before));
            }
            assert!((1..=LEADS).all(|len| filter.may_lead(&value[..len])));
        }
        assert_eq!(filter.next(b"secre", 0), None);
        assert_eq!(filter.next(b"nothing of this begins so", 0), None);
        assert!(!filter.may_lead(b"x") && !filter.may_lead(b"secra"));
    }
}
