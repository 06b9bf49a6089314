//! From spans of a decoded text to spans of the JSON string that it was decoded from.

use super::unescape::{Origins, Unescaper};
use std::ops::Range;

/// Raw bytes that are decoded at a time: nothing of the text is kept.
const STEP: usize = 64 << 10;

/// Where `spans` of the text of the JSON string `raw`, which begins at offset `at`, stand. Spans must be sorted and
/// disjoint.
///
/// Needs no memory beyond its result, however long the string is: most strings have no finding, and a map of every
/// escape sequence of a large one would be many times its size.
pub fn locate(raw: &[u8], at: u64, spans: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut locator = Locator { spans, start: None, found: Vec::with_capacity(spans.len()) };
    let mut unescaper = Unescaper::default();
    let mut text = Vec::new();
    let mut offset = at;
    for piece in raw.chunks(STEP) {
        if locator.spans.is_empty() {
            return locator.found;
        }
        text.clear();
        unescaper.push(piece, offset, &mut text, &mut locator);
        offset += piece.len() as u64;
    }
    unescaper.finish(&mut text, &mut locator);
    locator.found
}

struct Locator<'a> {
    spans: &'a [Range<u64>],
    /// Where the first of `spans` starts, once it has.
    start: Option<u64>,
    found: Vec<Range<u64>>,
}

impl Locator<'_> {
    /// The next segment of text; `place` gives the raw offsets of a start and of an end in it.
    fn segment(&mut self, text: u64, len: u64, start_of: impl Fn(u64) -> u64, end_of: impl Fn(u64) -> u64) {
        while let Some((span, behind)) = self.spans.split_first() {
            if span.start >= text + len {
                break;
            }
            let start = *self.start.get_or_insert_with(|| start_of(span.start.max(text)));
            if span.end > text + len {
                break;
            }
            self.found.push(start..end_of(span.end));
            self.start = None;
            self.spans = behind;
        }
    }
}

impl Origins for Locator<'_> {
    fn literal(&mut self, text: u64, raw: u64, len: u64) {
        let place = |at: u64| raw + (at - text);
        self.segment(text, len, place, place);
    }

    fn escape(&mut self, text: u64, text_len: u64, raw: u64, raw_len: u64) {
        self.segment(text, text_len, |_| raw, |_| raw + raw_len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_span_of_every_text() {
        let raw = r"ab\u00e9\n密\ud83d\ude00x\\";
        // Text offset → raw start, raw end of the byte there.
        let text = "abé\n密😀x\\";
        let bytes = [(0, 1), (1, 2), (2, 8), (2, 8), (8, 10), (10, 11), (11, 12), (12, 13)]
            .into_iter()
            .chain([(13, 25); 4])
            .chain([(25, 26), (26, 28)])
            .collect::<Vec<(u64, u64)>>();
        assert_eq!(bytes.len(), text.len());
        for start in 0..text.len() {
            for end in start + 1..=text.len() {
                let found = locate(raw.as_bytes(), 100, &[start as u64..end as u64]);
                assert_eq!(found, [100 + bytes[start].0..100 + bytes[end - 1].1], "{start}..{end}");
            }
        }
        let found = locate(raw.as_bytes(), 0, &[0..1, 1..5, 12..13]);
        assert_eq!(found, [0..1, 1..10, 25..26]);
    }
}
