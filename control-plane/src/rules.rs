//! The rules that act.

use anyhow::Context as _;

/// Ids of the enabled rules: the whole built-in catalogue.
pub(crate) fn enabled() -> anyhow::Result<Vec<String>> {
    let rules = aegis_engine::builtin_rules().context("the built-in rules are damaged; build aegisgate again")?;
    Ok(rules.into_iter().map(|rule| rule.id).collect())
}
