//! Credentials of HTTP's basic authentication (RFC 7617 §2): base64 of `user:password`.

use data_encoding::{BASE64, BASE64_NOPAD};

/// Whether `text` decodes to two printable parts with a colon between them, of which one may be empty.
pub(super) fn is_basic_auth(text: &[u8]) -> bool {
    let decoded = BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text)).unwrap_or_default();
    decoded.len() >= 4
        && decoded.contains(&b':')
        // The header of a token is JSON, which has colons as well.
        && !decoded.starts_with(b"{")
        && !decoded.iter().any(u8::is_ascii_control)
        && std::str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_printable() {
        // RFC 7617 §2: "Aladdin" and "open sesame".
        assert!(is_basic_auth(b"QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(is_basic_auth(b"QWxhZGRpbjpvcGVuIHNlc2FtZQ"));
        assert!(
            !is_basic_auth(b"YOUR_BASE64") && !is_basic_auth(b"authentication") && !is_basic_auth(b"AAAA")
        );
    }
}
