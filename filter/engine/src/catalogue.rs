//! The built-in rules.

use aegis_policy::Rule;

/// Written by `build.rs` from `filter/rules/*.toml`.
const CATALOGUE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.json"));

/// One id per line.
const DEFAULT: &str = include_str!("../../rules/presets/default.txt");

/// Ids of the rules that act unless a policy says otherwise.
pub fn default_rules() -> Vec<String> {
    preset(DEFAULT)
}

fn preset(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// All built-in rules, without their examples.
pub fn builtin_rules() -> Result<Vec<Rule>, serde_json::Error> {
    serde_json::from_slice(CATALOGUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_exist_and_cover_the_common_kinds() {
        let rules = builtin_rules().unwrap();
        let ids = default_rules();
        assert!(ids.iter().all(|id| rules.iter().any(|rule| rule.id == *id)));
        for id in ["email", "phone-e164", "payment-card", "ipv4", "openai-api-key", "anthropic-api-key"] {
            assert!(ids.iter().any(|one| one == id), "{id}");
        }
        for id in ["github-token", "aws-access-key-id", "jwt", "private-key-pem"] {
            assert!(ids.iter().any(|one| one == id), "{id}");
        }
    }

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
