//! The strings of a JSON document that is itself the text of a string.

use crate::framing::json::{Container, JsonError, Sink, Tokenizer};

/// All strings of `document`, keys included, with their offsets: in the arguments of a tool call everything is data.
pub(super) fn strings(document: &[u8]) -> Result<Vec<(u64, &[u8])>, JsonError> {
    let mut collector = Collector { document, begin: 0, strings: Vec::new() };
    let mut tokenizer = Tokenizer::new();
    tokenizer.push(document, 0, &mut collector)?;
    tokenizer.finish(document.len() as u64, &mut collector)?;
    Ok(collector.strings)
}

struct Collector<'a> {
    document: &'a [u8],
    begin: u64,
    strings: Vec<(u64, &'a [u8])>,
}

impl Collector<'_> {
    fn push(&mut self, start: u64, end: u64) {
        if let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end))
            && let Some(raw) = self.document.get(from..to)
        {
            self.strings.push((start, raw));
        }
    }
}

impl Sink for Collector<'_> {
    fn open(&mut self, _container: Container) {}
    fn close(&mut self) {}
    fn scalar(&mut self, _raw: &[u8]) {}
    fn string_piece(&mut self, _at: u64, _raw: &[u8]) {}

    fn key(&mut self, at: u64, raw: &[u8]) {
        self.push(at, at + raw.len() as u64);
    }

    fn string_begin(&mut self, at: u64) {
        self.begin = at;
    }

    fn string_end(&mut self, at: u64) {
        self.push(self.begin, at);
    }
}
