//! An answer that is one JSON document.

use super::Context;
use super::channel::Channel;
use crate::framing::json::{Container, JsonError, Sink, Tokenizer};
use crate::protocol::{Cursor, Mark, Schema};
use std::ops::Range;

/// The walk through a document that arrives in pieces.
#[derive(Debug)]
pub(super) struct DocumentStream {
    tokenizer: Tokenizer,
    walk: Walk,
}

#[derive(Debug)]
struct Walk {
    cursor: Cursor,
    /// The text that is being read.
    channel: Option<Channel>,
}

struct Listener<'a, 'c> {
    walk: &'a mut Walk,
    context: &'a mut Context<'c>,
}

// === impl DocumentStream ===

impl DocumentStream {
    pub(super) fn new(schema: &'static Schema) -> DocumentStream {
        DocumentStream {
            tokenizer: Tokenizer::new(),
            walk: Walk { cursor: Cursor::new(schema), channel: None },
        }
    }

    /// Reads `bytes`, which begin at offset `at`; returns the offset up to which bytes can be released.
    pub(super) fn push(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        at: u64,
    ) -> Result<u64, JsonError> {
        self.tokenizer.push(bytes, at, &mut Listener { walk: &mut self.walk, context })?;
        let open = self.walk.channel.as_ref().and_then(Channel::open_at);
        Ok(open.unwrap_or_else(|| context.splice.end()))
    }

    /// Ends the document, complete or not.
    pub(super) fn finish(self, context: &mut Context<'_>) {
        if let Some(channel) = self.walk.channel {
            channel.finish(context);
        }
    }
}

impl Sink for Listener<'_, '_> {
    fn open(&mut self, container: Container) {
        self.walk.cursor.open(container);
    }

    fn close(&mut self) {
        self.walk.cursor.close();
    }

    fn key(&mut self, _span: Range<u64>, raw: &[u8]) {
        self.walk.cursor.key(raw);
    }

    fn string_begin(&mut self, _at: u64) {
        self.walk.channel = match self.walk.cursor.value() {
            Mark::Text(_, form) | Mark::Delta(_, form) => Some(Channel::new(form)),
            Mark::Skip | Mark::RoleText | Mark::Role | Mark::Scope | Mark::Index | Mark::End => None,
        };
    }

    fn string_piece(&mut self, at: u64, raw: &[u8]) {
        if let Some(channel) = &mut self.walk.channel {
            channel.push(self.context, raw, at);
        }
    }

    fn string_end(&mut self, _at: u64) {
        if let Some(channel) = self.walk.channel.take() {
            channel.finish(self.context);
        }
    }

    fn scalar(&mut self, _at: u64, _raw: &[u8]) {}
}
