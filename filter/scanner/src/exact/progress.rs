//! The state of the scan of one text.

use super::poly::Sums;
use super::record::Place;
use crate::escaped::Escaped;
use crate::look::Neighbour;

/// The state of the scan of one text.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) sums: Sums,
    /// What stands in front of the text that is kept.
    before: Before,
    #[cfg(test)]
    pub(super) lookups: u64,
}

/// What stands in front of a position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    escaped: (Escaped, Neighbour),
    last: Option<u8>,
}

/// A part of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    /// Offset of its first byte.
    pub(super) base: u64,
    pub(super) bytes: &'a [u8],
    /// Whether nothing comes behind it.
    pub(super) complete: bool,
}

// === impl Progress ===

impl Progress {
    /// At the beginning of a text.
    pub(super) fn new() -> Progress {
        Progress {
            sums: Sums::default(),
            before: Before { escaped: Escaped::FIRST, last: None },
            #[cfg(test)]
            lookups: 0,
        }
    }

    /// `bytes` stand in front of what is kept.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        self.before = self.before.behind(bytes);
    }

    /// What stands in front of a position behind `bytes`, which are kept.
    pub(super) fn behind(&self, bytes: &[u8]) -> Before {
        self.before.behind(bytes)
    }

    /// No value is open: hashes are of no use.
    pub(super) fn forget(&mut self) {
        self.sums.forget();
    }

    #[cfg(test)]
    pub(super) fn hashed(&self) -> u64 {
        self.sums.hashed
    }
}

// === impl Before ===

impl Before {
    fn behind(self, bytes: &[u8]) -> Before {
        Before { escaped: Escaped::behind(self.escaped, bytes), last: bytes.last().copied().or(self.last) }
    }
}

// === impl Place ===

impl Place {
    /// Whether `byte` beside a value takes its place.
    pub(super) fn holds(self, byte: u8) -> bool {
        match self {
            Place::Anywhere => false,
            Place::Word => byte.is_ascii_alphabetic(),
            Place::Number => byte.is_ascii_digit(),
        }
    }

    /// Whether what stands before a value takes its place.
    pub(super) fn is_taken(self, before: Before) -> bool {
        before.escaped.1 == Neighbour::Word && before.last.is_some_and(|last| self.holds(last))
    }
}

// === impl Text ===

impl Text<'_> {
    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }
}
