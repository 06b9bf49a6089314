//! Server-sent events (WHATWG HTML §9.2.6): where each event ends and where its data stands.
//!
//! Lines end in CR, LF or CRLF, also mixed; a CRLF may be split between two reads. An event ends with an empty line.

use super::Event;
use std::ops::Range;

/// Finds events in a growing buffer. Offsets are those of the whole stream.
#[derive(Debug, Default)]
pub struct EventFinder {
    /// Everything before this offset belongs to complete lines.
    line: u64,
    /// Where to look for the next line end.
    scanned: u64,
    /// The last line ended in CR: an LF that follows at once belongs to it.
    after_cr: bool,
    /// `data` fields of the current event: spans of their values.
    data: Vec<Range<u64>>,
}

// === impl EventFinder ===

impl EventFinder {
    /// A finder at the beginning of a stream.
    pub fn new() -> EventFinder {
        EventFinder::default()
    }

    /// The next complete event in `buffer`, which begins at offset `base` and holds at least the bytes from the end of
    /// the last event on.
    pub fn next(&mut self, buffer: &[u8], base: u64) -> Option<Event> {
        loop {
            let from = offset(self.scanned, base)?;
            let rest = buffer.get(from..)?;
            if self.after_cr && !rest.is_empty() {
                self.after_cr = false;
                if rest.first() == Some(&b'\n') {
                    self.line += 1;
                    self.scanned += 1;
                    continue;
                }
            }
            let Some(run) = memchr::memchr2(b'\r', b'\n', rest) else {
                self.scanned += rest.len() as u64;
                return None;
            };
            let end = self.scanned + run as u64;
            self.after_cr = rest.get(run) == Some(&b'\r');
            let line = self.line..end;
            self.scanned = end + 1;
            self.line = end + 1;
            if line.is_empty() {
                return Some(Event { end: self.line, data: std::mem::take(&mut self.data) });
            }
            self.field(buffer, base, line);
        }
    }

    /// What is left when the stream ends without an empty line, as an event that ends at `end`.
    pub fn finish(&mut self, buffer: &[u8], base: u64, end: u64) -> Event {
        if self.line < end {
            self.field(buffer, base, self.line..end);
        }
        Event { end, data: std::mem::take(&mut self.data) }
    }

    /// Remembers the value of a `data` field. Comments and other fields are of no interest here.
    fn field(&mut self, buffer: &[u8], base: u64, line: Range<u64>) {
        let (Some(start), Some(end)) = (offset(line.start, base), offset(line.end, base)) else { return };
        let text = buffer.get(start..end).unwrap_or_default();
        // A byte order mark may stand before the first line.
        let mark = if line.start == 0 && text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let Some(value) = text.get(mark..).and_then(|text| text.strip_prefix(b"data")) else { return };
        let value = match value {
            [] => value,
            [b':', b' ', value @ ..] | [b':', value @ ..] => value,
            _ => return,
        };
        self.data.push(line.end - value.len() as u64..line.end);
    }
}

fn offset(at: u64, base: u64) -> Option<usize> {
    at.checked_sub(base).and_then(|offset| usize::try_from(offset).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of each event and where it ends, with the stream read in `pieces`.
    fn events(pieces: &[&[u8]]) -> Vec<(u64, String)> {
        let mut finder = EventFinder::new();
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        let text = |buffer: &[u8], event: &Event| {
            let line = |span: &Range<u64>| {
                let span = usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap();
                String::from_utf8(buffer[span].to_vec()).unwrap()
            };
            event.data.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Some(event) = finder.next(&buffer, 0) {
                found.push((event.end, text(&buffer, &event)));
            }
        }
        let rest = finder.finish(&buffer, 0, buffer.len() as u64);
        if !rest.data.is_empty() {
            found.push((rest.end, text(&buffer, &rest)));
        }
        found
    }

    #[test]
    fn every_line_ending_works_and_any_cut_gives_the_same_data() {
        let streams = [
            "data: a\n\ndata:b\n\n",
            "data: a\r\n\r\ndata: b\r\n\r\n",
            "data: a\r\rdata: b\r\r",
            "\u{feff}data: a\r\n\n: comment\nevent: e\ndata: b\n\r\n",
            ": only a comment\n\ndata: a\n\nid: 1\rdata: b\r\n\rdata",
        ];
        for stream in streams {
            let whole: Vec<String> = events(&[stream.as_bytes()]).into_iter().map(|(_, data)| data).collect();
            let text: Vec<&str> = whole.iter().map(String::as_str).filter(|data| !data.is_empty()).collect();
            assert_eq!(text, ["a", "b"], "{stream:?}");
            for cut in 0..=stream.len() {
                let (head, tail) = stream.as_bytes().split_at(cut);
                let cut: Vec<String> = events(&[head, tail]).into_iter().map(|(_, data)| data).collect();
                assert_eq!(cut, whole, "{stream:?}");
            }
        }
    }

    #[test]
    fn data_lines_are_joined_and_lookalikes_ignored() {
        assert_eq!(events(&[b"data: a\ndata:  b\ndatax: c\ndata\n\n"]), [(32, "a\n b\n".to_owned())]);
    }

    #[test]
    fn an_unfinished_event_counts_at_the_end() {
        assert_eq!(events(&[b"data: [DO", b"NE]"]), [(12, "[DONE]".to_owned())]);
    }
}
