//! What an operator can say about one token.

use aegis_policy::FilterMode;
use serde::{Deserialize, Serialize};

/// What an operator can say about one token. What is not said is as for every token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenSettings {
    /// Name of the policy that its requests are under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The least that clients may have switched off: `redact` means that answers are not looked at.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: FilterMode,
    /// The largest request body in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<u32>,
    /// The most messages of one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_messages: Option<u32>,
    /// Seconds that a request and its answer may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Whose token it is. Tenants get different placeholders for the same value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// Why settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A name with other characters than allowed.
    #[error("{0} must have 1 to 48 letters, digits, '.', '_' or '-'")]
    Name(&'static str),
    /// A limit of nothing.
    #[error("{0} must be greater than 0")]
    Zero(&'static str),
}

// === impl TokenSettings ===

impl TokenSettings {
    /// Checks what the types cannot express.
    pub fn validate(&self) -> Result<(), SettingsError> {
        for (name, text) in [("policy", &self.policy), ("tenant", &self.tenant)] {
            if text.as_ref().is_some_and(|text| !is_name(text)) {
                return Err(SettingsError::Name(name));
            }
        }
        let limits = [
            ("max_body_bytes", self.max_body_bytes),
            ("max_messages", self.max_messages),
            ("timeout_seconds", self.timeout_seconds),
        ];
        match limits.iter().find(|(_, limit)| *limit == Some(0)) {
            Some((name, _)) => Err(SettingsError::Zero(name)),
            None => Ok(()),
        }
    }
}

/// Whether `text` can be the name of a policy, a tenant, a node group or a key.
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=48).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_written() {
        assert_eq!(serde_json::to_string(&TokenSettings::default()).unwrap(), "{}");
        let settings = TokenSettings { mode: FilterMode::Redact, ..TokenSettings::default() };
        assert_eq!(serde_json::to_string(&settings).unwrap(), r#"{"mode":"redact"}"#);
        assert_eq!(serde_json::from_str::<TokenSettings>(r#"{"mode":"redact"}"#).unwrap(), settings);
        assert!(serde_json::from_str::<TokenSettings>(r#"{"colour":1}"#).is_err());
    }

    #[test]
    fn refuses_odd_names_and_limits_of_nothing() {
        for (json, what) in [
            (r#"{"policy":""}"#, SettingsError::Name("policy")),
            (r#"{"tenant":"a b"}"#, SettingsError::Name("tenant")),
            (r#"{"max_messages":0}"#, SettingsError::Zero("max_messages")),
        ] {
            assert_eq!(serde_json::from_str::<TokenSettings>(json).unwrap().validate(), Err(what), "{json}");
        }
        let good = r#"{"policy":"support-desk","tenant":"acme.eu","max_body_bytes":1}"#;
        assert_eq!(serde_json::from_str::<TokenSettings>(good).unwrap().validate(), Ok(()));
    }
}
