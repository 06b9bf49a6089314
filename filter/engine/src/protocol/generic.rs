//! JSON of a shape that the engine does not know: every string is text of its own.

use super::Schemas;
use super::schema::{Form, Mark, Schema};
use aegis_policy::Slot;
use std::sync::LazyLock;

/// Any string of an answer.
pub(super) const ANSWER: Mark = Mark::Text(Slot::Assistant, Form::Plain);

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(&[("**", Mark::Text(Slot::User, Form::Plain))]),
    response: Schema::new(&[("**", ANSWER)]),
});
