//! Escape sequences of `$'…'`, `echo -e` and `printf`.

/// Reads the inside of `$'…'`: its text, and how many bytes that took with the closing quote.
pub(crate) fn ansi_c(rest: &[u8]) -> (Vec<u8>, usize) {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\'' => return (out, at + 1),
            b'\\' => at += one(rest.get(at + 1..).unwrap_or_default(), &mut out) + 1,
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    (out, at)
}

/// `text` with its escape sequences read.
pub(crate) fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte == b'\\' {
            at += one(text.get(at..).unwrap_or_default(), &mut out);
        } else {
            out.push(byte);
        }
    }
    out
}

/// Reads one escape sequence behind its backslash; returns its length.
fn one(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(&byte) = rest.first() else { return 0 };
    let digits = |from: usize, most: usize, radix: u32| {
        let digits = rest.get(from..).unwrap_or_default().iter().take(most);
        let digits = digits.map_while(|byte| char::from(*byte).to_digit(radix));
        digits.fold((0u32, 0), |(value, len), digit| (value * radix + digit, len + 1))
    };
    let simple = match byte {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 7,
        b'b' => 8,
        b'e' | b'E' => 27,
        b'\\' | b'\'' | b'"' | b'?' => byte,
        _ => 0,
    };
    let (value, len) = match byte {
        _ if simple != 0 => {
            out.push(simple);
            return 1;
        }
        b'x' => {
            let (value, len) = digits(1, 2, 16);
            (value, if len == 0 { 0 } else { len + 1 })
        }
        b'u' | b'U' => {
            let (value, len) = digits(1, if byte == b'u' { 4 } else { 8 }, 16);
            (value, if len == 0 { 0 } else { len + 1 })
        }
        b'0'..=b'7' => digits(0, if byte == b'0' { 4 } else { 3 }, 8),
        _ => (0, 0),
    };
    match char::from_u32(value) {
        _ if len == 0 => {
            out.extend([b'\\', byte]);
            return 1;
        }
        Some(character) if matches!(byte, b'u' | b'U') => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => out.extend(u8::try_from(value)),
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read() {
        assert_eq!(unescaped(br"\x72\155 -r\t\u002f\\\q"), b"rm -r\t/\\\\q");
        assert_eq!(ansi_c(br"\162m' x"), (b"rm".to_vec(), 6));
        assert_eq!(ansi_c(br"a\'b"), (b"a'b".to_vec(), 4));
        for text in [&br"\"[..], br"\x", br"\u", br"\777", br"\UFFFFFFFF"] {
            unescaped(text);
        }
    }
}
