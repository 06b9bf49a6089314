//! JSON of a shape that the engine does not know: every string is text of its own.
//!
//! Streams of two more providers are known by the paths of their deltas, so that what they split is restored:
//! [Cohere](https://docs.cohere.com/docs/streaming) and
//! [Gemini's interactions](https://ai.google.dev/api/interactions-api).

use super::Schemas;
use super::schema::{Form, Mark, Schema};
use aegis_policy::Slot;
use std::sync::LazyLock;

/// Any string of an answer.
pub(super) const ANSWER: Mark = Mark::Text(Slot::Assistant, Form::Plain);

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(&[("", &[("**", Mark::Text(Slot::User, Form::Plain))])], &[]),
    response: Schema::new(&[("", RESPONSE)], &[]),
});

const RESPONSE: &[(&str, Mark)] = &[
    ("", Mark::Scope),
    ("**", ANSWER),
    ("index", Mark::Index(0)),
    ("delta.text", Mark::Delta(Slot::Assistant)),
    ("delta.arguments", Mark::Delta(Slot::ToolCallArguments)),
    ("delta.signature", Mark::Skip),
    ("delta.message.tool_plan", Mark::Delta(Slot::Assistant)),
    ("delta.message.content.text", Mark::Delta(Slot::Assistant)),
    ("delta.message.tool_calls.function.arguments", Mark::Delta(Slot::ToolCallArguments)),
];
