//! The fast pass: finds the places where a factor ends.
//!
//! Two lazy automata read the text side by side, one table lookup per byte each: one for factors that begin with a
//! keyword and one for the others. Apart, each has the states of its own; together, every generic run that is open would
//! multiply those of all keywords.

mod automaton;

use crate::escaped::Escaped;
use crate::factor::Factor;
use crate::look::Neighbour;
use automaton::{Automaton, States};

/// The factors of all rules, compiled.
#[derive(Debug)]
pub(crate) struct Forward {
    keywords: Automaton,
    others: Automaton,
    /// Bytes that a match may have in front of its factor.
    in_front: Box<[bool; 256]>,
    /// At most so many of them.
    most_in_front: usize,
}

/// The states built so far.
#[derive(Debug)]
pub(crate) struct ForwardCache {
    keywords: States,
    others: States,
}

/// The end of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// One past its last byte.
    pub(crate) end: usize,
    /// No match whose factor ends here, or is open here, begins further in front of `end`.
    pub(crate) distance: usize,
}

// === impl Forward ===

impl Forward {
    /// Compiles `factors`.
    pub(crate) fn new(factors: &[Factor]) -> Result<Forward, String> {
        let (mut in_front, mut most_in_front) = (Box::new([false; 256]), 0);
        for factor in factors {
            if let Some(bytes) = &factor.in_front {
                in_front.iter_mut().zip(bytes.iter()).for_each(|(flag, new)| *flag |= new);
                most_in_front = most_in_front.max(factor.distance);
            }
        }
        let (keywords, others): (Vec<&Factor>, Vec<&Factor>) =
            factors.iter().partition(|factor| factor.is_keyword);
        Ok(Forward {
            keywords: Automaton::new(&keywords)?,
            others: Automaton::new(&others)?,
            in_front,
            most_in_front,
        })
    }

    pub(crate) fn cache(&self) -> ForwardCache {
        ForwardCache { keywords: self.keywords.states(), others: self.others.states() }
    }

    /// The first end of a factor behind `from`.
    pub(crate) fn find(&self, cache: &mut ForwardCache, text: &[u8], from: usize) -> Option<Hit> {
        let (before, ahead) = text.split_at_checked(from)?;
        let before = Escaped::behind((Escaped::No, Neighbour::Edge), before);
        let ForwardCache { keywords, others } = cache;
        let mut keyword = keywords.start(&self.keywords, before);
        let mut other = others.start(&self.others, before);
        for (at, &byte) in ahead.iter().enumerate() {
            let mut next_keyword = keywords.step(&self.keywords, keyword, byte);
            let mut next_other = others.step(&self.others, other, byte);
            if next_keyword.is_special() || next_other.is_special() {
                if next_keyword.is_unknown() {
                    next_keyword = keywords.build(&self.keywords, keyword, byte);
                }
                if next_other.is_unknown() {
                    next_other = others.build(&self.others, other, byte);
                }
                if next_keyword.is_special() || next_other.is_special() {
                    let distance = keywords.distance(next_keyword).max(others.distance(next_other));
                    return Some(Hit { end: from + at + 1, distance });
                }
            }
            (keyword, other) = (next_keyword, next_other);
        }
        None
    }

    /// Where the exact machine has to begin to see every match that may be around `hit` and begins at or behind `from`.
    pub(crate) fn start(&self, text: &[u8], from: usize, hit: Hit) -> usize {
        let start = from.max(hit.end.saturating_sub(hit.distance));
        // A match whose factor is yet to come shows nothing of itself so far but what stands in front of factors.
        let least = from.max(start.saturating_sub(self.most_in_front));
        let before = text.get(least..start).unwrap_or_default();
        let in_front = |byte: &&u8| self.in_front.get(usize::from(**byte)).copied().unwrap_or(true);
        start - before.iter().rev().take_while(in_front).count()
    }
}
