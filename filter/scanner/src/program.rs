//! All patterns as one Thompson NFA, with what the determiniser needs to know about each state.

use crate::RuleIndex;
use crate::compile;
use crate::error::{RuleError, RuleErrorReason};
use crate::factor::Factor;
use crate::limits::{MAX_NFA_BYTES, MAX_RULES, MAX_UNBOUNDED_START_BYTES};
use crate::look::Neighbour;
use crate::starters::Starters;
use crate::tail::Tails;
use regex_automata::nfa::thompson::{self, NFA, State, WhichCaptures};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::{PatternID, StateID};
use std::collections::{HashSet, VecDeque};

/// A rule as far as the scanner is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Name of the rule, for errors.
    pub id: String,
    /// Regular expression; see `aegis_policy::Rule::pattern`.
    pub regex: String,
    /// What must stand in front; see `aegis_policy::Rule::label`.
    pub label: Option<String>,
    /// What must stand behind; see `aegis_policy::Rule::behind`.
    pub behind: Option<String>,
    /// The longest match in bytes, label and what is behind included.
    pub cap: u32,
}

/// The NFA of all patterns and the facts about its states.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) nfa: NFA,
    /// The longest match of each rule.
    pub(crate) caps: Vec<u32>,
    /// How matches go on beyond their caps.
    pub(crate) tails: Tails,
    /// What the fast pass looks for.
    pub(crate) factors: Vec<Factor>,
    /// Where a match may begin.
    pub(crate) starters: Starters,
    /// For each NFA state: how old a start may be and still match through it, in bytes. 0 for states that only the
    /// unanchored prefix uses.
    reach: Vec<u32>,
}

// === impl Program ===

impl Program {
    /// Compiles `patterns`; the index of a pattern is its rule index.
    pub(crate) fn new(patterns: &[Pattern]) -> Result<Program, RuleError> {
        if patterns.len() > MAX_RULES {
            return Err(RuleErrorReason::TooMany.of("*"));
        }
        let mut hirs = Vec::with_capacity(patterns.len());
        let mut factors = Vec::with_capacity(patterns.len());
        let mut open = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let compiled = compile::compile(pattern).map_err(|reason| reason.of(&pattern.id))?;
            hirs.push(compiled.hir);
            factors.extend(compiled.factors);
            open.push(compiled.is_open);
        }
        let config = thompson::Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MAX_NFA_BYTES));
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_many_from_hir(&hirs)
            .map_err(|error| RuleErrorReason::Budget(error.to_string()).of("*"))?;
        let mut program = Program {
            starters: Starters::new(&start_bytes(&nfa, nfa.start_anchored(), |_| true)),
            reach: vec![0; nfa.states().len()],
            caps: patterns.iter().map(|pattern| pattern.cap).collect(),
            tails: Tails::default(),
            factors,
            nfa,
        };
        for (index, pattern) in patterns.iter().enumerate() {
            program.refuse_generic_start(index).map_err(|reason| reason.of(&pattern.id))?;
        }
        program.measure(&open);
        Ok(program)
    }

    /// How old a start may be, in bytes, and still match through NFA state `id`.
    pub(crate) fn reach(&self, id: StateID) -> u32 {
        self.reach.get(id.as_usize()).copied().unwrap_or(0)
    }

    /// The longest match of `rule`.
    pub(crate) fn cap(&self, rule: RuleIndex) -> u32 {
        self.caps.get(usize::from(rule)).copied().unwrap_or(0)
    }

    /// Computes `reach` and `tails`; `open` says which rules have one.
    fn measure(&mut self, open: &[bool]) {
        let owners = owners(&self.nfa, self.caps.len());
        let distances = distances(&self.nfa);
        for ((reach, owner), distance) in self.reach.iter_mut().zip(&owners).zip(&distances) {
            let cap = owner.and_then(|pattern| self.caps.get(pattern));
            if let (Some(cap), Some(distance)) = (cap, distance) {
                *reach = cap.saturating_sub(*distance);
            }
        }
        self.tails = Tails::new(&self.nfa, &owners, &distances, open);
    }

    fn refuse_generic_start(&self, index: usize) -> Result<(), RuleErrorReason> {
        let pattern = PatternID::new(index).map_err(|_| RuleErrorReason::TooMany)?;
        let Some(start) = self.nfa.start_pattern(pattern) else { return Err(RuleErrorReason::TooMany) };
        // Inside a word the neighbour behind is a word byte and the one ahead will be one.
        let inside = |look| crate::look::holds(look, Neighbour::Word, Neighbour::Word);
        let starts = start_bytes(&self.nfa, start, inside);
        let is_word = |byte: u8| Neighbour::of(byte) == Neighbour::Word;
        let generic = (0u8..=255).zip(starts).filter(|&(byte, starts)| starts && is_word(byte)).count();
        if generic > MAX_UNBOUNDED_START_BYTES {
            return Err(RuleErrorReason::GenericStart(generic));
        }
        Ok(())
    }
}

/// Calls `edge(next, consumes)` for each transition of `state`.
pub(crate) fn edges(state: &State, mut edge: impl FnMut(StateID, bool)) {
    match state {
        State::ByteRange { trans } => edge(trans.next, true),
        State::Sparse(sparse) => sparse.transitions.iter().for_each(|trans| edge(trans.next, true)),
        State::Dense(dense) => dense.transitions.iter().for_each(|&next| edge(next, true)),
        State::Look { next, .. } | State::Capture { next, .. } => edge(*next, false),
        State::Union { alternates } => alternates.iter().for_each(|&next| edge(next, false)),
        State::BinaryUnion { alt1, alt2 } => {
            edge(*alt1, false);
            edge(*alt2, false);
        }
        State::Fail | State::Match { .. } => {}
    }
}

/// For each state: the pattern that it belongs to. Patterns share none.
pub(crate) fn owners(nfa: &NFA, patterns: usize) -> Vec<Option<usize>> {
    let mut owners = vec![None; nfa.states().len()];
    let mut stack = Vec::new();
    for pattern in 0..patterns {
        stack.extend(PatternID::new(pattern).ok().and_then(|id| nfa.start_pattern(id)));
        while let Some(id) = stack.pop() {
            if let Some(owner @ None) = owners.get_mut(id.as_usize()) {
                *owner = Some(pattern);
                edges(nfa.state(id), |to, _| stack.push(to));
            }
        }
    }
    owners
}

/// For each state: the least number of bytes from there to a match.
fn distances(nfa: &NFA) -> Vec<Option<u32>> {
    let mut reversed: Vec<Vec<(StateID, bool)>> = vec![Vec::new(); nfa.states().len()];
    let mut distance = vec![None; nfa.states().len()];
    let mut queue = VecDeque::new();
    for (index, state) in nfa.states().iter().enumerate() {
        let Ok(from) = StateID::new(index) else { break };
        if matches!(state, State::Match { .. }) {
            queue.push_back((from, 0));
        }
        edges(state, |to, consumes| {
            if let Some(sources) = reversed.get_mut(to.as_usize()) {
                sources.push((from, consumes));
            }
        });
    }
    // 0-1 breadth-first search: edges that consume nothing go to the front of the queue.
    while let Some((id, steps)) = queue.pop_front() {
        let Some(slot @ None) = distance.get_mut(id.as_usize()) else { continue };
        *slot = Some(steps);
        for &(from, consumes) in reversed.get(id.as_usize()).into_iter().flatten() {
            if consumes {
                queue.push_back((from, steps + 1));
            } else {
                queue.push_front((from, steps));
            }
        }
    }
    distance
}

/// The bytes that a match can begin with, when exactly the look-arounds in front of it hold that `holds` says do.
fn start_bytes(nfa: &NFA, start: StateID, holds: impl Fn(Look) -> bool) -> [bool; 256] {
    let mut bytes = [false; 256];
    let mut seen = HashSet::from([start]);
    let mut stack = vec![start];
    while let Some(id) = stack.pop() {
        match nfa.state(id) {
            State::Look { look, .. } if !holds(*look) => {}
            state @ (State::ByteRange { .. } | State::Sparse(_) | State::Dense(_)) => {
                for (byte, flag) in (0u8..=255).zip(bytes.iter_mut()) {
                    *flag |= step(state, byte).is_some();
                }
            }
            state => edges(state, |to, _| {
                if seen.insert(to) {
                    stack.push(to);
                }
            }),
        }
    }
    bytes
}

/// Where a byte-consuming state goes on `byte`.
pub(crate) fn step(state: &State, byte: u8) -> Option<StateID> {
    match state {
        State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
        State::Sparse(sparse) => sparse.matches_byte(byte),
        State::Dense(dense) => dense.matches_byte(byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(regex: &str, cap: u32) -> Pattern {
        Pattern { id: "r".into(), regex: regex.into(), label: None, behind: None, cap }
    }

    #[test]
    fn a_generic_start_needs_a_boundary() {
        let error = Program::new(&[pattern("[a-z]+@", 100)]).unwrap_err();
        assert!(error.to_string().contains(r"put \b on its left"), "{error}");
        assert!(Program::new(&[pattern(r"\b[a-z]+@", 100)]).is_ok());
        assert!(Program::new(&[pattern("sk-[a-z]+", 100)]).is_ok());
    }

    #[test]
    fn reach_is_the_cap_less_what_a_match_still_needs() {
        let program = Program::new(&[pattern("abc", 10)]).unwrap();
        let start = program.nfa.start_pattern(PatternID::ZERO).unwrap();
        assert_eq!(program.reach(start), 7);
    }
}
