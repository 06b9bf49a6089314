//! The climb from mark to mark at one position.

use super::marks::{Mark, Table, climb, halves};
use super::poly::Poly;
use super::progress::{Progress, Text};
use aegis_policy::MIN_EXACT_BYTES;

/// What stands at one position.
pub(super) enum Found {
    Nothing,
    /// More text decides.
    Open,
    Value(u16),
}

/// The climb from mark to mark at one position.
struct Search<'a> {
    poly: &'a Poly,
    table: &'a Table,
    progress: &'a mut Progress,
    text: Text<'a>,
    start: usize,
    /// Where the hashes of the text have `start`.
    place: usize,
    /// Length of the mark that was reached, of the longest value behind it, and the value in it.
    len: usize,
    longest: usize,
    value: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Nothing,
    /// There is a mark, and the search is there.
    Mark,
    Open,
}

/// The longest value that stands at `start`, wherever it counts.
pub(super) fn longest(
    (poly, table): (&Poly, &Table),
    progress: &mut Progress,
    text: Text<'_>,
    start: usize,
) -> Found {
    let place = progress.sums.go_to(text.base + start as u64);
    let mut search =
        Search { poly, table, progress, text, start, place, len: 0, longest: MIN_EXACT_BYTES, value: None };
    if search.look(MIN_EXACT_BYTES) != Look::Mark {
        return Found::Nothing;
    }
    while let Some(next) = climb(search.len) {
        match search.look(next) {
            Look::Mark => {}
            Look::Nothing => break,
            Look::Open => return Found::Open,
        }
    }
    for step in halves(search.len) {
        if search.look(search.len + step) == Look::Open {
            return Found::Open;
        }
    }
    search.value.map_or(Found::Nothing, Found::Value)
}

// === impl Search ===

impl Search<'_> {
    /// Looks for a mark at `len` bytes.
    fn look(&mut self, len: usize) -> Look {
        if len > self.longest {
            return Look::Nothing;
        }
        if self.start + len > self.text.bytes.len() {
            return if self.text.complete { Look::Nothing } else { Look::Open };
        }
        #[cfg(test)]
        {
            self.progress.lookups += 1;
        }
        let text = (self.text.base, self.text.bytes);
        let hash = self.progress.sums.hash(self.poly, text, self.place, len);
        let Some(Mark { longest, value }) = hash.and_then(|hash| self.table.get(hash)) else {
            return Look::Nothing;
        };
        (self.len, self.longest, self.value) = (len, longest, value);
        Look::Mark
    }
}
