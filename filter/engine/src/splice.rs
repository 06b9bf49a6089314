//! Edits → bytes out: replaces spans of the input and copies everything else verbatim.

use std::collections::VecDeque;
use std::ops::Range;

/// A stream of bytes with edits that are applied when the bytes are released.
#[derive(Debug, Default)]
pub(crate) struct Splice {
    /// Bytes that are not released yet; they begin at offset `base` of the stream.
    raw: Vec<u8>,
    base: u64,
    /// Disjoint and sorted.
    edits: VecDeque<Edit>,
}

#[derive(Debug)]
struct Edit {
    span: Range<u64>,
    replacement: Vec<u8>,
}

// === impl Splice ===

impl Splice {
    /// Appends input.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
    }

    /// The bytes that are not released yet.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.raw
    }

    /// Offset of the first byte that is not released yet.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Offset of the end of the input so far.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.raw.len() as u64
    }

    /// The unreleased bytes at `span`.
    pub(crate) fn slice(&self, span: &Range<u64>) -> &[u8] {
        self.relative(span).and_then(|span| self.raw.get(span)).unwrap_or_default()
    }

    /// Whether any edit waits.
    pub(crate) fn is_edited(&self) -> bool {
        !self.edits.is_empty()
    }

    /// Replaces unreleased bytes, unless another edit has some of them already. An empty span inserts.
    pub(crate) fn replace(&mut self, span: Range<u64>, replacement: Vec<u8>) {
        let taken = self.overlapping(&span);
        if taken.is_empty() {
            let behind = self.edits.partition_point(|edit| edit.span.start < span.start);
            self.edits.insert(behind, Edit { span, replacement });
        }
    }

    /// Replaces unreleased bytes; edits that have some of them are undone.
    pub(crate) fn supersede(&mut self, span: Range<u64>, replacement: Vec<u8>) {
        self.undo(&span);
        self.replace(span, replacement);
    }

    /// Undoes the edits of unreleased bytes in `span`, and says how many there were.
    pub(crate) fn undo(&mut self, span: &Range<u64>) -> usize {
        self.edits.drain(self.overlapping(span)).len()
    }

    /// Drops everything that is not released yet, and its edits.
    pub(crate) fn drop_pending(&mut self) {
        self.base = self.end();
        self.raw.clear();
        self.edits.clear();
    }

    /// Which edits have bytes of `span`. Edits are sorted and disjoint, so these stand together.
    fn overlapping(&self, span: &Range<u64>) -> Range<usize> {
        let first = self.edits.partition_point(|edit| edit.span.end <= span.start);
        let behind = self.edits.partition_point(|edit| edit.span.start < span.end);
        first..behind.max(first)
    }

    /// Writes everything before offset `until` to `out`, with the edits in it applied. What is edited goes as a whole: if
    /// `until` lies inside an edit, that waits.
    pub(crate) fn release(&mut self, until: u64, out: &mut Vec<u8>) {
        let mut at = self.base;
        while let Some(edit) = self.edits.pop_front_if(|edit| edit.span.end <= until) {
            out.extend_from_slice(self.slice(&(at..edit.span.start)));
            out.extend_from_slice(&edit.replacement);
            at = edit.span.end;
        }
        let until = self.edits.front().map_or(until, |edit| edit.span.start.min(until));
        out.extend_from_slice(self.slice(&(at..until)));
        let released = usize::try_from(until.saturating_sub(self.base)).unwrap_or(0).min(self.raw.len());
        self.raw.drain(..released);
        self.base += released as u64;
    }

    fn relative(&self, span: &Range<u64>) -> Option<Range<usize>> {
        let start = usize::try_from(span.start.checked_sub(self.base)?).ok()?;
        let end = usize::try_from(span.end.checked_sub(self.base)?).ok()?;
        Some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_in_any_order_come_out_in_place() {
        let mut splice = Splice::default();
        let mut out = Vec::new();
        splice.push(b"0123456789");
        splice.replace(6..8, b"XYZ".to_vec());
        splice.replace(1..2, Vec::new());
        splice.release(5, &mut out);
        assert_eq!((out.as_slice(), splice.base()), (b"0234".as_slice(), 5));
        splice.release(7, &mut out);
        assert_eq!((out.as_slice(), splice.base()), (b"02345".as_slice(), 6));
        splice.push(b"ab");
        splice.release(12, &mut out);
        assert_eq!(out, b"02345XYZ89ab");
        assert!(!splice.is_edited());
        assert_eq!(splice.end(), 12);
    }

    #[test]
    fn the_first_edit_of_a_byte_stays_unless_it_is_superseded() {
        let edited = |edits: &dyn Fn(&mut Splice)| {
            let mut splice = Splice::default();
            let mut out = Vec::new();
            splice.push(b"0123456789");
            edits(&mut splice);
            splice.release(10, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            edited(&|splice| {
                splice.replace(2..4, b"A".to_vec());
                splice.replace(3..5, b"B".to_vec());
                splice.replace(4..5, b"C".to_vec());
            }),
            "01AC56789"
        );
        assert_eq!(
            edited(&|splice| {
                splice.replace(2..4, b"A".to_vec());
                splice.replace(4..6, b"B".to_vec());
                splice.replace(8..9, b"C".to_vec());
                splice.supersede(3..5, b"-".to_vec());
                splice.undo(&(7..10));
            }),
            "012-56789"
        );
        assert_eq!(
            edited(&|splice| {
                splice.replace(2..4, b"A".to_vec());
                splice.replace(2..2, b"<".to_vec());
            }),
            "01<A456789"
        );
    }
}
