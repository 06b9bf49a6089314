//! The built-in rules.

use aegis_policy::Rule;

/// Written by `build.rs` from `filter/rules/*.toml`.
const CATALOGUE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.json"));

/// All built-in rules, without their examples.
pub fn builtin_rules() -> Result<Vec<Rule>, serde_json::Error> {
    serde_json::from_slice(CATALOGUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_named_and_sourced() {
        let rules = builtin_rules().unwrap();
        assert!(rules.len() >= 10);
        for rule in &rules {
            let id = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let kind = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(rule.id.bytes().all(id), "{}", rule.id);
            assert!(rule.kind.bytes().all(kind) && rule.kind.len() <= 48, "{}", rule.kind);
            assert!(!rule.source.is_empty() && rule.description.ends_with('.'), "{}", rule.id);
        }
    }
}
