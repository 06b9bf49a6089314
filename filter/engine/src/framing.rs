//! Bytes → frames: JSON tokens, server-sent events and elements of an array, with the byte span of each.

pub mod elements;
pub mod json;
pub mod sse;

use std::ops::Range;

/// A complete part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// One past its last byte.
    pub end: u64,
    /// Where its data stands: of a server-sent event the values of its `data` fields, in order. The event's data is
    /// their text joined by line feeds.
    pub data: Vec<Range<u64>>,
}
