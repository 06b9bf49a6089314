//! From offsets in a view to offsets in the text that it shows.

use std::ops::Range;

/// A text as it reads without its disguise.
#[derive(Debug, Default)]
pub struct View {
    /// What reads.
    pub bytes: Vec<u8>,
    segments: Vec<Segment>,
}

/// A run of equal units: `units` times `shown` bytes of the view for `source` bytes of the text. Characters that stand
/// as they are have units of 1 and 1, base64 has 3 and 4, a character that is written as `&#65;` is one unit of 1 and 5.
#[derive(Debug, Clone, Copy)]
struct Segment {
    view: usize,
    text: usize,
    units: usize,
    shown: u8,
    source: u8,
    changed: bool,
}

// === impl View ===

impl View {
    /// Appends bytes that stand at `text` as they are.
    pub fn keep(&mut self, text: usize, bytes: &[u8]) {
        self.segment(text, bytes.len(), (1, 1), false);
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends `shown`, which `source` bytes at `text` stand for.
    pub fn replace(&mut self, text: usize, source: usize, shown: &[u8]) {
        if let (Ok(len), Ok(source)) = (u8::try_from(shown.len()), u8::try_from(source))
            && len > 0
        {
            self.segment(text, 1, (len, source), true);
            self.bytes.extend_from_slice(shown);
        }
    }

    /// Appends `shown`, in which `unit.0` bytes at a time stand for `unit.1` bytes of the text from `text` on. The last
    /// unit may be shorter.
    pub fn decode(&mut self, text: usize, unit: (u8, u8), shown: &[u8]) {
        self.segment(text, shown.len().div_ceil(usize::from(unit.0.max(1))), unit, true);
        self.bytes.extend_from_slice(shown);
    }

    /// Appends what `other` shows of the same text.
    pub fn append(&mut self, other: &View) {
        let behind = self.bytes.len();
        self.segments.extend(other.segments.iter().map(|one| Segment { view: behind + one.view, ..*one }));
        self.bytes.extend_from_slice(&other.bytes);
    }

    fn segment(&mut self, text: usize, units: usize, (shown, source): (u8, u8), changed: bool) {
        if let Some(last) = self.segments.last_mut()
            && (last.shown, last.source, last.changed) == (shown, source, changed)
            && last.text_end() == text
            && last.view_end() == self.bytes.len()
        {
            last.units += units;
        } else if units > 0 {
            self.segments.push(Segment { view: self.bytes.len(), text, units, shown, source, changed });
        }
    }

    /// The bytes of the text that the view shows at `span`, with whatever lies between them.
    pub fn source(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let first = self.segments.get(self.behind(span.start))?;
        let last = self.segments.get(self.behind(span.end.checked_sub(1)?))?;
        let start = (span.start - first.view) / usize::from(first.shown.max(1));
        let end = (span.end - last.view).div_ceil(usize::from(last.shown.max(1)));
        Some(first.text + start * usize::from(first.source)..last.text + end * usize::from(last.source))
    }

    /// Whether the view shows at `span`, or directly beside it, something else than the text has there.
    pub fn is_changed(&self, span: &Range<usize>) -> bool {
        let (from, to) = (self.behind(span.start.saturating_sub(1)), self.behind(span.end));
        let segments = self.segments.get(from..=to.min(self.segments.len().saturating_sub(1)));
        // Where something was left out, one segment ends and the next begins.
        segments.is_none_or(|segments| segments.len() > 1 || segments.iter().any(|one| one.changed))
    }

    /// Index of the segment that holds the byte at `view`.
    fn behind(&self, view: usize) -> usize {
        self.segments.partition_point(|segment| segment.view <= view).saturating_sub(1)
    }
}

// === impl Segment ===

impl Segment {
    fn text_end(&self) -> usize {
        self.text + self.units * usize::from(self.source)
    }

    fn view_end(&self) -> usize {
        self.view + self.units * usize::from(self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_whole_units() {
        // `ab`, a character of 3 bytes for `c`, one of 2 left out, `d`, then base64 of 5 bytes.
        let mut view = View::default();
        view.keep(10, b"ab");
        view.replace(12, 3, b"c");
        view.keep(17, b"d");
        view.decode(18, (3, 4), b"vwxyz");
        assert_eq!(view.bytes, b"abcdvwxyz");
        assert_eq!(view.source(&(0..2)), Some(10..12));
        assert_eq!(view.source(&(1..3)), Some(11..15));
        assert_eq!(view.source(&(2..4)), Some(12..18));
        assert_eq!(view.source(&(5..6)), Some(18..22));
        assert_eq!(view.source(&(6..8)), Some(18..26));
        assert!(!view.is_changed(&(0..1)) && view.is_changed(&(0..2)) && view.is_changed(&(3..4)));
    }

    #[test]
    fn views_are_appended_with_their_units() {
        let (mut all, mut other) = (View::default(), View::default());
        all.decode(0, (5, 8), b"abcdefg");
        other.decode(30, (3, 8), b"xyzx");
        all.append(&other);
        assert_eq!(all.bytes, b"abcdefgxyzx");
        assert_eq!((all.source(&(0..7)), all.source(&(7..11))), (Some(0..16), Some(30..46)));
    }

    #[test]
    fn equal_units_are_one_segment() {
        let mut view = View::default();
        for at in 0..100 {
            view.replace(3 * at, 3, b"x");
        }
        assert_eq!(view.segments.len(), 1);
        assert_eq!(view.source(&(7..9)), Some(21..27));
    }
}
