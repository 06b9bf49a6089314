//! The `data` of a Kubernetes Secret: lines `key: value`, the values in base64.

use data_encoding::BASE64;

/// The shortest text, in bytes, whose being printable says something: of random ones of six bytes one in 400 is.
const MIN_TEXT: usize = 6;

/// Whether all values in `text` are base64, and one of them is of printable text or padded. The words of a `ConfigMap`, which
/// looks the same, are neither. A value may stand on the lines behind its key.
pub(super) fn is_secret_data(text: &[u8]) -> bool {
    let mut values = text.split(|&byte| byte == b'\n').filter_map(value).peekable();
    values.peek().is_some() && values.clone().all(is_base64) && values.any(is_telling)
}

/// What stands behind the key on `line`, without quotes; `None` if nothing does.
fn value(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let value = match line.iter().position(|&byte| byte == b':') {
        Some(colon) => line.get(colon + 1..)?.trim_ascii(),
        None => line,
    };
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let value = value.strip_prefix(b"'").and_then(|value| value.strip_suffix(b"'")).unwrap_or(value);
    // The sign of a block scalar.
    (!matches!(value, b"" | b"|" | b">" | b"|-" | b">-")).then_some(value)
}

fn is_base64(value: &[u8]) -> bool {
    BASE64.decode(value).is_ok()
}

fn is_telling(value: &[u8]) -> bool {
    let text = BASE64.decode(value).unwrap_or_default();
    let printable = std::str::from_utf8(&text).is_ok_and(|text| {
        !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
    });
    text.len() >= MIN_TEXT && (printable || value.ends_with(b"="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_base64_of_text() {
        assert!(
            is_secret_data(b"password: aHVudGVyMg==") && is_secret_data(b"a: \"aHVudGVyMjI=\"\n  b: 'eA=='")
        );
        assert!(is_secret_data(b"ca.pem: |\n    aHVudGVyMg=="));
        assert!(
            !is_secret_data(b"level: info\n  mode: production12")
                && !is_secret_data(b"a: aHVudGVyMg==\n b: no")
        );
        assert!(!is_secret_data(b"a:") && !is_secret_data(b""));
    }
}
