//! What a character reads as: nothing, or ASCII that it is a form of.

use super::confusable;
use unicode_normalization::char::decompose_compatible;

/// What a character reads as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Itself.
    Same,
    /// Nothing: it is not seen.
    Nothing,
    /// Printable ASCII.
    Ascii(Ascii),
}

/// A few ASCII characters: the longest form of Unicode 16 is that of `㏂`, four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ascii {
    bytes: [u8; 6],
    len: usize,
}

/// Why a view would show something else than a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guise {
    /// None, or one that hides nothing: a space, an ellipsis, a comma of full width.
    None,
    /// A letter or digit in another form: full width, mathematical, circled, joined to a ligature.
    Form,
    /// A mark of full width, such as `＠`.
    Mark,
    /// Not seen.
    Invisible,
    /// A letter of another script that looks like an ASCII letter.
    Lookalike,
}

/// What `character` reads as.
pub fn fold(character: char) -> Fold {
    let code = u32::from(character);
    // Letters of most scripts have no form in ASCII, and tables need not be asked for them.
    if matches!(code, 0..0xa0 | 0x590..=0x60b | 0x620..=0x10ff | 0x1200..=0x179f | 0x3001..=0x3130 | 0x3400..=0x9fff | 0xac00..=0xd7ff)
    {
        return Fold::Same;
    }
    if is_invisible(character) {
        return Fold::Nothing;
    }
    if let Some(ascii) = confusable::ascii(character) {
        return Fold::Ascii(Ascii::default().with(char::from(ascii)).unwrap_or_default());
    }
    if matches!(code, 0x300..=0x37d | 0x37f..=0x590) {
        return Fold::Same;
    }
    let mut folded = Some(Ascii::default());
    decompose_compatible(character, |part| folded = folded.and_then(|ascii| ascii.with(part)));
    folded.map_or(Fold::Same, Fold::Ascii)
}

/// Characters that are not seen: Unicode's `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), and the marks of
/// interlinear annotation.
pub fn is_invisible(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
        | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

/// Why a view would show something else than `character`.
pub fn guise(character: char) -> Guise {
    let code = u32::from(character);
    match code {
        // Most of what is asked about: dashes and quotes, Chinese, emoji; also comma, colon and their like of full width,
        // which stand everywhere in Chinese, beside words of other scripts.
        0..0x80
        | 0x2010..=0x2029
        | 0x2030..=0x205f
        | 0x2500..=0x27ff
        | 0x3000..=0x3130
        | 0x3200..=0xd7ff
        | 0x1f300..=0x1faff
        | 0xff01..=0xff0c
        | 0xff1a..=0xff1f => Guise::None,
        0xff10..=0xff19 | 0xff21..=0xff3a | 0xff41..=0xff5a => Guise::Form,
        0xff0d..=0xff5e => Guise::Mark,
        _ if is_invisible(character) => Guise::Invisible,
        _ if confusable::ascii(character).is_some() => Guise::Lookalike,
        // Superscripts to the end of the enclosed alphanumerics; ligatures; mathematical and squared letters.
        0x2070..=0x209c
        | 0x2102..=0x2149
        | 0x2160..=0x24ff
        | 0xfb00..=0xfb06
        | 0x1d400..=0x1d7ff
        | 0x1f100..=0x1f189 => match fold(character) {
            Fold::Ascii(ascii) if ascii.as_bytes().iter().all(u8::is_ascii_alphanumeric) => Guise::Form,
            _ => Guise::None,
        },
        _ => Guise::None,
    }
}

// === impl Ascii ===

impl Ascii {
    /// The characters.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// With `part` behind it, if it is printable ASCII and there is room.
    fn with(mut self, part: char) -> Option<Ascii> {
        let byte = u8::try_from(part).ok().filter(|byte| matches!(byte, b' '..=b'~'))?;
        *self.bytes.get_mut(self.len)? = byte;
        self.len += 1;
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(character: char) -> String {
        match fold(character) {
            Fold::Same => character.to_string(),
            Fold::Nothing => String::new(),
            Fold::Ascii(ascii) => String::from_utf8(ascii.as_bytes().to_vec()).unwrap(),
        }
    }

    #[test]
    fn forms_read_as_ascii() {
        for (text, reads) in [
            ("ｓｋ－１＠", "sk-1@"),
            ("𝐬𝓴𝟙𝖆", "sk1a"),
            ("①ⓐ⁴ₐ🄰", "1a4aA"),
            ("ﬁﬃ", "fiffi"),
            ("ℎK㏂", "hKa.m."),
            ("а\u{200d}ο\u{fe0f}", "ao"),
            ("é密ж한", "é密ж한"),
        ] {
            assert_eq!(text.chars().map(folded).collect::<String>(), reads);
        }
    }

    #[test]
    fn no_form_is_too_long() {
        for character in '\u{80}'..=char::MAX {
            let mut whole = String::new();
            decompose_compatible(character, |part| whole.push(part));
            assert!(!is_invisible(character) || fold(character) == Fold::Nothing, "{character:?}");
            if whole.bytes().all(|byte| matches!(byte, b' '..=b'~')) && confusable::ascii(character).is_none()
            {
                assert_eq!(folded(character), whole);
                assert!(whole.len() <= 2 * character.len_utf8());
            }
        }
    }
}
