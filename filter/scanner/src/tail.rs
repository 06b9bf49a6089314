//! How a value goes on that is longer than its rule's cap.
//!
//! A cap bounds what a stream holds back, not what a secret may be. A pattern that ends in an open run of characters has a
//! tail: a match that reaches its cap there takes the rest of the run along.

use crate::RuleIndex;
use crate::program;
use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;
use std::collections::HashSet;

/// The tails of all rules.
#[derive(Debug, Default)]
pub(crate) struct Tails {
    /// By NFA state: the rule whose open run at the end this is.
    rules: Vec<Option<RuleIndex>>,
    /// By rule: the bytes of the run.
    bytes: Vec<Option<Box<[bool; 128]>>>,
}

// === impl Tails ===

impl Tails {
    /// Finds the tails of the rules that are `open`. `owners` and `distances` are those of the states of `nfa`.
    pub(crate) fn new(
        nfa: &NFA,
        owners: &[Option<usize>],
        distances: &[Option<u32>],
        open: &[bool],
    ) -> Tails {
        let mut tails = Tails { rules: vec![None; owners.len()], bytes: vec![None; open.len()] };
        for ((index, owner), distance) in owners.iter().enumerate().zip(distances) {
            let (Some(rule), Some(1), Ok(id)) = (*owner, *distance, StateID::new(index)) else {
                continue;
            };
            // One byte of the run is all that a match still needs.
            if !open.get(rule).is_some_and(|open| *open) || !repeats(nfa, id) {
                continue;
            }
            if let (Some(state), Ok(rule)) = (tails.rules.get_mut(index), RuleIndex::try_from(rule)) {
                *state = Some(rule);
            }
            if let Some(bytes) = tails.bytes.get_mut(rule) {
                let bytes = bytes.get_or_insert_with(|| Box::new([false; 128]));
                // Only ASCII, so that it ends between two characters.
                for (byte, flag) in (0u8..=127).zip(bytes.iter_mut()) {
                    *flag |= program::step(nfa.state(id), byte).is_some();
                }
            }
        }
        tails
    }

    /// The rule whose run at the end NFA state `id` is.
    pub(crate) fn rule(&self, id: StateID) -> Option<RuleIndex> {
        self.rules.get(id.as_usize()).copied().flatten()
    }

    /// Whether `byte` continues the run of `rule`.
    pub(crate) fn goes_on(&self, rule: RuleIndex, byte: u8) -> bool {
        let bytes = self.bytes.get(usize::from(rule)).and_then(Option::as_ref);
        bytes.and_then(|bytes| bytes.get(usize::from(byte))).copied().unwrap_or(false)
    }
}

/// Whether the byte-consuming state `id` can follow itself.
fn repeats(nfa: &NFA, id: StateID) -> bool {
    let (mut seen, mut stack) = (HashSet::new(), Vec::new());
    let is_byte =
        |state: &State| matches!(state, State::ByteRange { .. } | State::Sparse(_) | State::Dense(_));
    if !is_byte(nfa.state(id)) {
        return false;
    }
    program::edges(nfa.state(id), |to, _| stack.push(to));
    while let Some(next) = stack.pop() {
        if next == id {
            return true;
        }
        if seen.insert(next) && !is_byte(nfa.state(next)) {
            program::edges(nfa.state(next), |to, _| stack.push(to));
        }
    }
    false
}
