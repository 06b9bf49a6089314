//! Rules must behave as their own examples say.

use crate::error::{RuleError, RuleErrorReason};
use crate::{Budget, Labels, Match, Pattern, RuleMask, RuleSet, Scanner};
use aegis_policy::{Rule, example};

/// The least number of examples of each kind that a rule must come with.
const MIN_EXAMPLES: usize = 2;

/// Checks that every rule finds something in each of its `match` examples and nothing in its `no_match` examples.
pub fn check_examples(rules: &[Rule]) -> Result<(), RuleError> {
    rules.iter().try_for_each(check)
}

fn check(rule: &Rule) -> Result<(), RuleError> {
    let pattern = Pattern::from(rule);
    let labels = Labels::new(std::slice::from_ref(&pattern));
    let scanner = Scanner::new(&[pattern])?;
    let mut cache = scanner.cache();
    let mut set = RuleSet::default();
    set.insert(0);
    let validators = [rule.validator];
    let mask = RuleMask::new(&set, &validators, &labels);
    let mut finds = |text: &str| {
        let mut found: Vec<Match> = Vec::new();
        let text = example::expand(text, &rule.id);
        scanner.scan(&mut cache, text.as_bytes(), &mask, &mut Budget::default(), &mut found).is_err()
            || !found.is_empty()
    };
    let fail = |list, index, problem| Err(RuleErrorReason::Example { list, index, problem }.of(&rule.id));
    for (list, texts, expected) in [("match", &rule.matches, true), ("no_match", &rule.no_matches, false)] {
        if texts.len() < MIN_EXAMPLES {
            return fail(list, texts.len(), "is missing; every rule needs two of each kind");
        }
        if let Some(index) = texts.iter().position(|text| finds(text) != expected) {
            return fail(list, index, if expected { "nothing was found" } else { "something was found" });
        }
    }
    Ok(())
}

impl From<&Rule> for Pattern {
    fn from(rule: &Rule) -> Pattern {
        Pattern {
            id: rule.id.clone(),
            regex: rule.pattern.clone(),
            label: rule.label.clone(),
            behind: rule.behind.clone(),
            cap: rule.cap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_policy::{Confidence, Disposition, Severity};

    fn rule(pattern: &str, matches: &[&str], no_matches: &[&str]) -> Rule {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Rule {
            id: "toy".into(),
            kind: "TOY".into(),
            family: "toys".into(),
            description: "A toy.".into(),
            source: "none".into(),
            label: None,
            behind: None,
            pattern: pattern.into(),
            cap: 40,
            validator: None,
            directions: vec![],
            slots: vec![],
            action: Disposition::Redact,
            replacement: None,
            outside_code: false,
            severity: Severity::Low,
            confidence: Confidence::High,
            matches: own(matches),
            no_matches: own(no_matches),
        }
    }

    #[test]
    fn examples_decide() {
        let good = rule("ab{digit:1}?[0-9]+", &["x ab{digit:3}", "ab1"], &["ab", "abc"]);
        assert!(check_examples(&[good]).is_err(), "templates are not expanded in patterns");
        assert!(check_examples(&[rule("ab[0-9]+", &["x ab{digit:3}", "ab1"], &["ab", "abc"])]).is_ok());
        let error = check_examples(&[rule("ab[0-9]+", &["ab1", "ab"], &["x", "y"])]).unwrap_err();
        assert_eq!(error.to_string(), "rule `toy`: match example 1: nothing was found");
        let error = check_examples(&[rule("ab[0-9]+", &["ab1"], &["x", "y"])]).unwrap_err();
        assert!(error.to_string().contains("two of each kind"));
    }
}
