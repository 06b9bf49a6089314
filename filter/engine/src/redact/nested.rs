//! A JSON document that is itself the text of a string.

use crate::framing::json::{Container, JsonError, Sink, Tokenizer};
use std::ops::Range;

/// A part of a document that its plain text does not show as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A string or key with escape sequences: raw bytes and their offset.
    Escaped(u64, &'a [u8]),
    /// A long integer.
    Number(u64, &'a [u8]),
}

/// Digits of the shortest number that a rule could find.
const LONG_NUMBER: usize = 8;

/// Whether `text` may be a JSON array or object.
pub(super) fn looks_like_document(text: &[u8]) -> bool {
    text.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['))
}

/// The parts of `document` that need a look of their own, in order.
pub(super) fn parts(document: &[u8]) -> Result<Vec<Part<'_>>, JsonError> {
    let mut collector = Collector { document, begin: 0, parts: Vec::new() };
    let mut tokenizer = Tokenizer::new();
    tokenizer.push(document, 0, &mut collector)?;
    tokenizer.finish(document.len() as u64, &mut collector)?;
    Ok(collector.parts)
}

struct Collector<'a> {
    document: &'a [u8],
    begin: u64,
    parts: Vec<Part<'a>>,
}

impl<'a> Collector<'a> {
    fn slice(&self, start: u64, end: u64) -> &'a [u8] {
        match (usize::try_from(start), usize::try_from(end)) {
            (Ok(start), Ok(end)) => self.document.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    fn string(&mut self, start: u64, end: u64) {
        let raw = self.slice(start, end);
        if memchr::memchr(b'\\', raw).is_some() {
            self.parts.push(Part::Escaped(start, raw));
        }
    }
}

impl Sink for Collector<'_> {
    fn open(&mut self, _container: Container) {}
    fn close(&mut self, _at: u64) {}
    fn string_piece(&mut self, _at: u64, _raw: &[u8]) {}

    fn key(&mut self, span: Range<u64>, _raw: &[u8]) {
        self.string(span.start, span.end);
    }

    fn string_begin(&mut self, at: u64) {
        self.begin = at;
    }

    fn string_end(&mut self, at: u64) {
        self.string(self.begin, at);
    }

    fn scalar(&mut self, at: u64, raw: &[u8]) {
        if raw.len() >= LONG_NUMBER && raw.iter().all(u8::is_ascii_digit) {
            self.parts.push(Part::Number(at, self.slice(at, at + raw.len() as u64)));
        }
    }
}
