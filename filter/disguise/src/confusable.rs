//! Letters of other scripts that look like ASCII letters.
//!
//! A chosen part of Unicode's `confusables.txt` (UTS #39, section 4): Cyrillic, Greek and a few Latin letters that common
//! fonts draw as the ASCII letter. What only resembles one (`к`, `т`, `α`) is left out: it is read as what it is.

/// Pairs of a letter and what it looks like, in order of the letter.
const LOOKALIKES: &[(char, u8)] = &[
    ('ɑ', b'a'),
    ('ɡ', b'g'),
    ('ɩ', b'i'),
    ('Α', b'A'),
    ('Β', b'B'),
    ('Ε', b'E'),
    ('Ζ', b'Z'),
    ('Η', b'H'),
    ('Ι', b'I'),
    ('Κ', b'K'),
    ('Μ', b'M'),
    ('Ν', b'N'),
    ('Ο', b'O'),
    ('Ρ', b'P'),
    ('Τ', b'T'),
    ('Υ', b'Y'),
    ('Χ', b'X'),
    ('ν', b'v'),
    ('ο', b'o'),
    ('ρ', b'p'),
    ('ϲ', b'c'),
    ('ϳ', b'j'),
    ('Ϲ', b'C'),
    ('Ѕ', b'S'),
    ('І', b'I'),
    ('Ј', b'J'),
    ('А', b'A'),
    ('В', b'B'),
    ('Е', b'E'),
    ('К', b'K'),
    ('М', b'M'),
    ('Н', b'H'),
    ('О', b'O'),
    ('Р', b'P'),
    ('С', b'C'),
    ('Т', b'T'),
    ('У', b'Y'),
    ('Х', b'X'),
    ('а', b'a'),
    ('е', b'e'),
    ('о', b'o'),
    ('р', b'p'),
    ('с', b'c'),
    ('у', b'y'),
    ('х', b'x'),
    ('ѕ', b's'),
    ('і', b'i'),
    ('ј', b'j'),
    ('ѵ', b'v'),
    ('Ү', b'Y'),
    ('ү', b'y'),
    ('һ', b'h'),
    ('Ӏ', b'I'),
    ('ӏ', b'l'),
    ('ԁ', b'd'),
    ('Ԍ', b'G'),
    ('Ԛ', b'Q'),
    ('ԛ', b'q'),
    ('Ԝ', b'W'),
    ('ԝ', b'w'),
    ('Տ', b'S'),
    ('հ', b'h'),
    ('ո', b'n'),
    ('օ', b'o'),
];

/// The ASCII letter that `character` looks like.
pub fn ascii(character: char) -> Option<u8> {
    let index = LOOKALIKES.binary_search_by_key(&character, |(letter, _)| *letter).ok()?;
    LOOKALIKES.get(index).map(|(_, ascii)| *ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_short() {
        assert!(LOOKALIKES.is_sorted_by(|left, right| left.0 < right.0));
        assert!(
            LOOKALIKES.iter().all(|(letter, ascii)| letter.len_utf8() == 2 && ascii.is_ascii_alphabetic())
        );
        assert_eq!((ascii('а'), ascii('ж'), ascii('a')), (Some(b'a'), None, None));
    }
}
