//! In what two policies differ.

use serde_json::Value;
use std::collections::BTreeSet;

/// What stands for a value that must not be shown.
const HIDDEN: &str = "…";

/// Keys whose values must not be shown, wherever they are.
const SECRET: &str = "values";

/// Lines `- path: old` and `+ path: new`, in the order of paths. Values that must not be shown are counted.
pub(super) fn diff(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", old, new, &mut lines);
    lines
}

fn compare(path: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match (one.get(key), other.get(key)) {
                    (Some(Value::Array(one)), Some(Value::Array(other))) if key == SECRET => {
                        secret(&below, one, other, lines);
                    }
                    (one, other) => {
                        let null = Value::Null;
                        compare(&below, one.unwrap_or(&null), other.unwrap_or(&null), lines);
                    }
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let null = Value::Null;
                let below = format!("{path}[{index}]");
                compare(&below, one.get(index).unwrap_or(&null), other.get(index).unwrap_or(&null), lines);
            }
        }
        (old, new) => {
            for (sign, value) in [('-', old), ('+', new)] {
                if !value.is_null() {
                    lines.push(format!("{sign} {path}: {}", hide(value.clone())));
                }
            }
        }
    }
}

fn secret(path: &str, old: &[Value], new: &[Value], lines: &mut Vec<String>) {
    let gone = old.iter().filter(|value| !new.contains(value)).count();
    let added = new.iter().filter(|value| !old.contains(value)).count();
    for (sign, count) in [('-', gone), ('+', added)] {
        if count > 0 {
            lines.push(format!("{sign} {path}: {count} values"));
        }
    }
}

fn hide(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                *member = if key == SECRET { HIDDEN.into() } else { hide(member.take()) };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = hide(item.take())),
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shows_what_differs_and_no_value() {
        let old = json!({"name": "x", "level": "low", "rules": [{"rule": "email", "action": "redact"}],
            "exact_values": [{"name": "n", "values": ["hunter2"]}]});
        let new = json!({"name": "x", "rules": [{"rule": "email", "action": "block"}, {"action": "allow"}],
            "exact_values": [{"name": "n", "values": ["hunter3", "hunter4"]}, {"values": ["hunter5"]}]});
        assert_eq!(
            diff(&old, &new),
            [
                "- exact_values[0].values: 1 values",
                "+ exact_values[0].values: 2 values",
                "+ exact_values[1]: {\"values\":\"…\"}",
                "- level: \"low\"",
                "- rules[0].action: \"redact\"",
                "+ rules[0].action: \"block\"",
                "+ rules[1]: {\"action\":\"allow\"}",
            ]
        );
        assert!(diff(&old, &old).is_empty());
    }
}
