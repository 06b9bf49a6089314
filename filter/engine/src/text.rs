//! JSON string contents ↔ text, with a map between their offsets.

mod escape;
mod locate;
mod map;
mod unescape;

pub use escape::{escape_json, escape_json_times};
pub use locate::locate;
pub use map::OffsetMap;
pub use unescape::{Origins, Unescaper};
