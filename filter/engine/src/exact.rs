//! A policy's exact values beside its rules.

use crate::placeholder::MasterKey;
use aegis_policy::{
    CompiledPolicy, Confidence, Direction, Disposition, ExactList, ExactValues, Rule, Severity, Slot,
};
use aegis_scanner::exact::{self, ExactConfigError, ExactMatch, ExactMatcher, ExactValue, ExactValueError};
use aegis_scanner::{Match, RuleIndex, TooManyMatches};

/// The family of all lists of exact values, by which exceptions can select them.
const FAMILY: &str = "exact";

/// Finds exact values.
#[derive(Debug)]
pub(crate) struct ExactFinder {
    matcher: ExactMatcher,
    /// The index of the first list, among the rules.
    first: usize,
}

/// Replaces the values of `lists` by what can be shown.
pub(crate) fn compile(
    lists: &[ExactValues],
    key: &MasterKey,
) -> Result<aegis_policy::CompiledExact, ExactValueError> {
    let mut values = Vec::new();
    for (number, list) in (0..).zip(lists) {
        values.extend(list.values.iter().map(|value| ExactValue { list: number, text: value.reveal() }));
    }
    exact::compile(&values, &key.exact_values())
}

/// A list as a rule without a pattern: what findings are called, and what happens to them.
pub(crate) fn rule(list: &ExactList) -> Rule {
    Rule {
        id: list.name.clone(),
        kind: list.kind.clone(),
        family: FAMILY.to_owned(),
        description: "Values of the policy.".to_owned(),
        source: "the policy".to_owned(),
        label: None,
        behind: None,
        pattern: String::new(),
        cap: 0,
        validator: None,
        directions: vec![Direction::Request, Direction::Response],
        slots: Slot::ALL.to_vec(),
        action: list.action,
        replacement: None,
        outside_code: false,
        severity: Severity::Critical,
        confidence: Confidence::High,
        matches: Vec::new(),
        no_matches: Vec::new(),
    }
}

// === impl ExactFinder ===

impl ExactFinder {
    /// The values of `policy`. Its lists are the rules from index `first` on.
    pub(crate) fn new(
        policy: &CompiledPolicy,
        key: &MasterKey,
        first: usize,
    ) -> Result<ExactFinder, ExactConfigError> {
        Ok(ExactFinder { matcher: ExactMatcher::new(&policy.exact, &key.exact_values())?, first })
    }

    /// Adds the values in `text` that do something there to `found`, which are the rules' findings in the same text.
    ///
    /// Where both overlap nothing may remain of either: a finding of a rule that has a value inside counts for both, if
    /// no more happens to the value; else the value counts, and the finding is what remains of it.
    pub(crate) fn add(
        &self,
        text: &[u8],
        disposition: impl Fn(RuleIndex) -> Disposition,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        if self.matcher.is_empty() {
            return Ok(());
        }
        let mut exact = Vec::new();
        self.matcher.scan(text, &mut exact)?;
        let mut values: Vec<Match> = exact.iter().filter_map(|one| self.finding(one)).collect();
        values.retain(|value| {
            let action = disposition(value.rule);
            let around = found.get(found.partition_point(|one| one.end < value.end));
            action != Disposition::Allow
                && !around.is_some_and(|one| contains_more(one, value) && disposition(one.rule) >= action)
        });
        if !values.is_empty() {
            let rules = std::mem::take(found);
            found.extend(rules.iter().flat_map(|one| remains(one, &values)));
            found.extend(values);
            found.sort_unstable_by_key(|one| one.value);
        }
        Ok(())
    }

    fn finding(&self, one: &ExactMatch) -> Option<Match> {
        let rule = RuleIndex::try_from(self.first + usize::from(one.list)).ok()?;
        Some(Match { rule, start: one.start, value: one.start, end: one.end })
    }
}

/// Whether `outer` has all of `inner` and something else.
fn contains_more(outer: &Match, inner: &Match) -> bool {
    let contains = outer.value <= inner.value && inner.end <= outer.end;
    contains && (outer.value, outer.end) != (inner.value, inner.end)
}

/// What `values`, which are sorted and disjoint, leave of a finding.
fn remains(one: &Match, values: &[Match]) -> Vec<Match> {
    let first = values.partition_point(|value| value.end <= one.value);
    let inside = values.get(first..).unwrap_or_default().iter().take_while(|value| value.value < one.end);
    let (mut parts, mut at) = (Vec::new(), one.value);
    let part = |from: u64, to: u64| Match { value: from, start: from.min(one.value), end: to, ..*one };
    for value in inside {
        if value.value > at {
            parts.push(part(at, value.value));
        }
        at = at.max(value.end);
    }
    if at < one.end {
        parts.push(part(at, one.end));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: RuleIndex, value: u64, end: u64) -> Match {
        Match { rule, start: value, value, end }
    }

    #[test]
    fn values_leave_what_is_around_them() {
        let spans = |one: &Match, values: &[Match]| -> Vec<(u64, u64)> {
            remains(one, values).iter().map(|part| (part.value, part.end)).collect()
        };
        let values = [found(9, 5, 8), found(9, 10, 12), found(9, 20, 22)];
        assert_eq!(spans(&found(0, 0, 5), &values), [(0, 5)]);
        assert_eq!(spans(&found(0, 0, 30), &values), [(0, 5), (8, 10), (12, 20), (22, 30)]);
        assert_eq!(spans(&found(0, 6, 11), &values), [(8, 10)]);
        assert_eq!(spans(&found(0, 5, 8), &values), []);
        assert_eq!(spans(&found(0, 8, 10), &values), [(8, 10)]);
    }

    #[test]
    fn only_what_is_larger_contains_more() {
        assert!(contains_more(&found(0, 1, 9), &found(1, 1, 8)));
        assert!(!contains_more(&found(0, 1, 9), &found(1, 1, 9)));
        assert!(!contains_more(&found(0, 1, 9), &found(1, 0, 8)));
    }
}
