//! `aegisgate policy check`: what is wrong with a policy, or what it does.

use super::file::{self, Format};
use crate::offline::PUBLIC_KEY;
use aegis_engine::{Engine, MasterKey, compile};
use aegis_policy::{CompiledPolicy, Direction, Disposition, Policy, Slot};
use aegis_scanner::RuleIndex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A policy that can be used, and what it does.
pub(crate) struct Checked {
    pub(crate) policy: Policy,
    pub(crate) summary: String,
}

/// The policy at `path`, or its problems, each with its place.
pub(super) fn check(path: &Path) -> Result<Checked, Vec<String>> {
    let text = file::text(path).map_err(|error| vec![error])?;
    check_text(&text, Format::of(path), &path.display().to_string())
}

/// The policy in a document that `at` has, or its problems, each with its place.
pub(crate) fn check_text(text: &str, format: Format, at: &str) -> Result<Checked, Vec<String>> {
    let policy = file::parse(text, format, at).map_err(|error| vec![error])?;
    let whole = |error: &dyn std::fmt::Display| vec![format!("{at}: {error}")];
    let key = MasterKey::from_hex(PUBLIC_KEY).map_err(|error| whole(&error))?;
    let compiled = compile(&policy, &key).map_err(|problems| {
        problems.0.iter().map(|problem| format!("{at}: {problem}")).collect::<Vec<_>>()
    })?;
    let engine = Engine::new(&compiled, &key).map_err(|error| whole(&error))?;
    let summary = summary(&policy, &compiled, &engine);
    Ok(Checked { policy, summary })
}

fn summary(policy: &Policy, compiled: &CompiledPolicy, engine: &Engine) -> String {
    let Policy { allow, custom_rules, exact_values, .. } = policy;
    let values: usize = exact_values.iter().map(|list| list.values.len()).sum();
    let size = engine.size();
    let json = serde_json::to_vec(compiled).map_or(0, |json| json.len());
    let lines = [
        ("policy", [name(policy.mode), name(policy.level), name(policy.preset)].join(", ")),
        ("requests", acting(engine, Direction::Request)),
        ("answers", acting(engine, Direction::Response)),
        ("own", format!("{} rules, {values} exact values", custom_rules.len())),
        (
            "allowed",
            format!(
                "{} values, {} patterns, {} keys",
                allow.values.len(),
                allow.patterns.len(),
                allow.keys.len()
            ),
        ),
        (
            "automaton",
            format!(
                "{} states, {} KB, longest match {} bytes",
                size.states,
                size.bytes / 1000,
                size.longest_match
            ),
        ),
        ("compiled", format!("{json} bytes")),
    ];
    let mut out = String::new();
    for (name, text) in lines {
        // Writing to a String does not fail.
        writeln!(out, "  {name:10} {text}").ok();
    }
    out
}

/// How many rules do what, at most, to texts travelling in `direction`.
fn acting(engine: &Engine, direction: Direction) -> String {
    let mut counts: BTreeMap<Disposition, usize> = BTreeMap::new();
    for index in 0..engine.rules().len() {
        let Ok(index) = RuleIndex::try_from(index) else { continue };
        let strongest = Slot::ALL.iter().map(|slot| engine.disposition(direction, *slot, index)).max();
        *counts.entry(strongest.unwrap_or_default()).or_default() += 1;
    }
    counts.remove(&Disposition::Allow);
    let total: usize = counts.values().sum();
    let each = counts.iter().rev().map(|(action, count)| format!("{count} {}", action.name()));
    format!("{total} rules: {}", each.collect::<Vec<_>>().join(", "))
}

/// The name of an enumeration's value in documents.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
