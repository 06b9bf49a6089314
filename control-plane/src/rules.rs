//! The rules that act.

use aegis_policy::Confidence;
use anyhow::Context as _;

/// Ids of the enabled rules: the built-in catalogue without what only a strict policy would want.
pub(crate) fn enabled() -> anyhow::Result<Vec<String>> {
    let rules =
        aegis_engine::builtin_rules().context("the built-in rules are damaged; build aegisgate again")?;
    Ok(rules.into_iter().filter(|rule| rule.confidence > Confidence::Low).map(|rule| rule.id).collect())
}
