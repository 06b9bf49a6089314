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
pub(crate) fn is_dense(text: &[u8]) -> bool {
    if text.is_ascii() {
        return false;
    }
    let leads = text.iter().filter(|byte| (0xe3..=0xed).contains(*byte)).count();
    DENSE_SHARE * 3 * leads >= text.len()
}

/// One byte of so many has to be of such a letter.
const DENSE_SHARE: usize = 4;
