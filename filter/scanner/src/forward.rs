//! The fast pass: finds the places where a factor ends and what follows may belong to it.
//!
//! Two lazy automata read the text side by side, one table lookup per byte each: one for factors that begin with a
//! keyword and one for the others. Apart, each has the states of its own; together, every generic run that is open would
//! multiply those of all keywords.

mod automaton;
mod closure;
mod lanes;
mod rest;

use crate::escaped::Position;
use crate::factor::Factor;
use crate::limits::LOOKED_FREELY;
use automaton::{Automaton, States, Step, skip};
use lanes::{Block, LANES};

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

/// How far a text was read.
struct Place {
    at: usize,
    /// Those of the keywords and of the others.
    states: [Step; 2],
    /// Bytes behind factors that were read.
    looked: usize,
}

/// Bytes of a lane: the less they are, the more often two must be joined; the more, the more was read in vain if something
/// is found.
const LANE: usize = 1024;
const SHORTEST_LANE: usize = 64;

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

    /// The first end of a factor behind `position` that can belong to a match.
    pub(crate) fn find(&self, cache: &mut ForwardCache, text: &[u8], position: Position) -> Option<Hit> {
        let from = position.at;
        let keyword = cache.keywords.start(position.before);
        let other = cache.others.start(position.before);
        let mut place = Place { at: from, states: [keyword, other], looked: 0 };
        while place.at < text.len() {
            // Where there is little to find, there is little to find: as much as was read in vain may be read at once.
            let len = LANE.min((place.at - from) / LANES).min((text.len() - place.at) / LANES);
            let block = Block { text, from: place.at, len };
            if len >= SHORTEST_LANE && self.leap(cache, block, &mut place) {
                continue;
            }
            let until = text.len().min(place.at + LANES * SHORTEST_LANE.max(len));
            if let Some(hit) = self.walk(cache, text, from, until, &mut place) {
                return Some(hit);
            }
        }
        None
    }

    /// Goes on behind the lanes of `block` in which there is nothing; says whether that was all of it.
    fn leap(&self, cache: &mut ForwardCache, block: Block<'_>, place: &mut Place) -> bool {
        let [keyword, other] = place.states;
        let keywords = block.read(&self.keywords, &mut cache.keywords, keyword);
        if keywords.count == 0 {
            return false;
        }
        let others = block.read(&self.others, &mut cache.others, other);
        let count = keywords.count.min(others.count);
        if let (Some(keyword), Some(other)) = (keywords.behind(count), others.behind(count)) {
            place.at += count * block.len;
            place.states = [keyword, other];
        }
        count == LANES
    }

    /// Reads up to `until` byte by byte.
    fn walk(
        &self,
        cache: &mut ForwardCache,
        text: &[u8],
        from: usize,
        until: usize,
        place: &mut Place,
    ) -> Option<Hit> {
        let ForwardCache { keywords, others } = cache;
        while place.at < until {
            let rows = [keywords.rows(), others.rows()];
            let (skipped, states) = skip(rows, place.states, text.get(place.at..until)?);
            place.at += skipped;
            place.states = states;
            if place.at >= until {
                break;
            }
            let (&byte, behind) = text.get(place.at..)?.split_first()?;
            let [keyword, other] = states;
            let keyword = keywords.step(&self.keywords, keyword, byte);
            let other = others.step(&self.others, other, byte);
            place.at += 1;
            place.states = [keyword.plain(), other.plain()];
            // Where factors end everywhere, the exact machine costs less than to look behind each of them.
            let free = LOOKED_FREELY + (place.at - from);
            if keywords.goes_on(&self.keywords, keyword, behind, free, &mut place.looked)
                || others.goes_on(&self.others, other, behind, free, &mut place.looked)
            {
                let distance = keywords.distance(keyword).max(others.distance(other));
                return Some(Hit { end: place.at, distance });
            }
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
