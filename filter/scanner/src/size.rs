//! How large a set of rules is.

use crate::Scanner;

/// How large a set of rules is, before anything was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rules.
    pub rules: usize,
    /// States of the automaton that all rules are.
    pub states: usize,
    /// Bytes of these states.
    pub bytes: usize,
    /// The longest match in bytes, which bounds what a stream may hold back.
    pub longest_match: u32,
}

// === impl Scanner ===

impl Scanner {
    /// How large the rules are together.
    pub fn size(&self) -> Size {
        let nfa = &self.program.nfa;
        Size {
            rules: self.program.caps.len(),
            states: nfa.states().len(),
            bytes: nfa.memory_usage(),
            longest_match: self.program.caps.iter().copied().max().unwrap_or(0),
        }
    }
}
