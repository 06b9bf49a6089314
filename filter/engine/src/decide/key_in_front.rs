//! The key whose value a finding is: `key=value`, `key: value`, `"key": "value"`, `?key=value`.

use aegis_policy::limits::MAX_KEY_BYTES;

/// Bytes in front of a value that are looked at: the longest key, quotes with their escapes, and some space.
pub(crate) const REACH: usize = MAX_KEY_BYTES + 32;

/// Spaces on one side of the separator. People align values in columns.
const MAX_SPACES: usize = 8;

/// The key in front of a value, given what stands there, or at least its last [`REACH`] bytes.
pub(crate) fn key_in_front(before: &[u8]) -> Option<&[u8]> {
    let before = without_spaces(without_quote(before));
    let before = [&b"="[..], b":", "：".as_bytes(), "＝".as_bytes()]
        .iter()
        .find_map(|separator| before.strip_suffix(*separator))?;
    let before = without_quote(without_spaces(before));
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let start = before.iter().rposition(|byte| !inside(byte)).map_or(0, |last| last + 1);
    before.get(start..).filter(|key| !key.is_empty() && key.len() <= MAX_KEY_BYTES)
}

/// Takes a quotation mark off the end, with the backslashes that escape it in a document inside a document.
fn without_quote(text: &[u8]) -> &[u8] {
    let Some((b'"' | b'\'' | b'`', mut rest)) = text.split_last() else { return text };
    while let Some((b'\\', shorter)) = rest.split_last() {
        rest = shorter;
    }
    rest
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let mut rest = text;
    for _ in 0..MAX_SPACES {
        let Some((b' ' | b'\t', shorter)) = rest.split_last() else { break };
        rest = shorter;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_every_notation() {
        for before in [
            "user_id=",
            "x user_id = ",
            "{\"user_id\": \"",
            "{'user_id':'",
            "?user_id=",
            "a=1&user_id=",
            "user_id:\t",
            "{\\\"user_id\\\": \\\"",
            "user_id：",
            "user_id=\"",
            "(user_id=",
        ] {
            assert_eq!(key_in_front(before.as_bytes()), Some(&b"user_id"[..]), "{before}");
        }
    }

    #[test]
    fn what_is_no_value_of_a_key_has_none() {
        for before in
            ["", "user_id", "user_id ", "= ", "=", "\": \"", "user_id=x", "user_id=(", "[\"", "a, \""]
        {
            assert_eq!(key_in_front(before.as_bytes()), None, "{before}");
        }
        assert_eq!(key_in_front(b"my.user_id="), Some(&b"my.user_id"[..]));
        assert_eq!(key_in_front(format!("{}=", "k".repeat(65)).as_bytes()), None);
    }
}
