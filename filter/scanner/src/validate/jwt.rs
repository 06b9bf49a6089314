//! JSON Web Tokens (RFC 7519): base64url(header) `.` base64url(payload) `.` base64url(signature).

use data_encoding::BASE64URL_NOPAD;

/// Whether the first segment of `text` decodes to a JSON object with an `alg` member (RFC 7515 §4.1.1).
pub(super) fn is_jwt(text: &[u8]) -> bool {
    let header = text.split(|&byte| byte == b'.').next().unwrap_or_default();
    BASE64URL_NOPAD
        .decode(header)
        .ok()
        .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
        .is_some_and(|header| header.get("alg").is_some_and(serde_json::Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_must_name_an_algorithm() {
        let token =
            |header: &str| format!("{}.eyJzdWIiOiIxIn0.c2ln", BASE64URL_NOPAD.encode(header.as_bytes()));
        assert!(is_jwt(token(r#"{"alg":"HS256","typ":"JWT"}"#).as_bytes()));
        assert!(!is_jwt(token(r#"{"typ":"JWT"}"#).as_bytes()));
        assert!(!is_jwt(b"eyJub3QganNvbg.x.y"));
    }
}
