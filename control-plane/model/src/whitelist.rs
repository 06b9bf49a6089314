//! Field names that an operator exempts from redaction.

use serde_json::Value;

/// Normalised field names: lower case, 1 to 64 characters, no duplicates, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WhitelistKeys(Vec<String>);

const MAX_LENGTH: usize = 64;

// === impl WhitelistKeys ===

impl WhitelistKeys {
    /// Reads what clients of the admin API send: a text split at white space and commas, a list, or an object whose
    /// truthy members count. What is not a field name is dropped.
    pub fn from_json(value: &Value) -> WhitelistKeys {
        let mut keys = WhitelistKeys::default();
        match value {
            Value::String(text) => {
                text.split(|c: char| c.is_whitespace() || c == ',').for_each(|key| keys.add(key));
            }
            Value::Array(items) => items.iter().for_each(|item| keys.add_scalar(item)),
            Value::Object(members) => {
                members.iter().filter(|(_, value)| is_truthy(value)).for_each(|(key, _)| keys.add(key));
            }
            scalar => keys.add_scalar(scalar),
        }
        keys
    }

    /// Adds those of `more` that are not there, and returns them.
    pub fn extend(&mut self, more: &WhitelistKeys) -> Vec<String> {
        let new: Vec<String> = more.0.iter().filter(|key| !self.0.contains(key)).cloned().collect();
        self.0.extend(new.iter().cloned());
        new
    }

    /// Removes those of `keys` that are there, and returns them.
    pub fn remove(&mut self, keys: &WhitelistKeys) -> Vec<String> {
        let gone: Vec<String> = keys.0.iter().filter(|key| self.0.contains(key)).cloned().collect();
        self.0.retain(|key| !gone.contains(key));
        gone
    }

    /// The field names.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    fn add_scalar(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }

    fn add(&mut self, key: &str) {
        let key = key.trim().to_lowercase();
        if is_field_name(&key) && !self.0.contains(&key) {
            self.0.push(key);
        }
    }
}

fn is_field_name(key: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let first_ok = key.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_');
    first_ok && key.len() <= MAX_LENGTH && key.bytes().all(inner)
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_every_accepted_shape() {
        for (value, expected) in [
            (json!("a, b c"), vec!["a", "b", "c"]),
            (json!(["A", "a", "b.c-d", 7, null, ["x"]]), vec!["a", "b.c-d", "7"]),
            (json!({"x": 1, "y": 0, "z": ""}), vec!["x"]),
            (json!(null), vec![]),
            (json!(5), vec!["5"]),
            (json!("-bad"), vec![]),
            (json!("x".repeat(65)), vec![]),
            (json!("x y\u{e9}"), vec!["x"]),
        ] {
            assert_eq!(WhitelistKeys::from_json(&value).as_slice(), expected, "{value}");
        }
    }
}
