//! Words of ASCII, eight bytes at a time.

const HIGH: u64 = 0x8080_8080_8080_8080;
const EACH: u64 = 0x0101_0101_0101_0101;

/// A run of ASCII letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) len: usize,
    pub(crate) digits: bool,
}

/// The run that stands at `at`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "WebAssembly returns such results through memory")]
pub(crate) fn run(text: &[u8], at: usize) -> Run {
    let rest = text.get(at..).unwrap_or_default();
    let (eights, tail) = rest.as_chunks::<8>();
    let mut digits = 0;
    for (index, eight) in eights.iter().enumerate() {
        let (letter, digit) = kinds(u64::from_le_bytes(*eight));
        let others = !(letter | digit) & HIGH;
        if others != 0 {
            let len = others.trailing_zeros() / 8;
            let inside = (1 << (8 * len)) - 1;
            return Run { len: 8 * index + len as usize, digits: (digits | (digit & inside)) != 0 };
        }
        digits |= digit;
    }
    let len = tail.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let last = tail.get(..len).unwrap_or_default();
    Run { len: 8 * eights.len() + len, digits: digits != 0 || last.iter().any(u8::is_ascii_digit) }
}

/// The first eight bytes of `text`, zeros behind its end.
#[inline]
pub(crate) fn first_eight(text: &[u8]) -> u64 {
    if let Some(eight) = text.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    text.iter().rev().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte))
}

/// The first `len` of these bytes, eight at most.
#[inline]
pub(crate) fn first(eight: u64, len: usize) -> u64 {
    eight & (u64::MAX >> (64 - 8 * len.clamp(1, 8)))
}

/// The highest bit of each of the bytes that is a letter, and that is a digit.
fn kinds(bytes: u64) -> (u64, u64) {
    let ascii = bytes & !HIGH;
    // Nothing is carried from one byte to the next: none of seven bits is above 0x7f.
    let from = |bytes: u64, first: u8| bytes + EACH * (0x80 - u64::from(first));
    let within = |bytes: u64, first: u8, last: u8| from(bytes, first) & !from(bytes, last + 1) & HIGH;
    let small = ascii | (EACH * 0x20);
    let is_ascii = !bytes;
    (within(small, b'a', b'z') & is_ascii, within(ascii, b'0', b'9') & is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_they_do() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut text = vec![b'a'; 30];
                text[at] = byte;
                let len = if byte.is_ascii_alphanumeric() { 30 } else { at };
                let digits = byte.is_ascii_digit();
                assert_eq!(run(&text, 0), Run { len, digits }, "{byte} at {at}");
                let behind = [vec![b'b'; at], b" 1".to_vec(), vec![b'2'; 9]].concat();
                assert_eq!(run(&behind, 0), Run { len: at, digits: false });
            }
        }
    }
}
