//! Where in a match the value stands: behind its label, and in front of what must follow it.

use crate::RuleIndex;
use crate::compile;
use crate::program::Pattern;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// What stands around the values of all rules. Each is compiled when the first match of its rule has to be divided: most
/// rules never match.
pub struct Labels {
    /// By rule.
    rules: Vec<Around>,
}

/// What stands around the value of a rule.
struct Around {
    label: Option<RefCell<Part>>,
    behind: Option<RefCell<Part>>,
}

/// A label, or what stands behind a value, which is read backwards.
enum Part {
    Source {
        regex: String,
        backwards: bool,
    },
    Compiled(Box<(DFA, Cache)>),
    /// It has no automaton, as a label that the scanner refuses; nothing is divided by it.
    Unusable,
}

// === impl Labels ===

impl Labels {
    /// What stands around the values of `patterns`, which the scanner must have accepted.
    pub fn new(patterns: &[Pattern]) -> Labels {
        let part = |regex: &Option<String>, backwards| {
            regex.clone().map(|regex| RefCell::new(Part::Source { regex, backwards }))
        };
        let around = |pattern: &Pattern| Around {
            label: part(&pattern.label, false),
            behind: part(&pattern.behind, true),
        };
        Labels { rules: patterns.iter().map(around).collect() }
    }

    /// Where the value is in `text`, which is a match of `rule`.
    pub(crate) fn value(&self, rule: RuleIndex, text: &[u8]) -> Range<usize> {
        let Some(around) = self.rules.get(usize::from(rule)) else { return 0..text.len() };
        let label = around.label.as_ref().and_then(|label| label.borrow_mut().find(text)).unwrap_or(0);
        let value = text.get(label..).unwrap_or_default();
        let behind = around.behind.as_ref().and_then(|behind| behind.borrow_mut().find(value));
        label..behind.map_or(text.len(), |behind| label + behind)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

// === impl Part ===

impl Part {
    /// Where the longest one ends that `text` begins with, or begins that it ends with.
    fn find(&mut self, text: &[u8]) -> Option<usize> {
        if let Part::Source { regex, backwards } = self {
            *self = compiled(regex, *backwards).map_or(Part::Unusable, |part| Part::Compiled(Box::new(part)));
        }
        let Part::Compiled(part) = self else { return None };
        let (dfa, cache) = &mut **part;
        let input = Input::new(text).anchored(Anchored::Yes);
        // With `MatchKind::All` a search runs to the end of the longest match.
        let found = if dfa.get_nfa().is_reverse() {
            dfa.try_search_rev(cache, &input)
        } else {
            dfa.try_search_fwd(cache, &input)
        };
        found.ok().flatten().map(|half| half.offset())
    }
}

fn compiled(regex: &str, backwards: bool) -> Option<(DFA, Cache)> {
    let hir = compile::parse(regex).ok()?;
    let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::None).reverse(backwards);
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
            behind: None,
            cap: 40,
        };
        let labels = Labels::new(&[pattern(None), pattern(Some("(?:号|no)[:. ]*")), pattern(Some("x"))]);
        assert_eq!(labels.value(0, b"no: 123").start, 0);
        assert_eq!(labels.value(1, b"no: 123").start, 4);
        assert_eq!(labels.value(1, "号 123".as_bytes()).start, 4);
        assert_eq!(labels.value(2, b"x1").start, 1);
    }
    #[test]
    fn what_stands_behind_is_no_value() {
        let pattern = Pattern {
            id: "r".into(),
            regex: "[0-9]+".into(),
            label: Some("no ".into()),
            behind: Some("(?:,| is)? my number".into()),
            cap: 40,
        };
        let labels = Labels::new(&[pattern]);
        assert_eq!(labels.value(0, b"no 123 is my number"), 3..6);
        assert_eq!(labels.value(0, b"no 123, my number"), 3..6);
    }
}
