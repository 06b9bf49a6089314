//! The built-in rules.

use crate::limits::MAX_CATALOGUE;
use crate::{injection, leak};
use aegis_policy::Rule;
use aegis_shell::CommandRule;
use miniz_oxide::inflate::{DecompressError, decompress_to_vec_with_limit};
use serde::de::DeserializeOwned;

/// Written by `build.rs` from `filter/rules/*.toml`.
const CATALOGUE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.zz"));

/// Written by `build.rs` from `filter/rules/commands/*.toml`.
const COMMANDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/commands.zz"));

/// Why the embedded catalogue cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It cannot be decompressed.
    #[error("it cannot be decompressed: {0}")]
    Compression(DecompressError),
    /// It is not what `build.rs` writes.
    #[error(transparent)]
    Document(#[from] serde_json::Error),
}

/// All built-in rules over text, without their examples.
pub fn builtin_rules() -> Result<Vec<Rule>, CatalogueError> {
    document(CATALOGUE)
}

/// All built-in rules over commands, without their examples.
pub fn builtin_commands() -> Result<Vec<CommandRule>, CatalogueError> {
    document(COMMANDS)
}

fn document<T: DeserializeOwned>(compressed: &[u8]) -> Result<T, CatalogueError> {
    let json =
        decompress_to_vec_with_limit(compressed, MAX_CATALOGUE).map_err(CatalogueError::Compression)?;
    Ok(serde_json::from_slice(&json)?)
}

/// All built-in rules, those that are not over text without what they find.
pub(crate) fn all_rules() -> Result<Vec<Rule>, CatalogueError> {
    let mut rules = builtin_rules()?;
    rules.extend(builtin_commands()?.iter().map(CommandRule::to_rule));
    rules.push(leak::rule());
    rules.push(injection::rule());
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_policy::rule::{is_id, is_kind};
    use aegis_policy::{Direction, Disposition};

    #[test]
    fn every_rule_is_named_and_sourced() {
        let rules = all_rules().unwrap();
        assert!(rules.len() >= 10);
        for rule in &rules {
            assert!(is_id(&rule.id), "{}", rule.id);
            assert!(is_kind(&rule.kind), "{}", rule.kind);
            assert!(rule.family != "custom", "{}", rule.id);
            let in_requests = rule.directions.contains(&Direction::Request);
            assert!(rule.action != Disposition::Defang || !in_requests, "{}", rule.id);
        }
    }
}
