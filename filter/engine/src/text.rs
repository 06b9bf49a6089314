//! JSON string contents ↔ text, with a map between their offsets.

mod escape;
mod locate;
mod map;
mod unescape;

pub(crate) use escape::escape_json;
pub(crate) use locate::locate;
pub(crate) use map::OffsetMap;
pub(crate) use unescape::Unescaper;
