//! From offsets in a decoded text to offsets in the bytes that it was decoded from.

use super::unescape::Origins;
use std::collections::VecDeque;
use std::ops::Range;

/// Piecewise map from text offsets to raw offsets. Text that is settled can be [dropped](OffsetMap::forget_before), so a
/// stream's map stays as small as what it holds.
#[derive(Debug, Default)]
pub struct OffsetMap {
    segments: VecDeque<Segment>,
}

/// A run of text and the raw bytes behind it. If both are equally long they correspond byte by byte; otherwise they are
/// one escape sequence.
#[derive(Debug, Clone, Copy)]
struct Segment {
    text: u64,
    text_len: u64,
    raw: u64,
    raw_len: u64,
}

// === impl OffsetMap ===

impl OffsetMap {
    /// The raw bytes of the text at `range`: ascending runs, touching ones joined.
    pub fn raw_runs(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        for part in self.within(range) {
            match runs.last_mut() {
                Some(last) if last.end == part.raw => last.end += part.raw_len,
                _ => runs.push(part.raw..part.raw + part.raw_len),
            }
        }
        runs
    }

    /// The raw offset of the text byte at `text`, if that is still known.
    pub fn raw_start(&self, text: u64) -> Option<u64> {
        self.raw_runs(text..text + 1).first().map(|run| run.start)
    }

    /// The parts of the map that cover the text at `range`.
    fn within(&self, range: Range<u64>) -> impl Iterator<Item = Segment> {
        let first = self.segments.partition_point(|segment| segment.text + segment.text_len <= range.start);
        self.segments.iter().skip(first).take_while(move |segment| segment.text < range.end).map(
            move |segment| {
                let run = segment.raw_run(&range);
                let text = segment.text.max(range.start);
                let text_len = if segment.is_literal() { run.end - run.start } else { segment.text_len };
                Segment { text, text_len, raw: run.start, raw_len: run.end - run.start }
            },
        )
    }

    /// Drops what lies before `text`.
    pub fn forget_before(&mut self, text: u64) {
        while self.segments.front().is_some_and(|first| first.text + first.text_len <= text) {
            self.segments.pop_front();
        }
    }
}

impl Origins for OffsetMap {
    fn literal(&mut self, text: u64, raw: u64, len: u64) {
        if let Some(last) = self.segments.back_mut()
            && last.is_literal()
            && last.raw + last.raw_len == raw
        {
            last.text_len += len;
            last.raw_len += len;
        } else if len > 0 {
            self.segments.push_back(Segment { text, text_len: len, raw, raw_len: len });
        }
    }

    // Every escape sequence is longer than its text, so it is never taken for a literal.
    fn escape(&mut self, text: u64, text_len: u64, raw: u64, raw_len: u64) {
        self.segments.push_back(Segment { text, text_len, raw, raw_len });
    }
}

// === impl Segment ===

impl Segment {
    fn is_literal(&self) -> bool {
        self.text_len == self.raw_len
    }

    /// The raw bytes of the part of this segment that lies in `range`.
    fn raw_run(&self, range: &Range<u64>) -> Range<u64> {
        if !self.is_literal() {
            return self.raw..self.raw + self.raw_len;
        }
        let start = range.start.max(self.text) - self.text;
        let end = range.end.min(self.text + self.text_len) - self.text;
        self.raw + start..self.raw + end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_whole_and_gaps_split_runs() {
        // Raw: `ab\u00e9cd` at 10, then `ef` at 100.
        let mut map = OffsetMap::default();
        map.literal(0, 10, 2);
        map.escape(2, 2, 12, 6);
        map.literal(4, 18, 2);
        map.literal(6, 100, 2);
        assert_eq!(map.raw_runs(1..5), [11..19]);
        assert_eq!(map.raw_runs(3..4), [12..18]);
        assert_eq!(map.raw_runs(5..7), [19..20, 100..101]);
        assert_eq!(map.raw_start(6), Some(100));
        map.forget_before(5);
        assert_eq!(map.raw_runs(0..8), [18..20, 100..102]);
        assert_eq!(map.raw_start(8), None);
    }
}
