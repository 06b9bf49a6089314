//! The place in a schema while the tokenizer walks through a document.

use super::schema::{Edge, Mark, NodeId, Place, Schema};
use crate::framing::json::Container;
use crate::text::Unescaper;
use std::borrow::Cow;

/// Follows a document through a schema.
#[derive(Debug)]
pub(crate) struct Cursor {
    schema: &'static Schema,
    stack: Vec<Frame>,
    /// Place of the next value.
    next: Place,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    container: Container,
    place: Place,
}

// === impl Cursor ===

impl Cursor {
    /// A cursor in front of a document.
    pub(crate) fn new(schema: &'static Schema) -> Cursor {
        Cursor { schema, stack: Vec::new(), next: schema.root() }
    }

    /// How many containers are open.
    pub(crate) fn depth(&self) -> usize {
        self.stack.len()
    }

    /// A container begins; returns what it means.
    pub(crate) fn open(&mut self, container: Container) -> Mark {
        let place = self.next;
        self.stack.push(Frame { container, place });
        if container == Container::Array {
            self.next = self.schema.step(place, Edge::Element);
        }
        self.schema.mark(place)
    }

    /// The innermost container ends; returns what it meant.
    pub(crate) fn close(&mut self) -> Mark {
        let closed = self.stack.pop();
        if let Some(frame) = self.stack.last()
            && frame.container == Container::Array
        {
            self.next = self.schema.step(frame.place, Edge::Element);
        }
        closed.map_or(Mark::Skip, |frame| self.schema.mark(frame.place))
    }

    /// A key, as it stands between its quotes.
    pub(crate) fn key(&mut self, raw: &[u8]) {
        if let Some(frame) = self.stack.last() {
            let next = self.schema.step(frame.place, Edge::Key(raw));
            // No schema has a backslash in a key: one that is known as it stands means what it says.
            self.next = match next.node() {
                None => self.schema.step(frame.place, Edge::Key(&unescaped(raw))),
                Some(_) => next,
            };
        }
    }

    /// What the string or scalar that comes now means.
    pub(crate) fn value(&self) -> Mark {
        self.schema.mark(self.next)
    }

    /// Identifies the path of the string or scalar that comes now.
    pub(crate) fn node(&self) -> Option<NodeId> {
        self.next.node()
    }
}

/// A key may be written with escapes; the schema must not be fooled by that.
fn unescaped(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut unescaper = Unescaper::default();
    unescaper.push(raw, 0, &mut out, &mut ());
    unescaper.finish(&mut out, &mut ());
    Cow::Owned(out)
}
