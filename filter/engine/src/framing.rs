//! Bytes → frames: JSON tokens and server-sent events, with the byte span of each.

pub mod json;
pub mod sse;
