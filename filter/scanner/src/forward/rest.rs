//! Whether a match can go on behind the end of a factor.
//!
//! Words like `token` and `://` end factors all the time, and are followed by what makes a match of them hardly ever. A
//! lazy automaton, anchored at the end of the factor, sees that after a few bytes, where the exact machine would have to
//! begin far in front.

use super::closure::{Closure, Reached};
use crate::factor::Factor;
use crate::limits::{MAX_NFA_BYTES, REST_CACHE_BYTES, REST_REACH};
use crate::program;
use foldhash::fast::FixedState;
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::primitives::{PatternID, StateID as NfaId};
use regex_syntax::hir::Hir;
use std::collections::HashMap;
use std::rc::Rc;

/// What follows the factors, compiled.
#[derive(Debug)]
pub(super) struct Rests {
    nfa: NFA,
    /// A row of the table has `1 << shift` entries.
    shift: u32,
}

/// The states built so far.
pub(super) struct RestStates {
    /// A row of steps per state.
    steps: Vec<Step>,
    keys: Vec<Rc<[NfaId]>>,
    ids: HashMap<Rc<[NfaId]>, Step, FixedState>,
    /// By the factors that ended.
    starts: HashMap<Box<[u16]>, Step, FixedState>,
    bytes: usize,
    closure: Closure,
}

/// A state, or how the comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step(u16);

// === impl Step ===

impl Step {
    /// Of no factor everything is there.
    const NONE: Step = Step(u16::MAX);
    /// Of some factor everything is there.
    const ALL: Step = Step(u16::MAX - 1);
    const UNKNOWN: Step = Step(u16::MAX - 2);
    const STATES: usize = (u16::MAX - 2) as usize;
}

// === impl Rests ===

impl Rests {
    pub(super) fn new(factors: &[&Factor]) -> Result<Rests, String> {
        let config = thompson::Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MAX_NFA_BYTES));
        let hirs: Vec<&Hir> = factors.iter().map(|factor| &factor.rest).collect();
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_many_from_hir(&hirs)
            .map_err(|error| error.to_string())?;
        let classes = nfa.byte_classes().alphabet_len();
        Ok(Rests { nfa, shift: classes.next_power_of_two().trailing_zeros() })
    }

    pub(super) fn states(&self) -> RestStates {
        RestStates {
            steps: Vec::new(),
            keys: Vec::new(),
            ids: HashMap::default(),
            starts: HashMap::default(),
            bytes: 0,
            closure: Closure::new(&self.nfa),
        }
    }
}

// === impl RestStates ===

impl RestStates {
    /// Whether one of the factors that `ended` in front of `text` can belong to a match. Adds the bytes that were read
    /// to `looked`.
    pub(super) fn follow(&mut self, rests: &Rests, ended: &[u16], text: &[u8], looked: &mut usize) -> bool {
        let mut state = self.start(rests, ended);
        for &byte in text.iter().take(REST_REACH) {
            if state == Step::NONE || state == Step::ALL {
                break;
            }
            *looked += 1;
            let slot =
                (usize::from(state.0) << rests.shift) + usize::from(rests.nfa.byte_classes().get(byte));
            state = match self.steps.get(slot) {
                Some(&Step::UNKNOWN) | None => self.build(rests, state, byte, slot),
                Some(&next) => next,
            };
        }
        // What is still open may go on for long, or end with the text.
        state == Step::ALL || (state != Step::NONE && text.len() > REST_REACH)
    }

    fn start(&mut self, rests: &Rests, ended: &[u16]) -> Step {
        if let Some(&start) = self.starts.get(ended) {
            return start;
        }
        let patterns = ended.iter().filter_map(|&index| PatternID::new(usize::from(index)).ok());
        let from: Vec<NfaId> = patterns.filter_map(|pattern| rests.nfa.start_pattern(pattern)).collect();
        let start = self.reach(rests, from.into_iter());
        self.bytes += size_of_val(ended) + size_of::<(Box<[u16]>, Step)>();
        self.starts.insert(ended.into(), start);
        start
    }

    fn build(&mut self, rests: &Rests, state: Step, byte: u8, slot: usize) -> Step {
        let Some(key) = self.keys.get(usize::from(state.0)).cloned() else { return Step::ALL };
        let is_full = self.bytes > REST_CACHE_BYTES || self.keys.len() >= Step::STATES;
        if is_full {
            self.steps.clear();
            self.keys.clear();
            self.ids.clear();
            self.starts.clear();
            self.bytes = 0;
        }
        let next = key.iter().filter_map(|&id| program::step(rests.nfa.state(id), byte));
        let next = self.reach(rests, next);
        if !is_full && let Some(entry) = self.steps.get_mut(slot) {
            *entry = next;
        }
        next
    }

    /// The state of everything that can be reached from `from` without a byte.
    fn reach(&mut self, rests: &Rests, from: impl Iterator<Item = NfaId>) -> Step {
        let (mut open, mut all) = (Vec::new(), false);
        self.closure.begin();
        for id in from {
            self.closure.walk(
                &rests.nfa,
                id,
                |_| true,
                |_, reached| match reached {
                    Reached::Open(id) => open.push(id),
                    Reached::End(_) => all = true,
                },
            );
        }
        if all || open.is_empty() {
            return if all { Step::ALL } else { Step::NONE };
        }
        open.sort_unstable();
        let key: Rc<[NfaId]> = open.into();
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let id = Step(u16::try_from(self.keys.len()).unwrap_or(0));
        let row = 1 << rests.shift;
        self.steps.resize(self.steps.len() + row, Step::UNKNOWN);
        self.bytes += row * size_of::<Step>() + size_of_val(&*key) + size_of::<(Rc<[NfaId]>, Step)>();
        self.keys.push(Rc::clone(&key));
        self.ids.insert(key, id);
        id
    }
}
