//! Which strings of a request are text, and in which slot.

use super::RequestError;
use crate::framing::json::{Container, Sink, Tokenizer};
use crate::limits::MAX_TEXTS;
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
    /// It stands behind a key that the schema does not know, and whose name may mean something to a policy.
    pub(super) keyed: bool,
    /// It stands where media is expected.
    pub(super) is_media: bool,
}

/// The texts of `body`, in order.
pub(super) fn texts(schema: &'static Schema, body: &[u8]) -> Result<Vec<Text>, RequestError> {
    let mut collector = Collector {
        cursor: Cursor::new(schema),
        body,
        begin: 0,
        texts: Vec::new(),
        overflow: false,
        messages: Vec::new(),
    };
    let mut tokenizer = Tokenizer::new();
    tokenizer.push(body, 0, &mut collector)?;
    tokenizer.finish(body.len() as u64, &mut collector)?;
    if collector.overflow { Err(RequestError::TooMany) } else { Ok(collector.texts) }
}

struct Collector<'a> {
    cursor: Cursor,
    body: &'a [u8],
    begin: usize,
    texts: Vec<Text>,
    /// There are more texts than [`MAX_TEXTS`].
    overflow: bool,
    /// Open messages, innermost last.
    messages: Vec<Message>,
}

/// A message whose role may come behind its texts.
struct Message {
    role: Slot,
    /// Indices of the texts that take its slot.
    texts: Vec<usize>,
}

impl Collector<'_> {
    /// A string stands at `span`.
    fn text(&mut self, span: Range<usize>) {
        let mark = self.cursor.value();
        if span.is_empty() || mark == Mark::Skip {
            return;
        }
        if self.texts.len() >= MAX_TEXTS {
            self.overflow = true;
            return;
        }
        let mut text = Text {
            span,
            slot: Slot::User,
            form: Form::Plain,
            keyed: self.cursor.node().is_none(),
            is_media: false,
        };
        match mark {
            Mark::Text(slot, form) => (text.slot, text.form) = (slot, form),
            Mark::Media(slot) => (text.slot, text.is_media) = (slot, true),
            Mark::RoleText => {
                if let Some(message) = self.messages.last_mut() {
                    message.texts.push(self.texts.len());
                }
            }
            Mark::Role => {
                if let (Some(message), Some(raw)) =
                    (self.messages.last_mut(), self.body.get(text.span.clone()))
                {
                    message.role = Slot::of_role(raw);
                }
            }
            // A string where something else was expected is text like any other.
            _ => {}
        }
        self.texts.push(text);
    }
}

impl Sink for Collector<'_> {
    fn open(&mut self, container: Container) {
        if self.cursor.open(container) == Mark::Scope {
            self.messages.push(Message { role: Slot::User, texts: Vec::new() });
        }
    }

    fn close(&mut self, _at: u64) {
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

    fn key(&mut self, span: Range<u64>, raw: &[u8]) {
        self.cursor.key(raw);
        // Keys that the schema does not know are data, like what stands behind them.
        if self.cursor.node().is_none() {
            let offset = |at| usize::try_from(at).unwrap_or(usize::MAX);
            self.text(offset(span.start)..offset(span.end));
        }
    }

    fn string_begin(&mut self, at: u64) {
        self.begin = usize::try_from(at).unwrap_or(usize::MAX);
    }

    fn string_piece(&mut self, _at: u64, _raw: &[u8]) {}

    fn string_end(&mut self, at: u64) {
        self.text(self.begin..usize::try_from(at).unwrap_or(usize::MAX));
    }

    fn scalar(&mut self, _at: u64, _raw: &[u8]) {}
}
