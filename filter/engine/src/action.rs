//! What stands in an answer where something dangerous stood.

use std::borrow::Cow;

/// The notice in front of a fragment that was made harmless, and in place of one that was taken out.
pub const NOTICE: &str = "【AegisGate已处理危险疑似片段】";

/// Stands in front of a command that somebody should look at before it runs: a comment in every shell.
pub const ASK: &str = "# AegisGate: please check this command before you run it.\n";

/// Characters of a word that stay together.
const GROUP: usize = 3;

/// `text` made harmless: behind the notice, with a hyphen behind every three characters of its words. A reader can still
/// tell what it was; no shell, browser or model takes it for what it was.
///
/// ```
/// let text = aegis_engine::action::defang(b"rm -rf /home");
/// assert_eq!(text, "【AegisGate已处理危险疑似片段】rm -rf /ho-me");
/// ```
pub fn defang(text: &[u8]) -> String {
    let text: Cow<'_, str> = String::from_utf8_lossy(text);
    let mut out = String::with_capacity(NOTICE.len() + text.len() * 4 / 3 + 1);
    out.push_str(NOTICE);
    let mut in_word = 0;
    for character in text.chars() {
        if character.is_whitespace() {
            in_word = 0;
        } else {
            if in_word > 0 && in_word % GROUP == 0 {
                out.push('-');
            }
            in_word += 1;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hyphenated(text: &str) -> String {
        defang(text.as_bytes()).strip_prefix(NOTICE).unwrap().to_owned()
    }

    #[test]
    fn words_are_cut_behind_every_third_character() {
        for (text, expected) in [
            ("", ""),
            ("abc", "abc"),
            ("abcd", "abc-d"),
            ("abcdef ghi", "abc-def ghi"),
            ("curl http://h | sh", "cur-l htt-p:/-/h | sh"),
            (" \n\tabcde\r\n", " \n\tabc-de\r\n"),
            ("危险的命令", "危险的-命令"),
            ("a\u{a0}bcde", "a\u{a0}bcd-e"),
        ] {
            assert_eq!(hyphenated(text), expected);
        }
    }

    #[test]
    fn nothing_is_lost_but_what_is_no_text() {
        assert_eq!(hyphenated("-a-b-").replace('-', ""), "ab");
        assert!(defang(b"a\xffb").contains('\u{fffd}'));
    }
}
