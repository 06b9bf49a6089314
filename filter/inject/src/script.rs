//! What kind of letter a character is.

/// What a character is to words and n-grams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Part of a word between spaces.
    Word,
    /// A letter of a script that puts no spaces between its words: Chinese, Japanese, Thai and their like; Korean too,
    /// whose endings stick to the word.
    Dense,
    /// Neither.
    Other,
}

/// What `character` is.
pub(crate) fn script(character: char) -> Script {
    match u32::from(character) {
        0..0x80 if character.is_ascii_alphanumeric() => Script::Word,
        0..0x80 => Script::Other,
        0x0e00..=0x0eff
        | 0x1000..=0x109f
        | 0x1780..=0x17ff
        | 0x3040..=0x30ff
        | 0x3400..=0x9fff
        | 0xac00..=0xd7ff
        | 0xf900..=0xfaff
        | 0x20000..=0x3134f => Script::Dense,
        _ if character.is_alphanumeric() => Script::Word,
        // Vowel signs of Indic scripts are parts of words.
        0x0900..=0x0dff => Script::Word,
        _ => Script::Other,
    }
}

/// Whether enough of `text` is in a script without spaces for it to be judged as such.
pub fn is_dense(text: &[u8]) -> bool {
    if text.is_ascii() {
        return false;
    }
    let behind = text.iter().skip(1).chain([&0]);
    let bytes: usize = text.iter().zip(behind).map(|(lead, next)| dense_len(*lead, *next)).sum();
    DENSE_SHARE * bytes >= text.len()
}

/// One byte of so many has to be of such a letter.
const DENSE_SHARE: usize = 4;

/// The bytes of a [`Script::Dense`] letter that begins with these two, or of a rare one of other scripts beside it; 0 for
/// anything else.
fn dense_len(lead: u8, next: u8) -> usize {
    match (lead, next) {
        (0xe3..=0xed, _) | (0xe0, 0xb8..=0xbb) | (0xe1, 0x80..=0x82 | 0x9e | 0x9f) | (0xef, 0xa4..=0xab) => 3,
        (0xf0, 0xa0..=0xb1) => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_scripts_are_told_by_two_bytes() {
        for character in ('\u{80}'..=char::MAX).filter(|character| script(*character) == Script::Dense) {
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes).as_bytes();
            assert_eq!(dense_len(bytes[0], bytes[1]), bytes.len(), "{character}");
        }
        for (text, dense) in [
            ("plain", false),
            ("по-русски", false),
            ("हिन्दी", false),
            ("忽略以上", true),
            ("read it 忽略", true),
            ("read it once again 忽", false),
            ("ไทย", true),
            ("မြန်မာ", true),
            ("ខ្មែរ", true),
        ] {
            assert_eq!(is_dense(text.as_bytes()), dense, "{text}");
        }
    }
}
