//! One escaped character: percent-encoding (RFC 3986 §2.1), character references of HTML, and escapes of JSON, C,
//! Python and Rust.

use super::utf8;

/// The longest escape that is read, and the longest reference: `&ZeroWidthSpace;`.
const LONGEST: usize = 16;

/// Named character references of HTML (WHATWG, section 13.5) that stand for ASCII or for nothing.
const NAMES: &[(&[u8], char)] = &[
    (b"NewLine", '\n'),
    (b"Tab", '\t'),
    (b"ZeroWidthSpace", '\u{200b}'),
    (b"amp", '&'),
    (b"apos", '\''),
    (b"ast", '*'),
    (b"bsol", '\\'),
    (b"colon", ':'),
    (b"comma", ','),
    (b"commat", '@'),
    (b"dollar", '$'),
    (b"emsp", ' '),
    (b"ensp", ' '),
    (b"equals", '='),
    (b"excl", '!'),
    (b"gt", '>'),
    (b"lbrack", '['),
    (b"lcub", '{'),
    (b"lowbar", '_'),
    (b"lpar", '('),
    (b"lsqb", '['),
    (b"lt", '<'),
    (b"nbsp", ' '),
    (b"num", '#'),
    (b"percnt", '%'),
    (b"period", '.'),
    (b"plus", '+'),
    (b"quest", '?'),
    (b"quot", '"'),
    (b"rbrack", ']'),
    (b"rcub", '}'),
    (b"rpar", ')'),
    (b"rsqb", ']'),
    (b"semi", ';'),
    (b"shy", '\u{ad}'),
    (b"sol", '/'),
    (b"thinsp", ' '),
    (b"verbar", '|'),
    (b"zwj", '\u{200d}'),
    (b"zwnj", '\u{200c}'),
];

/// The escaped character that `text` begins with, and the length of the escape.
pub fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let text = text.get(..text.len().min(LONGEST)).unwrap_or_default();
    match text {
        [b'%', digit, ..] if digit.is_ascii_hexdigit() => percent(text),
        [b'&', rest @ ..] if rest.first().is_some_and(|next| *next == b'#' || next.is_ascii_alphabetic()) => {
            reference(rest).map(|(character, len)| (character, len + 1))
        }
        [b'\\', rest @ ..] => backslash(rest).map(|(character, len)| (character, len + 1)),
        _ => None,
    }
}

/// Whether an escape that stands for `character`, and with which `escape` begins, is none that ordinary text writes: a
/// printable character that nobody needs to escape, or that separates a label from its value.
pub fn is_telling(escape: &[u8], character: char) -> bool {
    match escape {
        // In a URL, but not the space that is its most common escape.
        [b'%', ..] | [b'&', b'#', ..] => character.is_ascii_graphic(),
        // But neither the quotation mark behind a backslash nor another backslash.
        [b'\\', ..] => {
            let kind = escape.iter().take(LONGEST).find(|byte| **byte != b'\\');
            kind.is_some_and(u8::is_ascii_alphanumeric) && character.is_ascii_graphic() && character != '\\'
        }
        // Markup that is shown, and spaces that do not break.
        [b'&', ..] => character.is_ascii_graphic() && !matches!(character, '&' | '<' | '>'),
        _ => false,
    }
}

/// `%41`, or the escapes of all bytes of one character.
fn percent(text: &[u8]) -> Option<(char, usize)> {
    let byte = |index: usize| match text.get(3 * index..3 * index + 3) {
        Some([b'%', digits @ ..]) => u8::try_from(number(digits, 16)?).ok(),
        _ => None,
    };
    let bytes = [byte(0)?, byte(1).unwrap_or(0), byte(2).unwrap_or(0), byte(3).unwrap_or(0)];
    let (character, len) = utf8::first(&bytes)?;
    is_text(character).then_some((character, 3 * len))
}

/// `#65;`, `#x41;` or `name;`. Browsers read a number without a semicolon, too.
fn reference(text: &[u8]) -> Option<(char, usize)> {
    let (radix, digits) = match text {
        [b'#', b'x' | b'X', digits @ ..] => (16, digits),
        [b'#', digits @ ..] => (10, digits),
        name => {
            let end = memchr::memchr(b';', name)?;
            let index = NAMES.binary_search_by_key(&name.get(..end)?, |(name, _)| name).ok()?;
            return NAMES.get(index).map(|(_, character)| (*character, end + 1));
        }
    };
    let len = digits.iter().take_while(|digit| char::from(**digit).is_digit(radix)).count();
    let end = text.len() - digits.len() + len;
    let code = number(digits.get(..len)?, radix)?;
    let len = end + usize::from(text.get(end) == Some(&b';'));
    char::from_u32(code).filter(|character| is_text(*character)).map(|character| (character, len))
}

/// What follows a backslash. JSON inside JSON has several in front of a number; they count as one.
fn backslash(text: &[u8]) -> Option<(char, usize)> {
    let more = text.iter().take_while(|byte| **byte == b'\\').count();
    if let Some(number @ [b'u' | b'x', ..]) = text.get(more..)
        && more > 0
        && let Some((character, len)) = backslash(number)
    {
        return Some((character, more + len));
    }
    let of = |digits: Option<&[u8]>| number(digits?, 16);
    let (code, len) = match text {
        [b'n', ..] => (0xa, 1),
        [b'r', ..] => (0xd, 1),
        [b't', ..] => (0x9, 1),
        // Octal, as in C and in shells; others are bytes of longer characters.
        [b'0' | b'1', b'0'..=b'7', b'0'..=b'7', ..] => (number(text.get(..3)?, 8)?, 3),
        [b'"' | b'\'' | b'/' | b'\\', ..] => return text.first().map(|byte| (char::from(*byte), 1)),
        [b'x', ..] => (of(text.get(1..3))?, 3),
        [b'u', b'{', rest @ ..] => {
            let end = memchr::memchr(b'}', rest)?;
            (of(rest.get(..end))?, end + 3)
        }
        [b'u', ..] => match of(text.get(1..5))? {
            high @ 0xd800..=0xdbff => {
                let slashes = text.iter().skip(5).take_while(|byte| **byte == b'\\').count();
                let second =
                    text.get(5 + slashes..).filter(|second| slashes > 0 && second.first() == Some(&b'u'))?;
                let low = of(second.get(1..5))?;
                let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                (0x10000 + ((high - 0xd800) << 10) + low, 10 + slashes)
            }
            code => (code, 5),
        },
        [b'U', ..] => (of(text.get(1..9))?, 9),
        _ => return None,
    };
    char::from_u32(code).filter(|character| is_text(*character)).map(|character| (character, len))
}

/// Digits of the longest number: `&#0000000105;`.
const MAX_DIGITS: usize = 10;

/// A number of at least one digit.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let value = |digit: &u8| char::from(*digit).to_digit(radix);
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| number.checked_mul(radix)?.checked_add(value(digit)?))
}

fn is_text(character: char) -> bool {
    !character.is_control() || matches!(character, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_notation() {
        for (text, character) in [
            ("%41", 'A'),
            ("%ef%BC%a1", 'Ａ'),
            ("&#65;", 'A'),
            ("&#x0041;", 'A'),
            ("&commat;", '@'),
            ("&ZeroWidthSpace;", '\u{200b}'),
            (r"\u0041", 'A'),
            (r"\u{41}", 'A'),
            (r"\x41", 'A'),
            (r"\U0001d400", '𝐀'),
            (r"\ud835\udc00", '𝐀'),
            (r"\\ud835\\udc00", '𝐀'),
            (r"\n", '\n'),
            (r"\/", '/'),
            (r"\\\u5ffd", '忽'),
            (r"\101", 'A'),
            ("&#0000000065;", 'A'),
        ] {
            assert_eq!(escaped(text.as_bytes()), Some((character, text.len())), "{text}");
            assert_eq!(escaped(format!("{text}41;").as_bytes()).unwrap().0, character, "{text}");
        }
        assert_eq!(escaped(b"&#65&#66 "), Some(('A', 4)));
        assert_eq!(escaped(b"&#x41 b"), Some(('A', 5)));
        for text in [
            "%4",
            "%zz",
            "%c3",
            "%00",
            "&#;",
            "&#x110000;",
            "&nope;",
            "&amp",
            "&#",
            r"\q",
            r"\u004",
            r"\ud835x",
        ] {
            assert_eq!(escaped(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn names_are_sorted_and_fit() {
        assert!(NAMES.is_sorted_by(|left, right| left.0 < right.0));
        assert!(NAMES.iter().all(|(name, _)| name.len() + 2 <= LONGEST));
    }
}
