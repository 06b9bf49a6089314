//! What the fake LLM answers.

use crate::Gate;
use serde_json::Value;

/// An answer of the fake LLM.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Sent with a content-length.
    Whole(Vec<u8>),
    /// Sent in chunks.
    Pieces(Vec<Piece>),
    /// The connection closes without an answer.
    Close,
    /// No answer, and the connection stays open.
    Silence,
}

/// A step of a streamed answer.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Bytes, as one HTTP chunk and one write.
    Bytes(Vec<u8>),
    /// Wait until the gateway has read all bytes so far.
    Drain,
    /// Wait until the test opens the gate.
    Wait(Gate),
    /// Close the connection in the middle of the answer.
    Break,
}

impl Reply {
    /// 200 with a body of this type, sent whole.
    pub fn whole(content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        let headers = vec![("content-type".into(), content_type.into())];
        Reply { status: 200, headers, body: Body::Whole(body.into()) }
    }

    /// 200 with JSON.
    pub fn json(body: &Value) -> Reply {
        Reply::whole("application/json", body.to_string())
    }

    /// 200 with a body of this type, sent in pieces.
    pub fn pieces(content_type: &str, pieces: Vec<Piece>) -> Reply {
        Reply { body: Body::Pieces(pieces), ..Reply::whole(content_type, "") }
    }

    /// 200 with a stream of events.
    pub fn events(pieces: Vec<Piece>) -> Reply {
        Reply::pieces("text/event-stream", pieces)
    }

    /// 200 with a stream of events, each an HTTP chunk.
    pub fn frames(frames: &[String]) -> Reply {
        Reply::events(frames.iter().map(|frame| Piece::Bytes(frame.clone().into_bytes())).collect())
    }

    /// 200 with a stream of events, every byte of which arrives at the gateway alone.
    pub fn bytewise(stream: &[u8]) -> Reply {
        Reply::events(stream.iter().flat_map(|byte| [Piece::Bytes(vec![*byte]), Piece::Drain]).collect())
    }

    /// The connection closes without an answer.
    pub fn close() -> Reply {
        Reply { body: Body::Close, ..Reply::whole("", "") }
    }

    /// No answer, ever.
    pub fn silence() -> Reply {
        Reply { body: Body::Silence, ..Reply::whole("", "") }
    }

    /// With another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Reply {
        self.status = status;
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.into(), value.into()));
        self
    }
}
