//! The beginnings at which values leave a mark, and the table of all marks.

use aegis_policy::{MAX_EXACT_BYTES, MAX_EXACT_VALUES, MIN_EXACT_BYTES};

/// A beginning of one or more values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Length of the longest value that begins so.
    pub(super) longest: usize,
    /// The longest value that is a beginning of this, or all of it.
    pub(super) value: Option<u16>,
}

/// All marks by their hashes: open addressing, eight bytes each, because a lookup costs as much as it misses caches.
pub(super) struct Table {
    /// A part of the hash, the length of the longest value, the value. 0 is empty: no value has no length.
    slots: Vec<u64>,
    shift: u32,
}

const VALUE_BITS: u32 = 14;
const LONGEST_BITS: u32 = 13;
const HASH_BITS: u32 = 64 - LONGEST_BITS - VALUE_BITS;
const NO_VALUE: u64 = (1 << VALUE_BITS) - 1;

const _: () = assert!(MAX_EXACT_BYTES < 1 << LONGEST_BITS && MAX_EXACT_VALUES < (1 << VALUE_BITS) - 1);

/// The lengths of the beginnings at which a value of `len` bytes leaves marks, the last of them all of it: the shortest
/// possible value, every power of two behind it, and from the largest on by halves.
pub(super) fn marks(len: usize) -> Vec<usize> {
    let mut marks = vec![MIN_EXACT_BYTES];
    let mut at = MIN_EXACT_BYTES;
    while let Some(next) = climb(at).filter(|next| *next <= len) {
        marks.push(next);
        at = next;
    }
    for step in halves(at) {
        if at + step <= len {
            at += step;
            marks.push(at);
        }
    }
    marks
}

/// The next mark of values that go on behind a power of two.
pub(super) fn climb(at: usize) -> Option<usize> {
    let next = (at + 1).next_power_of_two();
    (next <= MAX_EXACT_BYTES).then_some(next)
}

/// How far the marks of values are apart that end before the next power of two behind `at`.
pub(super) fn halves(at: usize) -> impl Iterator<Item = usize> {
    let first = if at.is_power_of_two() { at / 2 } else { 1 };
    std::iter::successors(Some(first), |step| Some(step / 2)).take_while(|step| *step > 0)
}

// === impl Table ===

impl Table {
    /// A table for up to `count` marks: filled to five sixths at most.
    pub(super) fn new(count: usize) -> Table {
        let slots = (count + count / 5 + 1).next_power_of_two().max(2);
        Table { slots: vec![0; slots], shift: 64 - slots.trailing_zeros() }
    }

    /// Adds a mark. Marks with the same hash contain the same value.
    pub(super) fn insert(&mut self, hash: u64, mark: Mark) {
        let (mut index, part) = self.place(hash);
        loop {
            let Some(slot) = self.slots.get_mut(index) else { return };
            if *slot == 0 {
                *slot = part << (LONGEST_BITS + VALUE_BITS) | pack(mark);
                return;
            }
            if *slot >> (LONGEST_BITS + VALUE_BITS) == part {
                let known = unpack(*slot);
                let mark = Mark { longest: mark.longest.max(known.longest), ..mark };
                *slot = part << (LONGEST_BITS + VALUE_BITS) | pack(mark);
                return;
            }
            index = (index + 1) & (self.slots.len() - 1);
        }
    }

    /// The mark with this hash.
    pub(super) fn get(&self, hash: u64) -> Option<Mark> {
        let (mut index, part) = self.place(hash);
        loop {
            // One slot in six is empty, so this ends.
            let slot = *self.slots.get(index)?;
            if slot == 0 {
                return None;
            }
            if slot >> (LONGEST_BITS + VALUE_BITS) == part {
                return Some(unpack(slot));
            }
            index = (index + 1) & (self.slots.len() - 1);
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.slots.len() * size_of::<u64>()
    }

    /// Where to look for a hash first, and the part of it that is compared. Similar texts have similar hashes, so they
    /// are spread by a multiplication (Knuth, 6.4).
    fn place(&self, hash: u64) -> (usize, u64) {
        let spread = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let index = usize::try_from(spread >> self.shift).unwrap_or(0);
        (index, (spread << (64 - self.shift)) >> (64 - HASH_BITS))
    }
}

fn pack(mark: Mark) -> u64 {
    (mark.longest as u64) << VALUE_BITS | mark.value.map_or(NO_VALUE, u64::from)
}

fn unpack(slot: u64) -> Mark {
    let value = slot & NO_VALUE;
    let longest = slot >> VALUE_BITS & ((1 << LONGEST_BITS) - 1);
    Mark {
        longest: usize::try_from(longest).unwrap_or(0),
        value: if value == NO_VALUE { None } else { u16::try_from(value).ok() },
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_double_and_then_halve() {
        for (len, expected) in [
            (6, vec![6]),
            (7, vec![6, 7]),
            (8, vec![6, 8]),
            (15, vec![6, 8, 12, 14, 15]),
            (24, vec![6, 8, 16, 24]),
            (4096, vec![6, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]),
        ] {
            assert_eq!(marks(len), expected);
        }
        for len in MIN_EXACT_BYTES..=MAX_EXACT_BYTES {
            assert_eq!(marks(len).last(), Some(&len));
            assert!(marks(len).is_sorted() && marks(len).len() <= 21);
        }
    }

    #[test]
    fn a_full_table_keeps_every_mark_apart() {
        let mark =
            |n: u16| Mark { longest: usize::from(n % 4000) + 6, value: (!n.is_multiple_of(3)).then_some(n) };
        let mut table = Table::new(10_000);
        (0..10_000).for_each(|n| table.insert(u64::from(n) * 3, mark(n)));
        for n in 0..10_000 {
            assert_eq!(table.get(u64::from(n) * 3), Some(mark(n)));
            assert_eq!(table.get(u64::from(n) * 3 + 1), None);
        }
        table.insert(3, Mark { longest: 4096, value: Some(1) });
        table.insert(3, Mark { longest: 10, value: Some(1) });
        assert_eq!(table.get(3), Some(Mark { longest: 4096, value: Some(1) }));
    }
}
