//! Where in a match the label ends and the value begins.

use crate::RuleIndex;
use crate::compile;
use crate::error::{RuleError, RuleErrorReason};
use crate::program::Pattern;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::PatternID;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;
use std::cell::RefCell;
use std::fmt;

/// The labels of all rules, compiled to one anchored DFA.
pub struct Labels {
    dfa: DFA,
    cache: RefCell<Cache>,
    /// For each rule, which pattern of the DFA its label is.
    patterns: Vec<Option<PatternID>>,
}

// === impl Labels ===

impl Labels {
    /// Compiles the labels of `patterns`.
    pub fn new(patterns: &[Pattern]) -> Result<Labels, RuleError> {
        let mut hirs: Vec<Hir> = Vec::new();
        let mut ids = Vec::with_capacity(patterns.len());
        let budget = |reason: String| RuleErrorReason::Budget(reason).of("*");
        for pattern in patterns {
            let Some(label) = &pattern.label else {
                ids.push(None);
                continue;
            };
            ids.push(Some(PatternID::new(hirs.len()).map_err(|error| budget(error.to_string()))?));
            hirs.push(compile::parse(label).map_err(|reason| reason.of(&pattern.id))?);
        }
        let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::None);
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_many_from_hir(&hirs)
            .map_err(|error| budget(error.to_string()))?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .starts_for_each_pattern(true)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder()
            .configure(config)
            .build_from_nfa(nfa)
            .map_err(|error| budget(error.to_string()))?;
        Ok(Labels { cache: RefCell::new(dfa.create_cache()), dfa, patterns: ids })
    }

    /// Where the value begins in `text`, which is a match of `rule`.
    pub(crate) fn end(&self, rule: RuleIndex, text: &[u8]) -> usize {
        let Some(label) = self.patterns.get(usize::from(rule)).copied().flatten() else { return 0 };
        let input = Input::new(text).anchored(Anchored::Pattern(label));
        // With `MatchKind::All` a search runs to the end of the longest match.
        let found = self.dfa.try_search_fwd(&mut self.cache.borrow_mut(), &input);
        found.ok().flatten().map_or(0, |half| half.offset())
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels").field("rules", &self.patterns.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_label_counts() {
        let pattern = |label: Option<&str>| Pattern {
            id: "r".into(),
            regex: "[0-9]+".into(),
            label: label.map(Into::into),
            cap: 40,
        };
        let labels =
            Labels::new(&[pattern(None), pattern(Some("(?:号|no)[:. ]*")), pattern(Some("x"))]).unwrap();
        assert_eq!(labels.end(0, b"no: 123"), 0);
        assert_eq!(labels.end(1, b"no: 123"), 4);
        assert_eq!(labels.end(1, "号 123".as_bytes()), 4);
        assert_eq!(labels.end(2, b"x1"), 1);
    }
}
