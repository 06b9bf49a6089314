//! A policy as the filter gets it.

use crate::disposition::Disposition;
use crate::exact::CompiledExact;
use crate::injection::Injection;
use crate::policy::{ExactValues, Level, Mode, Override, Policy, Preset, Restore};
use crate::rule::Rule;
use serde::{Deserialize, Serialize};

/// A policy as the filter gets it. Envoy shows it in `/config_dump`, so values that the policy's author wrote are keyed
/// digests here; the rest is as in [`Policy`], and the filter applies it to the rules that it was built with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompiledPolicy {
    /// Name for people and reports.
    pub name: String,
    /// Whether findings have consequences.
    pub mode: Mode,
    /// How sure and how grave findings of built-in rules must be.
    pub level: Level,
    /// Which built-in rules act.
    pub preset: Preset,
    /// Exceptions from preset and level; the last one counts.
    #[serde(default)]
    pub rules: Vec<Override>,
    /// What stays although a rule finds it.
    #[serde(default)]
    pub allow: CompiledAllow,
    /// The HTTP status of a request that is refused for what it contains.
    #[serde(default = "crate::policy::forbidden")]
    pub block_status: u16,
    /// Where values may go when they are put back into an answer.
    #[serde(default)]
    pub restore: Restore,
    /// What happens to prompt injection.
    #[serde(default)]
    pub injection: Injection,
    /// The author's rules, without their examples.
    #[serde(default)]
    pub custom_rules: Vec<Rule>,
    /// The author's values.
    #[serde(default)]
    pub exact: CompiledExact,
    /// What their lists are called and what happens to them, in the order that the values refer to.
    #[serde(default)]
    pub exact_lists: Vec<ExactList>,
    /// Proof of the key that the digests of allowed values were made with: a digest of nothing. Missing if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_proof: Option<String>,
}

/// A list of exact values, without the values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExactList {
    /// What reports call these values.
    pub name: String,
    /// What placeholders call them.
    pub kind: String,
    /// What happens to them.
    pub action: Disposition,
}

/// What stays although a rule finds it, without clear text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompiledAllow {
    /// Allowed values, sorted and without duplicates.
    #[serde(default)]
    pub values: Vec<ValueDigest>,
    /// Patterns of allowed values.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Keys whose values are allowed, in lower case.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// A value that cannot be read: its length in bytes and its keyed digest in base64url. The length spares the filter
/// most digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ValueDigest(pub u32, pub String);

// === impl CompiledPolicy ===

impl CompiledPolicy {
    /// The parts of `policy` that need no key.
    pub fn without_values(policy: &Policy) -> CompiledPolicy {
        let mut custom_rules = policy.custom_rules.clone();
        for rule in &mut custom_rules {
            rule.drop_notes();
        }
        let list = |list: &ExactValues| ExactList {
            name: list.name.clone(),
            kind: list.kind.clone(),
            action: list.action,
        };
        CompiledPolicy {
            name: policy.name.clone(),
            mode: policy.mode,
            level: policy.level,
            preset: policy.preset,
            rules: policy.rules.clone(),
            allow: CompiledAllow {
                values: Vec::new(),
                patterns: policy.allow.patterns.clone(),
                keys: policy.allow.keys.iter().map(|key| key.to_ascii_lowercase()).collect(),
            },
            block_status: policy.block_status,
            restore: policy.restore.clone(),
            injection: policy.injection.clone(),
            custom_rules,
            exact: CompiledExact::default(),
            exact_lists: policy.exact_values.iter().map(list).collect(),
            key_proof: None,
        }
    }
}

impl Default for CompiledPolicy {
    /// The default policy.
    fn default() -> CompiledPolicy {
        CompiledPolicy::without_values(&Policy::default())
    }
}
