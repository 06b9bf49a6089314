//! The elements of a JSON array that is sent piece by piece: where each ends, as if it were an event of its own.
//!
//! Gemini streams so unless it is asked for server-sent events.

use super::Event;

/// Finds elements in a growing buffer. Offsets are those of the whole stream.
#[derive(Debug)]
pub struct ElementFinder {
    /// Everything before this offset was looked at.
    scanned: u64,
    /// Open arrays and objects, the outer array among them.
    depth: usize,
    state: State,
    /// Where the current element begins.
    begin: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Structure,
    Text,
    /// Behind a backslash in a string.
    Escape,
}

// === impl ElementFinder ===

impl ElementFinder {
    /// For an array that begins at offset `begin`.
    pub fn new(begin: u64) -> ElementFinder {
        ElementFinder { scanned: begin, depth: 0, state: State::Structure, begin: None }
    }

    /// The next complete element in `buffer`, which begins at offset `base`. What stands between two elements goes with
    /// the second.
    pub fn next(&mut self, buffer: &[u8], base: u64) -> Option<Event> {
        let from = usize::try_from(self.scanned.checked_sub(base)?).ok()?;
        for &byte in buffer.get(from..)? {
            let at = self.scanned;
            self.scanned += 1;
            match (self.state, byte) {
                (State::Text, b'\\') => self.state = State::Escape,
                (State::Text, b'"') => self.state = State::Structure,
                (State::Escape, _) | (State::Structure, b'"') => self.state = State::Text,
                (State::Structure, b'{' | b'[') => {
                    if self.depth == 1 {
                        self.begin = Some(at);
                    }
                    self.depth += 1;
                }
                (State::Structure, b'}' | b']') => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 1
                        && let Some(begin) = self.begin.take()
                    {
                        return Some(Event { end: self.scanned, data: vec![begin..self.scanned] });
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// What is left when the stream ends, as an event that ends at `end`.
    pub fn finish(&mut self, end: u64) -> Event {
        Event { end, data: self.begin.take().map(|begin| begin..end).into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_elements() {
        let stream = br#"[{"a":"]}\"","b":[{}]}
,
{"c":[]}] "#;
        let elements = |pieces: &[&[u8]]| {
            let (mut finder, mut buffer, mut found) = (ElementFinder::new(0), Vec::new(), Vec::new());
            for piece in pieces {
                buffer.extend_from_slice(piece);
                while let Some(event) = finder.next(&buffer, 0) {
                    let span = event.data[0].clone();
                    let text =
                        &stream[usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap()];
                    found.push((event.end, std::str::from_utf8(text).unwrap()));
                }
            }
            assert_eq!(finder.finish(buffer.len() as u64).data, []);
            found
        };
        let whole = elements(&[stream]);
        assert_eq!(whole, [(22, r#"{"a":"]}\"","b":[{}]}"#), (33, r#"{"c":[]}"#)]);
        for cut in 0..stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(elements(&[head, tail]), whole);
        }
    }
}
