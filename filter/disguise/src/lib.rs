//! Text as it reads, whatever it is written in, with a map back to the bytes that stand there.
//!
//! A *view* is a stretch of text as it reads. There are two kinds:
//!
//! * [`inline`]: escapes (percent, HTML, JSON and C) are decoded, compatibility forms (NFKC) and [look-alikes](confusable)
//!   become the ASCII that they read as, and what is not seen is left out. [`trigger`] says where that is worth while.
//! * [`decode`]: [runs](run) of base64, base32, hexadecimal digits, tag characters and rotated credentials that hold text.
#![forbid(unsafe_code)]

pub mod confusable;
pub mod decode;
pub mod escape;
pub mod fold;
pub mod inline;
pub mod limits;
mod map;
pub mod run;
pub mod trigger;
pub mod utf8;

pub use map::View;
