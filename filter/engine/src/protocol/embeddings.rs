//! OpenAI embeddings: <https://platform.openai.com/docs/api-reference/embeddings>.

use super::schema::{Form, Mark, Schema};
use super::{Schemas, generic};
use aegis_policy::Slot;
use std::sync::LazyLock;

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(&[("", REQUEST)], &[]),
    response: Schema::new(&[("", RESPONSE)], &[]),
});

const REQUEST: &[(&str, Mark)] =
    &[("**", Mark::Text(Slot::User, Form::Plain)), ("model", Mark::Skip), ("encoding_format", Mark::Skip)];

const RESPONSE: &[(&str, Mark)] = &[
    ("**", generic::ANSWER),
    ("object", Mark::Skip),
    ("model", Mark::Skip),
    // Numbers, or their bytes in base64.
    ("data.[].**", Mark::Skip),
];
