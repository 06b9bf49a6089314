//! How often what is inserted into a text must be escaped: a text may be a JSON document whose strings hold another.
//!
//! A placeholder in the arguments of a tool call stands in a string of a document that is itself a string; a value put
//! there is escaped twice, or one of a password's quotes ends the string early. The same holds for structured outputs.

use crate::framing::json::{Container, Sink, Tokenizer, is_space};
use crate::limits::MAX_NESTED_DOCUMENTS;
use crate::text::Unescaper;
use std::collections::VecDeque;
use std::ops::Range;

/// Follows the documents inside a text.
#[derive(Debug, Default)]
pub(super) struct Nest {
    /// The documents, each in a string of the one before; the first is the text itself.
    levels: Vec<Level>,
    /// Text offsets from which on so many levels of strings are open.
    depths: VecDeque<(u64, usize)>,
    /// It was seen whether the text begins like a document.
    decided: bool,
    /// Bytes that may still belong to an escape sequence.
    escape: usize,
}

/// Bytes of `\uXXXX` behind its backslash.
const LONGEST_ESCAPE: usize = 5;

/// One document.
#[derive(Debug)]
struct Level {
    tokenizer: Tokenizer,
    /// Decodes the string that is open.
    unescaper: Unescaper,
    state: State,
    /// Where it turned out to be no document.
    broken_at: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far.
    Undecided,
    Document,
    /// Not a document, or not any more.
    Plain,
}

/// What happens to the strings of a document.
enum Piece {
    Begin,
    Raw(Vec<u8>),
}

/// Passes a document's tokens on and notes what its strings hold.
struct Strings<'a, S> {
    hearer: &'a mut S,
    pieces: Vec<Piece>,
}

/// Listens to nothing.
pub(super) struct Nobody;

// === impl Nest ===

impl Nest {
    /// Reads the next piece of the text, which begins at offset `at`. The text's own tokens go to `hearer`; returns from
    /// where on the piece is no document.
    pub(super) fn push(&mut self, text: &[u8], at: u64, hearer: &mut impl Sink) -> Option<u64> {
        let mut plain_from = at;
        if !self.decided {
            let (first, byte) = text.iter().enumerate().find(|(_, byte)| !is_space(**byte))?;
            self.decided = true;
            plain_from += first as u64;
            if matches!(byte, b'{' | b'[') {
                self.levels = (0..MAX_NESTED_DOCUMENTS).map(|_| Level::new()).collect();
            }
        }
        if self.levels.is_empty() {
            return Some(plain_from);
        }
        let mut rest = text;
        let mut at = at;
        while let Some(&first) = rest.first() {
            // Depth must change at the same byte however the text is cut. No string begins or ends without a quotation
            // mark, and none breaks without a control character or a wrong escape sequence.
            let run = if self.escape > 0 || is_special(first) {
                1
            } else {
                rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len())
            };
            self.escape = if first == b'\\' { LONGEST_ESCAPE } else { self.escape.saturating_sub(run) };
            let (piece, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            feed(&mut self.levels, piece, at, hearer);
            at += piece.len() as u64;
            rest = behind;
            let depth = self.levels.iter().take_while(|level| level.is_in_string()).count();
            if depth != self.depths.back().map_or(0, |(_, depth)| *depth) {
                self.depths.push_back((at, depth));
            }
        }
        let broken_at = self.levels.first().and_then(|level| level.broken_at);
        if broken_at.is_some() {
            self.levels = Vec::new();
        }
        broken_at
    }

    /// In how many strings inside each other the text at `at` stands.
    pub(super) fn depth(&self, at: u64) -> usize {
        let behind = self.depths.partition_point(|(from, _)| *from <= at);
        behind.checked_sub(1).and_then(|index| self.depths.get(index)).map_or(0, |(_, depth)| *depth)
    }

    /// Drops what is known of the text before `at`.
    pub(super) fn forget_before(&mut self, at: u64) {
        while self.depths.get(1).is_some_and(|(from, _)| *from <= at) {
            self.depths.pop_front();
        }
    }
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

fn feed(levels: &mut [Level], text: &[u8], at: u64, hearer: &mut impl Sink) {
    let Some((level, inner)) = levels.split_first_mut() else { return };
    let mut strings = Strings { hearer, pieces: Vec::new() };
    level.push(text, at, &mut strings);
    for piece in strings.pieces {
        match piece {
            Piece::Begin => {
                level.unescaper = Unescaper::default();
                if let Some(first) = inner.first_mut() {
                    *first = Level::new();
                }
            }
            Piece::Raw(raw) => {
                let mut text = Vec::with_capacity(raw.len());
                level.unescaper.push(&raw, 0, &mut text, &mut ());
                feed(inner, &text, 0, &mut Nobody);
            }
        }
    }
}

// === impl Level ===

impl Level {
    fn new() -> Level {
        Level {
            tokenizer: Tokenizer::new(),
            unescaper: Unescaper::default(),
            state: State::Undecided,
            broken_at: None,
        }
    }

    fn push(&mut self, text: &[u8], at: u64, sink: &mut impl Sink) {
        if self.state == State::Undecided {
            match text.iter().find(|byte| !is_space(**byte)) {
                None => return,
                Some(b'{' | b'[') => self.state = State::Document,
                Some(_) => self.state = State::Plain,
            }
        }
        let (mut rest, mut at) = (text, at);
        while self.state == State::Document
            && let Err(error) = self.tokenizer.push(rest, at, sink)
        {
            let read = usize::try_from(error.at - at).unwrap_or(usize::MAX);
            (rest, at) = (rest.get(read..).unwrap_or_default(), error.at);
            // Some providers put several calls under one index: another document may follow.
            if self.tokenizer.is_done() && matches!(rest.first(), Some(b'{' | b'[')) {
                self.tokenizer.reset();
            } else {
                self.state = State::Plain;
                self.broken_at = Some(at);
            }
        }
    }

    fn is_in_string(&self) -> bool {
        self.state == State::Document && self.tokenizer.is_in_string()
    }
}

// === impl Strings ===

impl<S: Sink> Sink for Strings<'_, S> {
    fn open(&mut self, container: Container) {
        self.hearer.open(container);
    }

    fn close(&mut self, at: u64) {
        self.hearer.close(at);
    }

    fn key(&mut self, span: Range<u64>, raw: &[u8]) {
        self.hearer.key(span, raw);
    }

    fn string_begin(&mut self, at: u64) {
        self.pieces.push(Piece::Begin);
        self.hearer.string_begin(at);
    }

    fn string_piece(&mut self, at: u64, raw: &[u8]) {
        self.pieces.push(Piece::Raw(raw.to_vec()));
        self.hearer.string_piece(at, raw);
    }

    fn string_end(&mut self, at: u64) {
        self.hearer.string_end(at);
    }

    fn scalar(&mut self, at: u64, raw: &[u8]) {
        self.hearer.scalar(at, raw);
    }
}

impl Sink for Nobody {
    fn open(&mut self, _container: Container) {}
    fn close(&mut self, _at: u64) {}
    fn key(&mut self, _span: Range<u64>, _raw: &[u8]) {}
    fn string_begin(&mut self, _at: u64) {}
    fn string_piece(&mut self, _at: u64, _raw: &[u8]) {}
    fn string_end(&mut self, _at: u64) {}
    fn scalar(&mut self, _at: u64, _raw: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The depth in front of each `!`, with the text read in pieces of `size`.
    fn depths(text: &str, size: usize) -> Vec<usize> {
        let mut nest = Nest::default();
        let mut at = 0;
        for piece in text.as_bytes().chunks(size) {
            nest.push(piece, at, &mut Nobody);
            at += piece.len() as u64;
        }
        text.bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'!')
            .map(|(at, _)| nest.depth(at as u64))
            .collect()
    }

    #[test]
    fn depth_is_that_of_the_strings_around() {
        for (text, expected) in [
            ("plain ! \"!\"", vec![0, 0]),
            (r#" {"a!":"!","b":[1,"!"]}"#, vec![1, 1, 1]),
            (r#"{"a":"{\"b!\":\"!\",\"c\":\"{\\\"d\\\":\\\"!\\\"}\"}","e":"!"}"#, vec![2, 2, 3, 1]),
            // Not a document after all: what stands there is text.
            (r#"{"a":"!", oops "!"}"#, vec![1, 0]),
            (r#"{"a":"{not \"!\""}"#, vec![1]),
            (r#"{"a":"! \q ! "#, vec![1, 0]),
            ("{\"a\":\"!\n! \"", vec![1, 0]),
            (r#"{"a":"\u007b\"!\":\"!\"}"}"#, vec![2, 2]),
            ("{{ ! }}", vec![0]),
        ] {
            for size in 1..=text.len() {
                assert_eq!(depths(text, size), expected, "{text} in pieces of {size}");
            }
        }
    }
}
