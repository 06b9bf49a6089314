//! Provider schemas: which strings of a document are text, in which slot, and which belong together.
//!
//! Each schema is a table of paths, one file per provider. Nothing here parses: the tokenizer walks a document, a
//! [`Cursor`] follows it through the table.

mod chat;
mod cursor;
mod generic;
mod schema;

pub(crate) use cursor::Cursor;
pub(crate) use schema::{Form, Mark, NodeId, Schema};

/// A wire protocol that the engine understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// OpenAI Chat Completions (`POST …/chat/completions`).
    ChatCompletions,
    /// Any other JSON: every string is text of its own.
    Generic,
}

/// The schemas of one protocol.
#[derive(Debug)]
pub(crate) struct Schemas {
    pub(crate) request: Schema,
    pub(crate) response: Schema,
}

// === impl Protocol ===

impl Protocol {
    /// The protocol of a request by its path, without query.
    pub fn of_path(path: &str) -> Protocol {
        if path.trim_end_matches('/').ends_with("/chat/completions") {
            Protocol::ChatCompletions
        } else {
            Protocol::Generic
        }
    }

    /// The names of all protocols.
    pub const NAMES: [&str; 2] = ["chat-completions", "generic"];

    /// The protocol with this name, as `aegisgate replay --protocol` takes it.
    pub fn by_name(name: &str) -> Option<Protocol> {
        match name {
            "chat-completions" => Some(Protocol::ChatCompletions),
            "generic" => Some(Protocol::Generic),
            _ => None,
        }
    }

    pub(crate) fn schemas(self) -> &'static Schemas {
        match self {
            Protocol::ChatCompletions => &chat::SCHEMAS,
            Protocol::Generic => &generic::SCHEMAS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_choose_the_protocol() {
        for path in ["/v1/chat/completions", "/openai/deployments/x/chat/completions/", "/chat/completions"] {
            assert_eq!(Protocol::of_path(path), Protocol::ChatCompletions);
        }
        assert_eq!(Protocol::of_path("/v1/embeddings"), Protocol::Generic);
    }
}
