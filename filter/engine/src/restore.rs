//! Restoration of an answer: placeholders become the values they stand for.
//!
//! A JSON answer is worked on as it arrives; bytes wait only while a placeholder may be open. In an event stream whole
//! events wait, in order, while a text that they carry may end in an open placeholder, and are released unchanged if it
//! was none. So nothing is ever moved from one event to another, and every byte that is not part of a restored
//! placeholder is the upstream's.

mod channel;
mod document;
mod events;

use crate::engine::{Caches, Engine};
use crate::limits::MAX_SSE_EVENT;
use crate::placeholder::Vault;
use crate::protocol::Protocol;
use crate::splice::Splice;
use document::DocumentStream;
use events::EventStream;

/// How an answer is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One JSON document.
    Json,
    /// Server-sent events whose data is JSON.
    Sse,
}

/// An answer on its way to the client.
#[derive(Debug)]
pub struct ResponseStream {
    splice: Splice,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    Json(Box<DocumentStream>),
    Sse(Box<EventStream>),
    /// What came is not what was announced: the rest passes as it is.
    Verbatim,
}

/// Why an answer cannot be worked on any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// An event does not end.
    #[error("an event is larger than {MAX_SSE_EVENT} bytes")]
    EventTooLarge,
}

/// What restoring works with.
struct Context<'a> {
    engine: &'a Engine,
    caches: &'a mut Caches,
    vault: &'a Vault,
    splice: &'a mut Splice,
}

// === impl ResponseStream ===

impl ResponseStream {
    /// An answer of `protocol`.
    pub fn new(protocol: Protocol, framing: Framing) -> ResponseStream {
        let schema = &protocol.schemas().response;
        let mode = match framing {
            Framing::Json => Mode::Json(Box::new(DocumentStream::new(schema))),
            Framing::Sse => Mode::Sse(Box::new(EventStream::new(schema))),
        };
        ResponseStream { splice: Splice::default(), mode }
    }

    /// Reads the next bytes and appends what can go to the client to `out`.
    pub fn push(
        &mut self,
        engine: &Engine,
        caches: &mut Caches,
        vault: &Vault,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), StreamError> {
        let at = self.splice.end();
        self.splice.push(bytes);
        let mut context = Context { engine, caches, vault, splice: &mut self.splice };
        let until = match &mut self.mode {
            Mode::Json(document) => match document.push(&mut context, bytes, at) {
                Ok(until) => until,
                Err(_not_json) => {
                    self.mode = Mode::Verbatim;
                    self.splice.end()
                }
            },
            Mode::Sse(events) => events.push(&mut context)?,
            Mode::Verbatim => self.splice.end(),
        };
        self.splice.release(until, out);
        Ok(())
    }

    /// Ends the answer and appends everything that was held to `out`.
    pub fn finish(mut self, engine: &Engine, caches: &mut Caches, vault: &Vault, out: &mut Vec<u8>) {
        let mut context = Context { engine, caches, vault, splice: &mut self.splice };
        match self.mode {
            Mode::Json(document) => document.finish(&mut context),
            Mode::Sse(events) => events.finish(&mut context),
            Mode::Verbatim => {}
        }
        self.splice.release(self.splice.end(), out);
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.splice.pending().len()
    }
}
