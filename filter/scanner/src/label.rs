//! Where in a match the label ends and the value begins.

use crate::RuleIndex;
use crate::compile;
use crate::program::Pattern;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use std::cell::RefCell;
use std::fmt;

/// The labels of all rules. Each is compiled when the first match of its rule has to be divided: most rules never match.
pub struct Labels {
    /// By rule.
    labels: Vec<Option<RefCell<Label>>>,
}

enum Label {
    Source(String),
    Compiled(Box<(DFA, Cache)>),
    /// It has no automaton, as a label that the scanner refuses; nothing is divided by it.
    Unusable,
}

// === impl Labels ===

impl Labels {
    /// The labels of `patterns`, which the scanner must have accepted.
    pub fn new(patterns: &[Pattern]) -> Labels {
        let label = |pattern: &Pattern| pattern.label.clone().map(|label| RefCell::new(Label::Source(label)));
        Labels { labels: patterns.iter().map(label).collect() }
    }

    /// Where the value begins in `text`, which is a match of `rule`.
    pub(crate) fn end(&self, rule: RuleIndex, text: &[u8]) -> usize {
        let label = self.labels.get(usize::from(rule)).and_then(Option::as_ref);
        label.map_or(0, |label| label.borrow_mut().end(text))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels").field("rules", &self.labels.len()).finish_non_exhaustive()
    }
}

// === impl Label ===

impl Label {
    /// Where the longest label ends that `text` begins with; 0 if there is none.
    fn end(&mut self, text: &[u8]) -> usize {
        if let Label::Source(source) = self {
            *self = compiled(source).map_or(Label::Unusable, |label| Label::Compiled(Box::new(label)));
        }
        let Label::Compiled(label) = self else { return 0 };
        let (dfa, cache) = &mut **label;
        // With `MatchKind::All` a search runs to the end of the longest match.
        let found = dfa.try_search_fwd(cache, &Input::new(text).anchored(Anchored::Yes));
        found.ok().flatten().map_or(0, |half| half.offset())
    }
}

fn compiled(source: &str) -> Option<(DFA, Cache)> {
    let hir = compile::parse(source).ok()?;
    let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::None);
    let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).ok()?;
    let config = DFA::config().match_kind(MatchKind::All).skip_cache_capacity_check(true);
    let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
    let cache = dfa.create_cache();
    Some((dfa, cache))
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
        let labels = Labels::new(&[pattern(None), pattern(Some("(?:号|no)[:. ]*")), pattern(Some("x"))]);
        assert_eq!(labels.end(0, b"no: 123"), 0);
        assert_eq!(labels.end(1, b"no: 123"), 4);
        assert_eq!(labels.end(1, "号 123".as_bytes()), 4);
        assert_eq!(labels.end(2, b"x1"), 1);
    }
}
