//! Prompt injection in texts: what tries to give orders where it has none to give.
//!
//! ```text
//! text ─► reading (as it reads, with a map back) ─► concept (one tree of words of all languages) ─► quotation
//!      ─► technique (rules over concepts)
//!      ─► window ─► sliding (grams and relations) ─► model (integers) ─► score, 0 to 100, with its places
//!      ─► shape (a glance) ─► disguised (base64, tags, leet, typo …) ─► the same again
//! ```
//!
//! A text without a word that attacks need is not looked at any further. The model sees what [`Detector::pieces`]
//! returns, so training and detection cannot drift apart.
#![forbid(unsafe_code)]

mod apart;
mod claim;
mod codes;
mod concept;
mod cut;
mod detector;
mod disguised;
mod distinct;
pub mod document;
mod encoded;
mod grams;
mod judged;
mod known;
mod leet;
pub mod limits;
mod lookalike;
mod markup;
mod model;
mod quotation;
mod reading;
mod relation;
mod script;
mod shape;
mod sliding;
mod stretch;
mod stretches;
mod technique;
mod traditional;
mod trie;
mod turned;
mod typo;
mod window;
mod words;

pub use concept::{ConceptId, Concepts, LexiconError};
pub use detector::{Cause, Detector, Hit, LoadError, Outcome, Piece, Writer};
pub use known::{KNOWN_NGRAMS, KNOWN_RELATIONS, Known, NGRAMS, RELATIONS};
pub use model::{
    Calibration, FLOOR_NGRAMS, FLOOR_RELATIONS, FRACTION, Family, GROUPS, HEADS, Head, Model, ModelError,
    Parts, Scope, group,
};
pub use reading::Reading;
pub use script::is_dense;
pub use stretch::Scratch;
