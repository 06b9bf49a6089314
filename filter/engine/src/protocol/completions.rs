//! OpenAI's first completions: <https://platform.openai.com/docs/api-reference/completions>.

use super::schema::{Fact, Form, Mark, Schema};
use super::{Schemas, generic};
use aegis_policy::Slot;
use std::sync::LazyLock;

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(&[("", REQUEST)], &[]),
    response: Schema::new(&[("", RESPONSE)], &[]),
});

const REQUEST: &[(&str, Mark)] = &[("**", Mark::Text(Slot::User, Form::Plain)), ("model", Mark::Skip)];

const RESPONSE: &[(&str, Mark)] = &[
    ("**", generic::ANSWER),
    ("id", Mark::Fact(Fact::Id)),
    ("object", Mark::Skip),
    ("model", Mark::Fact(Fact::Model)),
    ("created", Mark::Fact(Fact::Created)),
    ("system_fingerprint", Mark::Skip),
    ("choices.[]", Mark::Scope),
    ("choices.[].index", Mark::Index(0)),
    ("choices.[].finish_reason", Mark::End),
    ("choices.[].logprobs.**", Mark::Skip),
    ("choices.[].text", Mark::Delta(Slot::Assistant)),
];
