//! Exact values: texts that somebody listed, found wherever they stand, although nobody here may read the list.
//!
//! [`compile`] turns values into a [`CompiledExact`](aegis_policy::CompiledExact) that can be shown to anybody, an
//! [`ExactMatcher`] is built from it with the same [`ExactKey`] and scans whole texts, an [`ExactStream`] is one text
//! that arrives in pieces.
//!
//! # Semantics
//!
//! Values are compared byte by byte. Of all values at the leftmost position the longest counts, and the search goes on
//! behind it. A value is found inside other text as well, because a secret that is glued to something is still one.
//! The exception are values shorter than 10 bytes of nothing but ASCII letters, or nothing but digits, which are parts
//! of many words and numbers: these do not count if another letter, or another digit, touches them. The `n` of `\n` is
//! no letter there (see `escaped`), and no letter of another script is one.
//!
//! # What a reader of the configuration learns
//!
//! Of each value the list that it is from and its length; that a value is in two configurations with the same key.
//! Everything else is the output of HMAC-SHA256 under subkeys of the key: the digest, 128 bits, and a pad that covers
//! the hashes of the value's beginnings. The pad is not optional. A polynomial hash with a secret base is safe as long
//! as it is secret itself: whoever sees it and guesses one weak value gets the base as the root of a polynomial, and
//! with the base every other value can be guessed offline. Short beginnings are also no secret to somebody who *has*
//! the key, who could try all of them one after the other; against such a reader only length and entropy of a value
//! help, as with any digest.
//!
//! # Algorithm
//!
//! Where a text begins like no value, which is nearly everywhere, one multiplication and one bit of a bitmap per byte
//! say so. At the other places the hash of any substring takes two steps, because hashes of the text's beginnings are
//! kept (Karp and Rabin, "Efficient randomized pattern-matching algorithms", 1987; modulo 2^61-1; each byte is hashed
//! once, and only where it is needed). The longest value is found as routers find the longest prefix of an address
//! (Waldvogel et al., "Scalable high speed IP routing lookups", 1997): a value leaves marks at a few of its beginnings,
//! at 6 bytes, 8, 16, 32 and so on, and from its largest power of two on by halves. One table holds all marks, and a
//! search climbs from mark to mark. A mark knows the longest value that it contains, so the search never goes back: at
//! most 22 lookups per position, for any text and any values, and no budget that could run out. What the table says is
//! confirmed by the digest.
//!
//! A stream holds back from where a value could still begin. Between two marks it cannot know, so it may hold twice as
//! much as agrees with a value, never more than the longest value.

mod compile;
mod error;
mod filter;
mod key;
mod limits;
mod marks;
mod matcher;
mod poly;
mod progress;
mod record;
mod search;
mod stream;
#[cfg(test)]
mod tests;

pub use compile::{ExactValue, compile};
pub use error::{ExactConfigError, ExactValueError};
pub use key::ExactKey;
pub use matcher::ExactMatcher;
pub use stream::ExactStream;

/// An exact value in a text; offsets are bytes from the beginning of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExactMatch {
    /// Position of the value in the compiled list.
    pub index: u16,
    /// The list that the value is from.
    pub list: u16,
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}
