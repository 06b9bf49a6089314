//! Escape sequences that another notation left in the text.
//!
//! Tool results and code are full of `\n` and `%3D` that stand for one character each. Read as text, `keys:\nAKIA…` has
//! no word boundary in front of the key, because the `n` is a letter. So the last character of an escape sequence counts
//! as no word character for what follows it, and no match begins with the letter behind a backslash.

use crate::look::Neighbour;

/// Where a text stands in an escape sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Escaped {
    /// In none.
    No,
    /// Behind a backslash.
    Letter,
    /// So many hexadecimal digits are to come.
    Digits(u8),
}

/// A position of a text that was read up to there, and what is known about escape sequences in front of it.
///
/// Runs of backslashes are as long as somebody likes. So whoever goes through a text carries this along, and looks back
/// at nothing twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) at: usize,
    pub(crate) before: (Escaped, Neighbour),
}

/// The longest sequence, `\uXXXX`.
const LONGEST: usize = 6;

#[cfg(test)]
thread_local! {
    /// Bytes that [`Escaped::behind`] has read.
    pub(crate) static LOOKED_BACK: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

// === impl Escaped ===

impl Escaped {
    /// Where every text stands at first, and what its first byte sees behind it.
    pub(crate) const FIRST: (Escaped, Neighbour) = (Escaped::No, Neighbour::Edge);

    /// Number of variants, for tables.
    pub(crate) const COUNT: usize = 6;

    /// Of 0 to [`COUNT`](Escaped::COUNT), exclusive.
    pub(crate) fn index(self) -> usize {
        match self {
            Escaped::No => 0,
            Escaped::Letter => 1,
            Escaped::Digits(left) => 1 + usize::from(left),
        }
    }

    /// Where a text stands behind `bytes`, and what the next byte sees behind it, if it stood as `at` before them. Reads
    /// the last of them only, but if these are backslashes it may read all.
    pub(crate) fn behind(at: (Escaped, Neighbour), bytes: &[u8]) -> (Escaped, Neighbour) {
        // No sequence reaches further back than this, but whether a backslash is itself escaped depends on all those
        // in front of it.
        let mut from = bytes.len().saturating_sub(LONGEST);
        while from > 0 && bytes.get(from - 1) == Some(&b'\\') {
            from -= 1;
        }
        #[cfg(test)]
        LOOKED_BACK.set(LOOKED_BACK.get() + bytes.len() - from);
        let at = if from == 0 { at } else { (Escaped::No, Neighbour::Other) };
        let tail = bytes.get(from..).unwrap_or_default();
        tail.iter().fold(at, |(escaped, _), byte| escaped.read(*byte))
    }

    /// Where the text stands behind `byte`, and what the next byte sees behind it.
    pub(crate) fn read(self, byte: u8) -> (Escaped, Neighbour) {
        match (self, byte) {
            (Escaped::Letter, b'n' | b'r' | b't') => (Escaped::No, Neighbour::Other),
            (Escaped::Letter, b'u') => (Escaped::Digits(4), Neighbour::Word),
            (Escaped::Letter, b'x') => (Escaped::Digits(2), Neighbour::Word),
            (Escaped::Letter, _) => (Escaped::No, Neighbour::of(byte)),
            (Escaped::Digits(1), _) if byte.is_ascii_hexdigit() => (Escaped::No, Neighbour::Other),
            (Escaped::Digits(left), _) if byte.is_ascii_hexdigit() => {
                (Escaped::Digits(left - 1), Neighbour::of(byte))
            }
            (_, b'\\') => (Escaped::Letter, Neighbour::Other),
            (_, b'%') => (Escaped::Digits(2), Neighbour::Other),
            _ => (Escaped::No, Neighbour::of(byte)),
        }
    }

    /// Whether `byte` begins a sequence.
    pub(crate) fn begins(byte: u8) -> bool {
        matches!(byte, b'\\' | b'%')
    }

    /// Whether `byte` is the letter of an escape sequence, with which no match begins.
    pub(crate) fn is_letter(self, byte: u8) -> bool {
        self == Escaped::Letter && matches!(byte, b'n' | b'r' | b't' | b'u' | b'x')
    }
}

// === impl Position ===

impl Position {
    /// In front of the first byte.
    pub(crate) const FIRST: Position = Position { at: 0, before: Escaped::FIRST };

    /// The position `to` of `text`, which is this one or behind it.
    pub(crate) fn go_to(self, text: &[u8], to: usize) -> Position {
        let passed = text.get(self.at..to).unwrap_or_default();
        Position { at: to, before: Escaped::behind(self.before, passed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_of_a_sequence_is_no_word() {
        for (text, neighbour) in [
            (r"a\n", Neighbour::Other),
            (r"a\\n", Neighbour::Word),
            (r"a\\\n", Neighbour::Other),
            (r"\u00e9", Neighbour::Other),
            (r"\u00e", Neighbour::Word),
            ("%3D", Neighbour::Other),
            ("%3", Neighbour::Word),
            ("%3Da", Neighbour::Word),
            ("", Neighbour::Edge),
            (r"\d", Neighbour::Word),
        ] {
            assert_eq!(Escaped::behind(Escaped::FIRST, text.as_bytes()).1, neighbour, "{text}");
        }
    }

    #[test]
    fn looking_back_is_the_same_as_reading_on() {
        let text = br"x\\\n%3Dab\u00e9\\\\\xff%%41\nq\u12";
        for from in 0..text.len() {
            let before = Escaped::behind(Escaped::FIRST, &text[..from]);
            let mut state = before;
            for to in from..text.len() {
                assert_eq!(Escaped::behind(before, &text[from..to]).1, state.1, "{from}..{to}");
                let position = Position::FIRST.go_to(text, from).go_to(text, to);
                assert_eq!(position.before, state, "{from}..{to}");
                state = state.0.read(text[to]);
            }
        }
    }
}
