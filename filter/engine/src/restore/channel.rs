//! One text of an answer: from raw pieces of JSON strings to edits.

use super::Context;
use crate::protocol::Form;
use crate::splice::Splice;
use crate::text::{OffsetMap, Unescaper, escape_json};
use aegis_scanner::{Match, Stream};

/// A text that is written in one or more JSON strings.
#[derive(Debug)]
pub(super) struct Channel {
    form: Form,
    stream: Stream,
    unescaper: Unescaper,
    map: OffsetMap,
}

// === impl Channel ===

impl Channel {
    pub(super) fn new(form: Form) -> Channel {
        Channel { form, stream: Stream::new(), unescaper: Unescaper::default(), map: OffsetMap::default() }
    }

    /// Reads raw bytes of a string, which begin at offset `at`.
    pub(super) fn push(&mut self, context: &mut Context<'_>, raw: &[u8], at: u64) {
        let mut text = Vec::with_capacity(raw.len());
        self.unescaper.push(raw, at, &mut text, &mut self.map);
        self.feed(context, &text);
    }

    /// Ends one string; the text may go on in another.
    pub(super) fn end_string(&mut self, context: &mut Context<'_>) {
        let mut text = Vec::new();
        self.unescaper.finish(&mut text, &mut self.map);
        self.feed(context, &text);
    }

    /// Ends the text.
    pub(super) fn finish(mut self, context: &mut Context<'_>) {
        self.end_string(context);
        let Channel { form, stream, map, .. } = self;
        let Context { engine, caches, vault, splice } = context;
        stream.finish(&engine.placeholders, &mut caches.placeholders, *vault, |found, placeholder| {
            restore(splice, &map, form, found, vault.value(placeholder));
        });
    }

    /// Raw offset from which on nothing may be released; `None` if nothing is open.
    pub(super) fn open_at(&self) -> Option<u64> {
        let held = if self.stream.held() > 0 { self.map.raw_start(self.stream.settled()) } else { None };
        match (held, self.unescaper.open_at()) {
            (Some(held), Some(open)) => Some(held.min(open)),
            (held, open) => held.or(open),
        }
    }

    fn feed(&mut self, context: &mut Context<'_>, text: &[u8]) {
        let Channel { form, stream, map, .. } = self;
        let Context { engine, caches, vault, splice } = context;
        stream.feed(&engine.placeholders, &mut caches.placeholders, text, *vault, |found, placeholder| {
            restore(splice, map, *form, found, vault.value(placeholder));
        });
        map.forget_before(stream.settled());
    }
}

/// Puts `value` where `found` is. If the placeholder is spread over several strings, the first takes the value.
fn restore(splice: &mut Splice, map: &OffsetMap, form: Form, found: Match, value: Option<&[u8]>) {
    let Some(value) = value else { return };
    let mut replacement = Vec::with_capacity(value.len());
    match form {
        Form::Plain => escape_json(value, &mut replacement),
        Form::Json => {
            let mut inner = Vec::with_capacity(value.len());
            escape_json(value, &mut inner);
            escape_json(&inner, &mut replacement);
        }
    }
    for run in map.raw_runs(found.start..found.end) {
        splice.replace(run, std::mem::take(&mut replacement));
    }
}
