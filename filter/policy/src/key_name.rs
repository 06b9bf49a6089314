//! Names of fields whose values may be left alone.

use crate::limits::MAX_KEY_BYTES;

/// Words that name a credential wherever they stand in a name.
const CREDENTIAL_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "sessionkey",
    "credential",
    "authorization",
    "bearer",
    "cookie",
];

/// Words that name a credential as a whole part of a name: `auth` does, `author` does not.
const CREDENTIAL_PARTS: &[&str] =
    &["auth", "pass", "pwd", "jwt", "sid", "sig", "signature", "session", "pin", "otp"];

/// Whether `name` is a field name: 1 to [`MAX_KEY_BYTES`] letters, digits, `_`, `.` and `-`, as in the token API.
pub(crate) fn is_field_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let first = name.bytes().next();
    first.is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
        && name.len() <= MAX_KEY_BYTES
        && name.bytes().all(inner)
}

/// Whether a field called `name` holds a credential.
pub fn names_credential(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let joined: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let part = |part: &str| CREDENTIAL_PARTS.contains(&part);
    joined == "key"
        || CREDENTIAL_WORDS.iter().any(|word| joined.contains(word))
        || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_from_other_names() {
        for name in
            ["password", "API_KEY", "api-key", "apiKey", "x-auth-token", "Authorization", "db.pwd", "key"]
        {
            assert!(names_credential(name), "{name}");
        }
        for name in ["author", "user_id", "order.id", "passenger", "sort_key", "signal", "assignee"] {
            assert!(!names_credential(name), "{name}");
        }
    }

    #[test]
    fn field_names_are_short_and_plain() {
        for name in ["a", "_id", "user.id", "X-Order-7", &"x".repeat(64)] {
            assert!(is_field_name(name), "{name}");
        }
        for name in ["", "-a", "a b", "é", "a=", &"x".repeat(65)] {
            assert!(!is_field_name(name), "{name}");
        }
    }
}
