//! Exact multi-pattern scanner: leftmost-longest, non-overlapping, for whole texts and for streams.
//!
//! All rules are one automaton. A [`Scanner`] is compiled once from the rules; a [`Cache`] holds what is built lazily
//! while scanning and is shared by every text of one thread; a [`Stream`] is one text that arrives in pieces.
//!
//! # Semantics
//!
//! Of all matches that start at the leftmost possible position the longest wins, ties go to the earlier rule, and the
//! search goes on behind it. A rule matches `text[s..e]` if its pattern does, `e - s` is at most the rule's cap, and
//! the caller's [`Accept`] (mask and validator) says yes. The validator is part of the match decision, not a filter
//! behind it: a rejected candidate hides nothing.
//!
//! A match that reaches its cap inside an open run of characters at the end of its pattern takes the rest of the run along:
//! no secret leaks its tail because it is longer than expected. A stream reports such a match in parts, and holds no more
//! of it than its cap.
//!
//! A match that begins with a digit does not continue a row of numbers (see `row`): tables, matrices, fractions and object
//! identifiers are full of digits that look like something if what stands in front of them is not looked at.
//!
//! The result does not depend on how the text was cut: a stream's state is a function of the bytes read so far. What a
//! stream holds back is exact as well: everything before the oldest position at which a match could still begin is
//! [settled](Stream::settled).
//!
//! # Algorithm
//!
//! "Start queues over one anchored DFA". A stream holds a short list of threads, oldest first; a thread is a DFA state
//! and the queue of start positions that are in this state. Two starts in the same state have the same future, so they
//! share a thread, and keeping all starts makes caps and validators exact. When start `s` has an accepted match that
//! ends now, every thread that began after `s` can be dropped at once, even if older threads are undecided: if an older
//! one matches later it ends later and swallows `s` and all of them; if it dies, `s` wins and they overlap `s`. So
//! pending matches are always disjoint and sorted, and no byte is read twice: the automaton's cost per byte is the number
//! of threads, which is bounded by the number of distinct live DFA states and is 1 to 3 on ordinary text. Validators
//! read candidates again, within a [`Budget`] per byte of text.
//!
//! Whole texts take a faster road ([`Scanner::scan`]): every match contains a *factor* of its rule, something short and
//! rare; two lazy automata look for those at one table lookup each per byte, and the exact machine runs only around them.
#![forbid(unsafe_code)]

mod automaton;
mod budget;
mod compile;
mod error;
mod escaped;
pub mod exact;
mod examples;
mod factor;
mod forward;
mod label;
mod limits;
mod look;
mod mask;
mod program;
mod row;
mod scanner;
mod size;
mod starters;
mod starts;
mod stream;
mod tail;
#[cfg(test)]
mod tests;
mod threads;
pub mod validate;

pub use automaton::Cache;
pub use budget::Budget;
pub use error::RuleError;
pub use examples::check_examples;
pub use label::Labels;
pub use limits::{MAX_CAP, MAX_RULES};
pub use mask::{RuleMask, RuleSet};
pub use program::Pattern;
pub use scanner::{Scanner, TooManyMatches};
pub use size::Size;
pub use stream::Stream;

use std::ops::Range;

/// Position of a rule in the list that the scanner was compiled from.
pub type RuleIndex = u16;

/// A match of one rule; offsets are bytes from the beginning of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The rule that matched.
    pub rule: RuleIndex,
    /// First byte, that of the label if the rule has one.
    pub start: u64,
    /// First byte of the value.
    pub value: u64,
    /// One past the last byte of the value. What must stand behind it belongs to the match as well: no other begins there.
    pub end: u64,
}

/// Decides whether a candidate counts. Must be a pure function of its arguments while one text is scanned.
pub trait Accept {
    /// Whether `rule` acts at all.
    fn acts(&self, rule: RuleIndex) -> bool;

    /// If `text` is a match of `rule`: where in it the value is.
    fn accept(&self, rule: RuleIndex, text: &[u8]) -> Option<Range<usize>>;
}

/// Accepts every candidate.
#[derive(Debug, Clone, Copy)]
pub struct AcceptAll;

impl Accept for AcceptAll {
    fn acts(&self, _rule: RuleIndex) -> bool {
        true
    }

    fn accept(&self, _rule: RuleIndex, text: &[u8]) -> Option<Range<usize>> {
        Some(0..text.len())
    }
}
