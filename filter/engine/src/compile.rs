//! From the policy that its author wrote to the one that the filter gets.

use crate::catalogue::all_rules;
use crate::decide::{self, AllowError};
use crate::engine::{Engine, EngineError};
use crate::exact;
use crate::placeholder::MasterKey;
use aegis_policy::{CompiledPolicy, Override, Policy, Problem, Problems, Rule};
use std::slice;

/// How many names are suggested for one that does not exist.
const SUGGESTIONS: usize = 3;

/// Checks `policy` and replaces its values by digests that are made with `key`. Everything that is wrong is reported.
pub fn compile(policy: &Policy, key: &MasterKey) -> Result<CompiledPolicy, Problems> {
    let mut problems = policy.problems();
    let builtin = match all_rules() {
        Ok(rules) => rules,
        Err(error) => {
            return Err(Problems(vec![Problem::new("", error.to_string(), "reinstall the program")]));
        }
    };
    for (index, rule) in policy.custom_rules.iter().enumerate() {
        problems.extend(check_custom_rule(&format!("custom_rules[{index}]"), rule, &builtin));
    }
    let mut compiled = CompiledPolicy::without_values(policy);
    let lists: Vec<Rule> = compiled.exact_lists.iter().map(exact::rule).collect();
    for (index, list) in lists.iter().enumerate() {
        problems.extend(check_name(&format!("exact_values[{index}].name"), &list.id, &builtin));
    }
    let rules: Vec<&Rule> = policy.custom_rules.iter().chain(&builtin).chain(&lists).collect();
    for index in without_rules(&policy.rules, &rules) {
        let Some(exception) = policy.rules.get(index) else { continue };
        problems.push(no_such_rule(&format!("rules[{index}]"), exception, &rules));
    }
    match exact::compile(&policy.exact_values, key) {
        Ok(values) => compiled.exact = values,
        // The document's own check has said so, with the place.
        Err(_) if !problems.is_empty() => {}
        Err(error) => problems.push(Problem::new("exact_values", error.to_string(), "see its limits")),
    }
    if !policy.allow.values.is_empty() {
        let key = key.allowed_values();
        compiled.allow.values = decide::digests(&key, &policy.allow.values);
        compiled.key_proof = Some(key.proof());
    }
    // What is wrong with one rule would be reported again for all of them.
    if problems.is_empty()
        && let Err(error) = Engine::new(&compiled, key)
    {
        problems.push(engine_problem(&error));
    }
    if problems.is_empty() { Ok(compiled) } else { Err(Problems(problems)) }
}

/// Positions of the exceptions that fit no rule.
pub(crate) fn without_rules(exceptions: &[Override], rules: &[&Rule]) -> Vec<usize> {
    let fits_none = |exception: &Override| !rules.iter().any(|rule| exception.selects(rule));
    exceptions.iter().enumerate().filter(|(_, one)| fits_none(one)).map(|(index, _)| index).collect()
}

fn check_custom_rule(path: &str, rule: &Rule, builtin: &[Rule]) -> Option<Problem> {
    let name = check_name(&format!("{path}.id"), &rule.id, builtin);
    if name.is_some() {
        return name;
    }
    let error = aegis_scanner::check_examples(slice::from_ref(rule)).err()?;
    Some(Problem::new(path, error.reason.to_string(), "see the README of the rules for what a rule needs"))
}

fn check_name(path: &str, name: &str, builtin: &[Rule]) -> Option<Problem> {
    let taken = builtin.iter().any(|other| other.id == name);
    taken.then(|| Problem::new(path, format!("`{name}` is a built-in rule"), "choose another name"))
}

fn no_such_rule(path: &str, exception: &Override, rules: &[&Rule]) -> Problem {
    let unknown = |key: &str, wanted: &str, name: fn(&Rule) -> &str| {
        let similar = similar(wanted, rules.iter().map(|rule| name(rule)));
        let remedy = match similar.as_slice() {
            [] => "the folder of rules has all names".to_owned(),
            names => format!("perhaps you mean {}", names.join(", ")),
        };
        Problem::new(format!("{path}.{key}"), format!("there is no {key} `{wanted}`"), remedy)
    };
    if let Some(id) = &exception.rule
        && !rules.iter().any(|rule| rule.id == *id)
    {
        return unknown("rule", id, |rule| &rule.id);
    }
    if let Some(family) = &exception.family
        && !rules.iter().any(|rule| rule.is_in_family(family))
    {
        return unknown("family", family, |rule| &rule.family);
    }
    if let Some(kind) = &exception.kind
        && !rules.iter().any(|rule| rule.kind == *kind)
    {
        return unknown("kind", kind, |rule| &rule.kind);
    }
    Problem::new(path, "no rule fits all of `rule`, `family` and `kind`", "leave some of them out")
}

/// The names that share most with `wanted`, best first.
fn similar<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let common =
        |name: &str| name.bytes().zip(wanted.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let score = |name: &str| {
        let contains = name.contains(wanted) || wanted.contains(name);
        if contains { wanted.len() } else { common(name) }
    };
    let mut names: Vec<&str> = names.filter(|name| !name.is_empty() && score(name) >= 3).collect();
    names.sort_unstable_by_key(|name| (std::cmp::Reverse(score(name)), *name));
    names.dedup();
    names.into_iter().take(SUGGESTIONS).map(|name| format!("`{name}`")).collect()
}

fn engine_problem(error: &EngineError) -> Problem {
    match error {
        EngineError::Allow(AllowError::Pattern { index, reason }) => {
            Problem::new(format!("allow.patterns[{index}]"), reason.clone(), "the syntax is that of rules")
        }
        EngineError::Allow(AllowError::Patterns(reason)) => {
            Problem::new("allow.patterns", reason.clone(), "use fewer or simpler patterns")
        }
        other => Problem::new("", other.to_string(), "use fewer or simpler rules"),
    }
}

#[cfg(test)]
mod tests;
