//! What is wrong with a policy document, as far as it shows without the rules.

use super::{AS_MESSAGE, Allow, Override, Policy, Restore, VERSION};
use crate::disposition::Disposition;
use crate::exact::{MAX_EXACT_BYTES, MAX_EXACT_VALUES, MIN_EXACT_BYTES};
use crate::injection::Injection;
use crate::key_name::{is_field_name, names_credential};
use crate::limits::{
    MAX_ALLOWED_KEYS, MAX_ALLOWED_PATTERN_BYTES, MAX_ALLOWED_PATTERNS, MAX_ALLOWED_VALUE_BYTES,
    MAX_ALLOWED_VALUES, MAX_CUSTOM_RULES, MAX_HOST_BYTES, MAX_KEY_BYTES, MAX_NAME_BYTES, MAX_OVERRIDES,
    MAX_RESTORE_HOSTS,
};
use crate::problem::Problem;
use crate::rule::{is_id, is_kind};
use crate::slot::{Direction, Slot};

/// Collects problems.
#[derive(Default)]
struct Checker {
    problems: Vec<Problem>,
}

// === impl Policy ===

impl Policy {
    /// Everything that is wrong with the document by itself, in its order.
    pub fn problems(&self) -> Vec<Problem> {
        let mut checker = Checker::default();
        if self.version != VERSION {
            let what = format!("version {} is not supported", self.version);
            checker.report("version", what, format!("write `version: {VERSION}`"));
        }
        let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if self.name.is_empty() || self.name.len() > MAX_NAME_BYTES || !self.name.bytes().all(name) {
            let remedy = format!("use 1 to {MAX_NAME_BYTES} letters, digits, `.`, `_` and `-`");
            checker.report("name", "this is no name", remedy);
        }
        checker.count("rules", self.rules.len(), MAX_OVERRIDES);
        for (index, rule) in self.rules.iter().enumerate() {
            checker.check_override(&format!("rules[{index}]"), rule);
        }
        checker.check_allow(&self.allow);
        checker.check_restore(&self.restore);
        checker.check_injection(&self.injection);
        checker.check_block_status(self.block_status);
        checker.check_custom_rules(self);
        checker.check_exact_values(self);
        checker.problems
    }
}

// === impl Checker ===

impl Checker {
    fn report(&mut self, path: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(path, what, remedy));
    }

    fn count(&mut self, path: &str, count: usize, limit: usize) {
        if count > limit {
            self.report(path, format!("{count} entries"), format!("use at most {limit}"));
        }
    }

    fn check_override(&mut self, path: &str, rule: &Override) {
        self.check_place(path, &rule.directions, &rule.slots, rule.action);
        if let Some(family) = &rule.family
            && family.split('.').any(str::is_empty)
        {
            self.report(
                format!("{path}.family"),
                "this is no family",
                "write names joined by dots: `secrets.ai`",
            );
        }
    }

    fn check_place(&mut self, path: &str, directions: &[Direction], slots: &[Slot], action: Disposition) {
        for (key, is_empty) in [("directions", directions.is_empty()), ("slots", slots.is_empty())] {
            if is_empty {
                self.report(
                    format!("{path}.{key}"),
                    "an empty list holds nowhere",
                    "name some, or leave the key out",
                );
            }
        }
        if action == Disposition::Defang && directions.contains(&Direction::Request) {
            let what = "`defang` has no meaning in a request";
            let remedy = "add `directions: [response]`, or use `redact`, `sanitize` or `block`";
            self.report(format!("{path}.action"), what, remedy);
        }
    }

    fn check_injection(&mut self, injection: &Injection) {
        let Injection { mark, act, act_on_user, actions } = injection;
        for (key, score) in [("mark", mark), ("act", act), ("act_on_user", act_on_user)] {
            if score.is_some_and(|score| score == 0 || score > 100) {
                let what = "every text has at least 0 and at most 100";
                self.report(format!("injection.{key}"), what, "use 1 to 100");
            }
        }
        for (slot, action) in actions {
            let path = format!("injection.actions.{}", slot.name());
            if !Injection::SLOTS.contains(slot) {
                self.report(path, "this slot is not looked at for injection", "leave it out");
            } else if matches!(action, Disposition::Redact | Disposition::Defang) {
                let what = format!("`{}` has no meaning for injection", action.name());
                self.report(path, what, "use `allow`, `mark`, `sanitize` or `block`");
            }
        }
    }

    fn check_allow(&mut self, allow: &Allow) {
        self.count("allow.values", allow.values.len(), MAX_ALLOWED_VALUES);
        for (index, value) in allow.values.iter().enumerate() {
            let len = value.reveal().len();
            if len == 0 || len > MAX_ALLOWED_VALUE_BYTES {
                let remedy = format!("a finding has 1 to {MAX_ALLOWED_VALUE_BYTES} bytes");
                self.report(format!("allow.values[{index}]"), format!("{len} bytes are never found"), remedy);
            }
        }
        self.count("allow.patterns", allow.patterns.len(), MAX_ALLOWED_PATTERNS);
        for (index, pattern) in allow.patterns.iter().enumerate() {
            if pattern.len() > MAX_ALLOWED_PATTERN_BYTES {
                let remedy = format!("use at most {MAX_ALLOWED_PATTERN_BYTES}, or several patterns");
                self.report(format!("allow.patterns[{index}]"), format!("{} bytes", pattern.len()), remedy);
            }
        }
        self.count("allow.keys", allow.keys.len(), MAX_ALLOWED_KEYS);
        for (index, key) in allow.keys.iter().enumerate() {
            let path = format!("allow.keys[{index}]");
            if !is_field_name(key) {
                let remedy = format!("use 1 to {MAX_KEY_BYTES} letters, digits, `_`, `.` and `-`");
                self.report(path, "this is no key", remedy);
            } else if names_credential(key) {
                let what =
                    format!("`{key}` names a credential, and leaving all its values alone would leak them");
                self.report(path, what, "list the harmless values in `allow.values`, or the rule in `rules`");
            }
        }
    }

    fn check_block_status(&mut self, status: u16) {
        if status != AS_MESSAGE && !(400..500).contains(&status) {
            let what = format!("{status} does not say that the request was wrong");
            self.report("block_status", what, "use 400 to 499, or 200 to answer in the model's place");
        }
    }

    fn check_restore(&mut self, restore: &Restore) {
        self.count("restore.hosts", restore.hosts.len(), MAX_RESTORE_HOSTS);
        for (index, host) in restore.hosts.iter().enumerate() {
            if host != "*" && !is_host(host.strip_prefix("*.").unwrap_or(host)) {
                let remedy = "write a name without scheme, port and path, `*.name` for all below it, or `*`";
                self.report(format!("restore.hosts[{index}]"), "this is no host", remedy);
            }
        }
    }

    fn check_custom_rules(&mut self, policy: &Policy) {
        let rules = &policy.custom_rules;
        self.count("custom_rules", rules.len(), MAX_CUSTOM_RULES);
        for (index, rule) in rules.iter().enumerate() {
            let path = format!("custom_rules[{index}]");
            self.check_id(&format!("{path}.id"), &rule.id);
            if rules.iter().take(index).any(|other| other.id == rule.id) {
                let what = format!("another rule is called `{}` as well", rule.id);
                self.report(format!("{path}.id"), what, "give each rule a name of its own");
            }
            self.check_kind(&format!("{path}.kind"), &rule.kind);
            self.check_place(&path, &rule.directions, &rule.slots, rule.action);
        }
    }

    fn check_exact_values(&mut self, policy: &Policy) {
        let lists = &policy.exact_values;
        self.count("exact_values", lists.iter().map(|list| list.values.len()).sum(), MAX_EXACT_VALUES);
        for (index, list) in lists.iter().enumerate() {
            let path = format!("exact_values[{index}]");
            self.check_id(&format!("{path}.name"), &list.name);
            let names = policy.custom_rules.iter().map(|rule| &rule.id);
            if names.chain(lists.iter().take(index).map(|other| &other.name)).any(|name| *name == list.name) {
                let what = format!("something else is called `{}` as well", list.name);
                self.report(format!("{path}.name"), what, "give each list a name of its own");
            }
            self.check_kind(&format!("{path}.kind"), &list.kind);
            if list.action == Disposition::Defang {
                let remedy = "use `redact`, `sanitize` or `block`";
                self.report(format!("{path}.action"), "`defang` has no meaning for an exact value", remedy);
            }
            for (place, value) in list.values.iter().enumerate() {
                let len = value.reveal().len();
                if !(MIN_EXACT_BYTES..=MAX_EXACT_BYTES).contains(&len) {
                    let remedy = format!("use {MIN_EXACT_BYTES} to {MAX_EXACT_BYTES} bytes");
                    self.report(format!("{path}.values[{place}]"), format!("{len} bytes"), remedy);
                }
            }
        }
    }

    fn check_id(&mut self, path: &str, id: &str) {
        if !is_id(id) {
            let remedy =
                format!("use up to {MAX_NAME_BYTES} lower-case letters, digits and hyphens: `acme-order`");
            self.report(path, "this is no name of a rule", remedy);
        }
    }

    fn check_kind(&mut self, path: &str, kind: &str) {
        if !is_kind(kind) {
            let remedy = format!("use up to {MAX_NAME_BYTES} upper-case letters, digits and `_`: `ORDER_NO`");
            self.report(path, "this is no kind", remedy);
        }
    }
}

/// Labels of letters, digits, hyphens and underscores, or an address.
fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_name = name.len() <= MAX_HOST_BYTES && name.split('.').all(is_label);
    is_name || name.parse::<std::net::Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests;
