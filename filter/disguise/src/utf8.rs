//! Single characters of texts that need not be valid.

/// The character that `bytes` begin with, and its length; `None` if they do not begin with a valid one.
pub fn first(bytes: &[u8]) -> Option<(char, usize)> {
    let (&lead, rest) = bytes.split_first()?;
    let (len, head) = match lead {
        0x00..0x80 => return Some((char::from(lead), 1)),
        0xc2..0xe0 => (2, lead & 0x1f),
        0xe0..0xf0 => (3, lead & 0x0f),
        0xf0..0xf5 => (4, lead & 0x07),
        _ => return None,
    };
    let mut code = u32::from(head);
    for byte in rest.get(..len - 1)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    let character = char::from_u32(code)?;
    (character.len_utf8() == len).then_some((character, len))
}

/// The code of a character of these three bytes.
pub fn three(one: u8, two: u8, three: u8) -> u32 {
    u32::from(one & 0x0f) << 12 | u32::from(two & 0x3f) << 6 | u32::from(three & 0x3f)
}

/// Whether `byte` is not the first of a character.
pub fn is_inside(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for character in '\0'..=char::MAX {
            let mut bytes = [0; 4];
            let len = character.encode_utf8(&mut bytes).len();
            assert_eq!(first(&bytes), Some((character, len)));
            assert_eq!(first(&bytes[..len - 1]), None);
        }
        for bytes in
            [&b"\x80"[..], b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc3("]
        {
            assert_eq!(first(bytes), None);
        }
    }
}
