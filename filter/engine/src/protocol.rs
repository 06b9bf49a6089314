//! Provider schemas: which strings of a document are text, in which slot, and which belong together.
//!
//! Each schema is a table of paths, one file per provider. Nothing here parses: the tokenizer walks a document, a
//! [`Cursor`] follows it through the table.

mod chat;
mod completions;
mod cursor;
mod embeddings;
mod gemini;
mod generic;
mod messages;
mod responses;
mod schema;

pub(crate) use cursor::Cursor;
pub(crate) use schema::{Fact, Form, Kind, Mark, NodeId, RANKS, Schema};

/// A wire protocol that the engine understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// OpenAI Chat Completions (`POST …/chat/completions`).
    ChatCompletions,
    /// OpenAI Responses (`…/responses` and below).
    Responses,
    /// Anthropic Messages (`POST …/messages`, `…/messages/count_tokens`).
    Messages,
    /// Gemini (`POST …:generateContent`, `…:streamGenerateContent` and their kin).
    Gemini,
    /// OpenAI's first completions (`POST …/completions`).
    Completions,
    /// OpenAI embeddings (`POST …/embeddings`).
    Embeddings,
    /// Any other JSON: every string is text of its own.
    Generic,
}

/// The schemas of one protocol.
#[derive(Debug)]
pub(crate) struct Schemas {
    pub(crate) request: Schema,
    pub(crate) response: Schema,
}

/// Names of the protocols, as `aegisgate replay --protocol` takes them.
const NAMES: [(&str, Protocol); 7] = [
    ("chat-completions", Protocol::ChatCompletions),
    ("responses", Protocol::Responses),
    ("messages", Protocol::Messages),
    ("gemini", Protocol::Gemini),
    ("completions", Protocol::Completions),
    ("embeddings", Protocol::Embeddings),
    ("generic", Protocol::Generic),
];

/// The calls of Gemini's API that carry texts, behind the colon of their paths.
const GEMINI_CALLS: [&str; 6] = [
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "embedContent",
    "batchEmbedContents",
    "batchGenerateContent",
];

// === impl Protocol ===

impl Protocol {
    /// The protocol of a request by its path, without query. A provider's prefix (`/v1`, `/openai/deployments/x`) does not
    /// matter.
    pub fn of_path(path: &str) -> Protocol {
        let path = path.trim_end_matches('/');
        if path.rsplit_once(':').is_some_and(|(_, call)| GEMINI_CALLS.contains(&call)) {
            return Protocol::Gemini;
        }
        let ends = |end: &str| path.ends_with(end);
        if ends("/chat/completions") {
            Protocol::ChatCompletions
        } else if path.split('/').any(|segment| segment == "responses") {
            Protocol::Responses
        } else if ends("/messages") || ends("/messages/count_tokens") {
            Protocol::Messages
        } else if ends("/completions") {
            Protocol::Completions
        } else if ends("/embeddings") {
            Protocol::Embeddings
        } else {
            Protocol::Generic
        }
    }

    /// The names of all protocols.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// The protocol with this name, as `aegisgate replay --protocol` takes it.
    pub fn by_name(name: &str) -> Option<Protocol> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, protocol)| *protocol)
    }

    pub(crate) fn schemas(self) -> &'static Schemas {
        match self {
            Protocol::ChatCompletions => &chat::SCHEMAS,
            Protocol::Responses => &responses::SCHEMAS,
            Protocol::Messages => &messages::SCHEMAS,
            Protocol::Gemini => &gemini::SCHEMAS,
            Protocol::Completions => &completions::SCHEMAS,
            Protocol::Embeddings => &embeddings::SCHEMAS,
            Protocol::Generic => &generic::SCHEMAS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_choose_the_protocol() {
        let cases = [
            ("/v1/chat/completions", Protocol::ChatCompletions),
            ("/openai/deployments/x/chat/completions/", Protocol::ChatCompletions),
            ("/chat/completions", Protocol::ChatCompletions),
            ("/v1/responses", Protocol::Responses),
            ("/responses/resp_1/input_items", Protocol::Responses),
            ("/v1/messages", Protocol::Messages),
            ("/v1/messages/count_tokens", Protocol::Messages),
            ("/v1/messages/batches", Protocol::Generic),
            ("/v1beta/models/gemini-3-pro:streamGenerateContent", Protocol::Gemini),
            ("/v1beta/models/gemini-3-pro:predict", Protocol::Generic),
            ("/v1/completions", Protocol::Completions),
            ("/v1/embeddings", Protocol::Embeddings),
            ("/v1/models", Protocol::Generic),
        ];
        for (path, protocol) in cases {
            assert_eq!(Protocol::of_path(path), protocol, "{path}");
        }
    }

    #[test]
    fn names_lead_back_to_their_protocols() {
        for (name, protocol) in NAMES {
            assert_eq!(Protocol::by_name(name), Some(protocol));
        }
        assert_eq!(Protocol::names().count(), NAMES.len());
    }
}
