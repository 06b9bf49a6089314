//! Which strings of a request are text, and in which slot.

use crate::framing::json::{Container, JsonError, Sink, Tokenizer};
use crate::protocol::{Cursor, Form, Mark, Schema};
use aegis_policy::Slot;
use std::ops::Range;

/// One string of a request that is text.
#[derive(Debug)]
pub(super) struct Text {
    /// Raw bytes between the quotes.
    pub(super) span: Range<usize>,
    pub(super) slot: Slot,
    pub(super) form: Form,
}

/// The texts of `body`, in order.
pub(super) fn texts(schema: &'static Schema, body: &[u8]) -> Result<Vec<Text>, JsonError> {
    let mut collector =
        Collector { cursor: Cursor::new(schema), body, begin: 0, texts: Vec::new(), messages: Vec::new() };
    let mut tokenizer = Tokenizer::new();
    tokenizer.push(body, 0, &mut collector)?;
    tokenizer.finish(body.len() as u64, &mut collector)?;
    Ok(collector.texts)
}

struct Collector<'a> {
    cursor: Cursor,
    body: &'a [u8],
    begin: usize,
    texts: Vec<Text>,
    /// Open messages, innermost last.
    messages: Vec<Message>,
}

/// A message whose role may come behind its texts.
struct Message {
    role: Slot,
    /// Indices of the texts that take its slot.
    texts: Vec<usize>,
}

impl Sink for Collector<'_> {
    fn open(&mut self, container: Container) {
        if self.cursor.open(container) == Mark::Scope {
            self.messages.push(Message { role: Slot::User, texts: Vec::new() });
        }
    }

    fn close(&mut self) {
        if self.cursor.close() == Mark::Scope
            && let Some(message) = self.messages.pop()
        {
            for index in message.texts {
                if let Some(text) = self.texts.get_mut(index) {
                    text.slot = message.role;
                }
            }
        }
    }

    fn key(&mut self, _at: u64, raw: &[u8]) {
        self.cursor.key(raw);
    }

    fn string_begin(&mut self, at: u64) {
        self.begin = usize::try_from(at).unwrap_or(usize::MAX);
    }

    fn string_piece(&mut self, _at: u64, _raw: &[u8]) {}

    fn string_end(&mut self, at: u64) {
        let span = self.begin..usize::try_from(at).unwrap_or(usize::MAX);
        match self.cursor.value() {
            Mark::Text(slot, form) => self.texts.push(Text { span, slot, form }),
            Mark::RoleText => {
                if let Some(message) = self.messages.last_mut() {
                    message.texts.push(self.texts.len());
                }
                self.texts.push(Text { span, slot: Slot::User, form: Form::Plain });
            }
            Mark::Role => {
                if let (Some(message), Some(raw)) = (self.messages.last_mut(), self.body.get(span)) {
                    message.role = Slot::of_role(raw);
                }
            }
            Mark::Skip | Mark::Delta(..) | Mark::Scope | Mark::Index | Mark::End => {}
        }
    }

    fn scalar(&mut self, _raw: &[u8]) {}
}
