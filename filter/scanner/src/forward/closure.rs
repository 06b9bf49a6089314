//! What an NFA state leads to without a byte.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID as NfaId;

/// The scratch space of a walk that takes each state once.
pub(super) struct Closure {
    stack: Vec<NfaId>,
    seen: Vec<u32>,
    round: u32,
}

/// Where a walk ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reached {
    /// At a state that consumes a byte.
    Open(NfaId),
    /// At a match of the pattern with this index.
    End(u16),
}

// === impl Closure ===

impl Closure {
    pub(super) fn new(nfa: &NFA) -> Closure {
        Closure { stack: Vec::new(), seen: vec![0; nfa.states().len()], round: 0 }
    }

    /// Forgets what was seen.
    pub(super) fn begin(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.seen.fill(0);
            self.round = 1;
        }
    }

    /// Calls `reached` for everything that can be reached from `from` and was not yet. `holds` decides about
    /// look-arounds.
    pub(super) fn walk(
        &mut self,
        nfa: &NFA,
        from: NfaId,
        holds: impl Fn(Look) -> bool,
        mut reached: impl FnMut(NfaId, Reached),
    ) {
        self.stack.push(from);
        while let Some(id) = self.stack.pop() {
            match self.seen.get_mut(id.as_usize()) {
                Some(round) if *round != self.round => *round = self.round,
                _ => continue,
            }
            match nfa.state(id) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => {
                    reached(id, Reached::Open(id));
                }
                State::Look { look, next } => {
                    if holds(*look) {
                        self.stack.push(*next);
                    }
                }
                State::Union { alternates } => self.stack.extend_from_slice(alternates),
                State::BinaryUnion { alt1, alt2 } => self.stack.extend([*alt2, *alt1]),
                State::Capture { next, .. } => self.stack.push(*next),
                // Patterns are rules' factors, and rules have 16-bit indices; a rule has few factors.
                State::Match { pattern_id } => {
                    reached(id, Reached::End(u16::try_from(pattern_id.as_usize()).unwrap_or(u16::MAX)));
                }
                State::Fail => {}
            }
        }
    }
}
