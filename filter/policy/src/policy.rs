//! The policy document: what is looked for, where, and what happens to it.

mod check;

use crate::disposition::Disposition;
use crate::hidden::HiddenText;
use crate::injection::Injection;
use crate::rule::{Rule, all_slots, both_directions};
use crate::slot::{Direction, Slot};
use serde::{Deserialize, Serialize};

/// What is looked for, where, and what happens to it. Written by people in YAML or JSON.
///
/// Without anything but `version` and `name` it is the default policy. [`Policy::problems`] finds what the types
/// cannot express; the engine checks what needs the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version of this format: 1.
    pub version: u32,
    /// Name for people and reports: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Whether findings have consequences.
    #[serde(default)]
    pub mode: Mode,
    /// How sure and how grave findings of built-in rules must be.
    #[serde(default)]
    pub level: Level,
    /// Which built-in rules act.
    #[serde(default)]
    pub preset: Preset,
    /// Exceptions from preset and level. Of those that fit a finding the last one counts.
    #[serde(default)]
    pub rules: Vec<Override>,
    /// What stays although a rule finds it.
    #[serde(default)]
    pub allow: Allow,
    /// The HTTP status of a request that is refused for what it contains: 400 to 499, or 200 to answer in the model's
    /// place, as the original does. Official clients try none of them again but 408, 409 and 429.
    #[serde(default = "forbidden")]
    pub block_status: u16,
    /// Where values may go when they are put back into an answer.
    #[serde(default)]
    pub restore: Restore,
    /// What happens to prompt injection.
    #[serde(default)]
    pub injection: Injection,
    /// Rules of your own. They act whatever preset and level say, and come before the built-in rules in ties.
    #[serde(default)]
    pub custom_rules: Vec<Rule>,
    /// Values of your own that must not get out, such as passwords and project names.
    #[serde(default)]
    pub exact_values: Vec<ExactValues>,
}

/// Whether findings have consequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What the policy says happens.
    #[default]
    Enforce,
    /// Findings are reported with what would happen, and nothing is changed.
    Shadow,
}

/// How sure and how grave findings of built-in rules must be. The engine's `decide` has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Only what is grave, or sure.
    Low,
    /// What the preset says.
    #[default]
    Medium,
    /// Also what is less sure, if it is grave.
    High,
}

/// Which built-in rules act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Credentials and keys: what an agent's session must never leak. Mail addresses, names, hosts and paths stay.
    Relaxed,
    /// Everything that is found with some context or a check.
    #[default]
    Default,
    /// Everything, also shapes that ordinary text has as well.
    Strict,
}

/// What happens to the findings of some rules. Without `rule`, `family` and `kind` it fits all rules; of several, all
/// must fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Id of one rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// A family with everything below it: `secrets` means `secrets.ai` as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// A kind of finding, such as `EMAIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Directions in which this holds.
    #[serde(default = "both_directions")]
    pub directions: Vec<Direction>,
    /// Slots in which this holds.
    #[serde(default = "all_slots")]
    pub slots: Vec<Slot>,
    /// What happens. A rule acts in its own directions and slots only, whatever stands here.
    pub action: Disposition,
}

/// What stays although a rule finds it. Not for exact values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// Findings that are exactly one of these. They reach the filter as keyed digests.
    #[serde(default)]
    pub values: Vec<HiddenText>,
    /// Findings that match one of these from beginning to end; syntax as in rules.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Findings that are the value of one of these keys: `key=value`, `key: value`, `"key": "value"`, `?key=value`, in
    /// any case. Keys that name credentials are refused.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// How values are put back into an answer, and where they may go.
///
/// A model that was led astray asks for a value in a link, an image or a command, to have it sent to a host of its own.
/// So a value is put there only if the host may know it: one of these, one that the request's own prompts name, or one
/// that the value came with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Names of hosts, such as `api.example.com`; `*.example.com` means all below that name, `*` all hosts.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Placeholders carry their values, encrypted with the token's key, so that answers in conversations that the
    /// provider stores (`previous_response_id`) are restored although the values came in an earlier request. They are
    /// longer than ordinary ones. Not in mode `shadow`.
    #[serde(default)]
    pub sealed: bool,
}

/// Values that must not get out, under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExactValues {
    /// What reports call these values: lower case with hyphens, like the id of a rule.
    pub name: String,
    /// What placeholders call them: upper case with underscores.
    pub kind: String,
    /// The values, of 6 to 4,096 bytes. They reach the filter as keyed digests.
    pub values: Vec<HiddenText>,
    /// What happens to them.
    #[serde(default)]
    pub action: Disposition,
}

/// The version of the format that this crate reads.
pub const VERSION: u32 = 1;

/// The status of a refused request unless the policy says otherwise (RFC 9110 §15.5.4).
pub const FORBIDDEN: u16 = 403;

/// The status that means to answer a refused request in the model's place.
pub const AS_MESSAGE: u16 = 200;

pub(crate) fn forbidden() -> u16 {
    FORBIDDEN
}

// === impl Policy ===

impl Policy {
    /// The default policy under a name.
    pub fn named(name: impl Into<String>) -> Policy {
        Policy {
            version: VERSION,
            name: name.into(),
            mode: Mode::default(),
            level: Level::default(),
            preset: Preset::default(),
            rules: Vec::new(),
            allow: Allow::default(),
            block_status: forbidden(),
            restore: Restore::default(),
            injection: Injection::default(),
            custom_rules: Vec::new(),
            exact_values: Vec::new(),
        }
    }

    /// A policy in which the rules with these ids redact and no other rule acts.
    pub fn only(rules: &[&str]) -> Policy {
        let mut policy = Policy::named("only");
        policy.rules.push(Override::everywhere(None, Disposition::Allow));
        policy.rules.extend(rules.iter().map(|id| Override::everywhere(Some(id), Disposition::Redact)));
        policy
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy::named("default")
    }
}

// === impl Override ===

impl Override {
    /// For the rule with this id, or all, in every place.
    pub fn everywhere(rule: Option<&str>, action: Disposition) -> Override {
        Override {
            rule: rule.map(str::to_owned),
            family: None,
            kind: None,
            directions: both_directions(),
            slots: all_slots(),
            action,
        }
    }

    /// Whether this is about `rule`.
    pub fn selects(&self, rule: &Rule) -> bool {
        self.rule.as_ref().is_none_or(|id| *id == rule.id)
            && self.family.as_ref().is_none_or(|family| rule.is_in_family(family))
            && self.kind.as_ref().is_none_or(|kind| *kind == rule.kind)
    }

    /// Whether this holds for text in `slot` travelling in `direction`.
    pub fn holds(&self, direction: Direction, slot: Slot) -> bool {
        self.directions.contains(&direction) && self.slots.contains(&slot)
    }
}
