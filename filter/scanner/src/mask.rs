//! Which rules act on a text, together with their validators.

use crate::{Accept, Labels, RuleIndex, validate};
use aegis_policy::Validator;
use std::ops::Range;

/// A set of rule indices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleSet {
    words: Vec<u64>,
}

/// The rules that act in one place, with their validators: what a scan accepts.
#[derive(Debug)]
pub struct RuleMask<'a> {
    rules: &'a RuleSet,
    validators: &'a [Option<Validator>],
    labels: &'a Labels,
}

// === impl RuleSet ===

impl RuleSet {
    /// Adds a rule.
    pub fn insert(&mut self, rule: usize) {
        let word = rule / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= 1 << (rule % 64);
        }
    }

    /// Whether `rule` is in the set.
    pub fn contains(&self, rule: RuleIndex) -> bool {
        let rule = usize::from(rule);
        self.words.get(rule / 64).is_some_and(|bits| bits & 1 << (rule % 64) != 0)
    }

    /// Whether no rule is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&bits| bits == 0)
    }
}

// === impl RuleMask ===

impl<'a> RuleMask<'a> {
    /// The rules in `rules`; `validators` and `labels` are those of the scanner's rules.
    pub fn new(rules: &'a RuleSet, validators: &'a [Option<Validator>], labels: &'a Labels) -> RuleMask<'a> {
        RuleMask { rules, validators, labels }
    }
}

impl Accept for RuleMask<'_> {
    fn acts(&self, rule: RuleIndex) -> bool {
        self.rules.contains(rule)
    }

    fn accept(&self, rule: RuleIndex, text: &[u8]) -> Option<Range<usize>> {
        let place = self.labels.value(rule, text);
        let value = text.get(place.clone())?;
        let validator = self.validators.get(usize::from(rule)).copied().flatten();
        validator.is_none_or(|validator| validate::check(validator, value)).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_grows_with_its_members() {
        let mut set = RuleSet::default();
        assert!(set.is_empty() && !set.contains(200));
        set.insert(3);
        set.insert(200);
        assert!(set.contains(3) && set.contains(200) && !set.contains(4) && !set.contains(4000));
    }
}
