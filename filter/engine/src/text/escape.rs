//! Text → JSON string contents (RFC 8259 §7).

/// Appends `text` to `out`, escaped to stand between the quotes of a JSON string.
pub fn escape_json(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x00..0x20 => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]),
            _ => out.push(byte),
        }
    }
}

/// `text`, escaped to stand in a JSON string that is in the JSON string of another document, and so on, `times` deep.
pub fn escape_json_times(text: &[u8], times: usize) -> Vec<u8> {
    let mut escaped = text.to_vec();
    for _ in 0..times {
        let mut outer = Vec::with_capacity(escaped.len());
        escape_json(&escaped, &mut outer);
        escaped = outer;
    }
    escaped
}

fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_json_reads_back_every_code_point_of_ascii() {
        let text: String = (0u8..128).map(char::from).chain("é密😀".chars()).collect();
        let mut json = vec![b'"'];
        escape_json(text.as_bytes(), &mut json);
        json.push(b'"');
        assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
    }
}
