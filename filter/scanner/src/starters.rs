//! Where a match may begin, to skip what lies before.

/// Bytes that begin a match of some rule.
#[derive(Debug)]
pub(crate) enum Starters {
    One(u8),
    Two(u8, u8),
    Three(u8, u8, u8),
    /// More than `memchr` can look for.
    Many(Box<[bool; 256]>),
}

// === impl Starters ===

impl Starters {
    pub(crate) fn new(bytes: &[bool; 256]) -> Starters {
        let few: Vec<u8> =
            (0u8..=255).zip(bytes).filter(|(_, starts)| **starts).map(|(byte, _)| byte).collect();
        match few.as_slice() {
            [one] => Starters::One(*one),
            [one, two] => Starters::Two(*one, *two),
            [one, two, three] => Starters::Three(*one, *two, *three),
            _ => Starters::Many(Box::new(*bytes)),
        }
    }

    /// Index of the first byte of `text` with which a match may begin; the length of `text` if there is none.
    pub(crate) fn find(&self, text: &[u8]) -> usize {
        match self {
            Starters::One(one) => memchr::memchr(*one, text),
            Starters::Two(one, two) => memchr::memchr2(*one, *two, text),
            Starters::Three(one, two, three) => memchr::memchr3(*one, *two, *three, text),
            Starters::Many(bytes) => {
                text.iter().position(|byte| bytes.get(usize::from(*byte)).copied().unwrap_or(true))
            }
        }
        .unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_of_few_and_of_many() {
        for chars in ["", "x", "xy", "xyz", "wxyz"] {
            let mut bytes = [false; 256];
            chars.bytes().for_each(|byte| bytes[usize::from(byte)] = true);
            let starters = Starters::new(&bytes);
            assert_eq!(starters.find(b"abcz"), if chars.contains('z') { 3 } else { 4 }, "{chars}");
            assert_eq!(starters.find(b"ab"), 2);
        }
    }
}
