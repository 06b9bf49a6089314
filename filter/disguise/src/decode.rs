//! Runs of characters in which a text is encoded: base64 (of UTF-16, too), base32, hexadecimal, rot13.

use super::map::View;
use super::utf8;
use crate::limits::MIN_ENCODED;
use std::ops::Range;

/// Bytes of the shortest decoded text. Of runs that encode random bytes, one in thirty thousand begins with as many.
const MIN_TEXT: usize = 12;

/// The longest run that is read as rot13: tokens, not images.
const MAX_ROTATED: usize = 512;

/// How credentials begin whose letters may be rotated; what else rot13 hides is not looked for.
const ROTATED: [&[u8]; 28] = [
    b"sk-",
    b"pk-",
    b"rk-",
    b"ghp_",
    b"gho_",
    b"ghu_",
    b"ghs_",
    b"ghr_",
    b"github_pat_",
    b"glpat-",
    b"AKIA",
    b"ASIA",
    b"xoxb-",
    b"xoxp-",
    b"xapp-",
    b"AIza",
    b"eyJ",
    b"hf_",
    b"gsk_",
    b"npm_",
    b"pypi-",
    b"dop_v1_",
    b"shpat_",
    b"SG.",
    b"glsa_",
    b"lin_api_",
    b"xai-",
    b"pplx-",
];

/// What the encoded runs in the run of `text` at `run` hold, each as a view of `text`.
///
/// A run may begin with something else, such as the path in front of the last part of a URL: every part is tried.
pub fn views(text: &[u8], run: Range<usize>) -> Vec<View> {
    let mut found = Vec::new();
    let mut start = run.start;
    while let Some(rest) = text.get(start..run.end).filter(|rest| rest.len() >= MIN_ENCODED) {
        found.extend(rotated(start, rest));
        // As numbers of many languages begin.
        if let [b'0', b'x' | b'X', ..] = rest {
            start += 2;
            continue;
        }
        let decoded = if may_be_hexadecimal(rest) { hexadecimal(start, rest) } else { None };
        let decoded = decoded.or_else(|| if may_be_base64(rest) { base64(start, rest) } else { None });
        let decoded = decoded.or_else(|| utf16(start, rest)).or_else(|| base32(start, rest));
        // Behind what was decoded, or behind the next mark.
        let next = match &decoded {
            Some((_, len)) => Some(*len),
            None => rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).map(|mark| mark + 1),
        };
        found.extend(decoded.map(|(view, _)| view));
        match next {
            Some(len) => start += len,
            None => break,
        }
    }
    found
}

/// Whether the first bytes of `run` may be text in hexadecimal digits.
fn may_be_hexadecimal(run: &[u8]) -> bool {
    run.iter().take(MIN_ENCODED).all(u8::is_ascii_hexdigit)
        && run.iter().take(MIN_ENCODED).step_by(2).all(|high| !matches!(high, b'1' | b'8' | b'9'))
}

/// Whether the first bytes of `run` may be text in base64: no control character in the first of each three, which the
/// first six bits already show, nor what continues a character in the very first.
fn may_be_base64(run: &[u8]) -> bool {
    let high = |at: usize| run.get(at).and_then(|byte| sextet(*byte));
    high(0).is_some_and(|bits| (bits & 0x38 != 0 || bits == 2) && !(0x20..0x30).contains(&bits))
        && [4, 8, 12].iter().all(|at| high(*at).is_some_and(|bits| bits & 0x38 != 0 || bits == 2))
}

/// The text that `run`, which stands at `at`, holds in base64, and how much of it.
fn base64(at: usize, run: &[u8]) -> Option<(View, usize)> {
    let mut text = Decoded::default();
    for group in run.chunks(4) {
        let bytes = three(group)?;
        if !text.push(bytes.get(..group.len() - 1).unwrap_or_default()) {
            break;
        }
    }
    text.view(at, (3, 4))
}

/// The text that `run`, which stands at `at`, holds in base64 of UTF-16LE, as a shell of Windows takes its commands, if it
/// is ASCII; and how much of it.
fn utf16(at: usize, run: &[u8]) -> Option<(View, usize)> {
    // Of the first five bytes the second and the fourth are zero, and so is the highest bit of the others.
    if !matches!(run, [_, b'A' | b'Q' | b'g' | b'w', b'A' | b'B', _, b'A', ..]) {
        return None;
    }
    let mut text = Decoded::default();
    for group in run.chunks_exact(8) {
        let bits = group.iter().try_fold(0u64, |bits, byte| Some(bits << 6 | u64::from(sextet(*byte)?)));
        let Some([_, _, one, 0, two, 0, three, 0]) = bits.map(u64::to_be_bytes) else { break };
        if !text.push(&[one, two, three]) {
            break;
        }
    }
    text.view(at, (3, 8))
}

/// The text that `run`, which stands at `at`, holds in base32 (RFC 4648 §6), and how much of it.
fn base32(at: usize, run: &[u8]) -> Option<(View, usize)> {
    let mut text = Decoded::default();
    for group in run.chunks(8) {
        let five = |byte: u8| match byte {
            b'A'..=b'Z' => Some(byte - b'A'),
            b'2'..=b'7' => Some(byte - b'2' + 26),
            _ => None,
        };
        let bits = group.iter().try_fold(0u64, |bits, byte| Some(bits << 5 | u64::from(five(*byte)?)));
        let Some(bits) = bits else { break };
        let bytes = (bits << (64 - 5 * group.len())).to_be_bytes();
        if !text.push(bytes.get(..5 * group.len() / 8).unwrap_or_default()) {
            break;
        }
    }
    text.view(at, (5, 8))
}

/// The letters that `word` stands for in base64, padded and all.
pub fn word(word: &[u8]) -> Option<Vec<u8>> {
    let len = word.iter().position(|byte| *byte == b'=').unwrap_or(word.len());
    let (letters, padding) = word.split_at(len);
    if len < 2
        || !word.len().is_multiple_of(4)
        || padding.len() > 2
        || padding.iter().any(|byte| *byte != b'=')
    {
        return None;
    }
    let mut bytes = Vec::new();
    for group in letters.chunks(4) {
        bytes.extend_from_slice(three(group)?.get(..group.len() - 1).unwrap_or_default());
    }
    let is_text = std::str::from_utf8(&bytes).is_ok_and(|text| {
        text.chars()
            .all(|one| one.is_alphanumeric() || matches!(one, '.' | ',' | '!' | '?' | ':' | ';' | '\'' | '-'))
    });
    is_text.then_some(bytes)
}

/// The text that `run`, which stands at `at`, holds in hexadecimal digits, and how much of it.
fn hexadecimal(at: usize, run: &[u8]) -> Option<(View, usize)> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut text = Decoded::default();
    for pair in run.chunks_exact(2) {
        let byte = pair.iter().try_fold(0, |byte, next| Some(byte << 4 | digit(*next)?));
        if !byte.is_some_and(|byte| text.push(&[byte])) {
            break;
        }
    }
    text.view(at, (1, 2))
}

/// Bytes that were decoded, as long as they are text.
#[derive(Default)]
struct Decoded {
    bytes: Vec<u8>,
    /// Bytes up to here are whole characters.
    whole: usize,
}

impl Decoded {
    /// Appends `bytes`; `false` if they end what is text.
    fn push(&mut self, bytes: &[u8]) -> bool {
        let printable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r') || !byte.is_ascii();
        if !bytes.iter().all(printable) {
            return false;
        }
        self.bytes.extend_from_slice(bytes);
        match std::str::from_utf8(self.bytes.get(self.whole..).unwrap_or_default()) {
            Ok(text) => self.whole += text.len(),
            Err(error) => {
                self.whole += error.valid_up_to();
                return error.error_len().is_none();
            }
        }
        true
    }

    /// A view of the text that stands at `at` in units of `unit`, and how much of it the text is, if it is long enough.
    fn view(mut self, at: usize, unit: (u8, u8)) -> Option<(View, usize)> {
        self.bytes.truncate(self.whole);
        if self.bytes.len() < MIN_TEXT {
            return None;
        }
        let len = self.bytes.len().div_ceil(usize::from(unit.0)) * usize::from(unit.1);
        let mut view = View::default();
        view.decode(at, unit, &self.bytes);
        Some((view, len))
    }
}

/// The bytes, one fewer than there are letters, that up to four letters of base64 stand for; zeros behind them.
fn three(group: &[u8]) -> Option<[u8; 4]> {
    let bits = group.iter().try_fold(0u32, |bits, byte| Some(bits << 6 | u32::from(sextet(*byte)?)))?;
    Some((bits << (32 - 6 * group.len())).to_be_bytes())
}

/// The six bits that `byte` stands for in either alphabet (RFC 4648 §4 and §5).
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// `run`, which stands at `at`, with its letters rotated back, if it begins as a credential then.
fn rotated(at: usize, run: &[u8]) -> Option<View> {
    // Without the memory of the letters that credentials begin with, every run would be compared with all of them.
    let first = run.first().map(|byte| rotate(*byte))?;
    if run.len() > MAX_ROTATED
        || !matches!(first, b'A' | b'S' | b'd'..=b'h' | b'l' | b'n' | b'p' | b'r' | b's' | b'x')
    {
        return None;
    }
    let begins = |prefix: &&[u8]| prefix.iter().zip(run).all(|(plain, byte)| rotate(*byte) == *plain);
    if !ROTATED.iter().any(begins) {
        return None;
    }
    let mut view = View::default();
    view.decode(at, (1, 1), &run.iter().map(|byte| rotate(*byte)).collect::<Vec<u8>>());
    Some(view)
}

/// `byte` in rot13, which is its own inverse.
pub fn rotate(byte: u8) -> u8 {
    match byte {
        b'A'..=b'M' | b'a'..=b'm' => byte + 13,
        b'N'..=b'Z' | b'n'..=b'z' => byte - 13,
        _ => byte,
    }
}

/// Bytes of a tag character.
const TAG: u8 = 4;

/// The shortest text of tag characters that is read: longer than the one of any flag.
const MIN_TAGS: usize = 8;

/// Bytes between two tag characters of one text, at most: a few letters, behind each of which some are hidden.
const MAX_BETWEEN_TAGS: usize = 16;

/// What tag characters (Unicode 16, section 23.9) spell in ASCII, whether they stand side by side or between letters.
pub fn tags(text: &[u8]) -> Vec<View> {
    let mut found = Vec::new();
    let (mut view, mut end) = (View::default(), 0);
    let mut take = |view: &mut View| {
        let one = std::mem::take(view);
        found.extend(Some(one).filter(|one| one.bytes.len() >= MIN_TAGS));
    };
    for start in memchr::memmem::find_iter(text, b"\xf3\xa0") {
        let Some(spelt) = text.get(start..).and_then(tag) else { continue };
        // The flags of England, Scotland and Wales spell something, too.
        let mut tags = text.get(start..).unwrap_or_default().chunks(BLACK_FLAG.len()).take(MAX_FLAG);
        let flag = text.get(..start).is_some_and(|before| before.ends_with(BLACK_FLAG))
            && tags.any(|tag| tag == CANCEL_TAG);
        if start > end + MAX_BETWEEN_TAGS || flag {
            take(&mut view);
        }
        view.decode(start, (1, TAG), &[spelt]);
        end = start + usize::from(TAG);
    }
    take(&mut view);
    found
}

/// The emoji behind which tag characters are a flag (UTS #51, annex C).
const BLACK_FLAG: &[u8] = "\u{1f3f4}".as_bytes();
/// What ends a flag, and tags of the longest one with that.
const CANCEL_TAG: &[u8] = "\u{e007f}".as_bytes();
const MAX_FLAG: usize = 7;

/// The ASCII character that a tag character stands for.
fn tag(bytes: &[u8]) -> Option<u8> {
    let (character, _) = utf8::first(bytes)?;
    let ascii = u32::from(character).checked_sub(0xe0000)?;
    u8::try_from(ascii).ok().filter(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

    const HIDDEN: &[u8] = b"write to joe.doe@corp.example?>~\xc3\xa9";

    fn decoded(text: &str) -> Vec<Vec<u8>> {
        crate::run::runs(text.as_bytes())
            .flat_map(|run| views(text.as_bytes(), run))
            .map(|view| view.bytes)
            .collect()
    }

    #[test]
    fn reads_every_encoding_behind_anything() {
        for encoded in [
            BASE64.encode(HIDDEN),
            BASE64URL_NOPAD.encode(HIDDEN),
            HEXLOWER.encode(HIDDEN),
            HEXUPPER.encode(HIDDEN),
        ] {
            for before in ["", "x=", "https://host/a/path-of_it/", "\u{5bc6}", "data:text/plain;base64,"] {
                assert_eq!(decoded(&format!("{before}{encoded}\"")), [HIDDEN], "{before}{encoded}");
            }
        }
    }

    #[test]
    fn reads_rarer_encodings() {
        let said = b"the keys are under the green mat";
        for encoded in [BASE32_NOPAD.encode(said), format!("0x{}", HEXLOWER.encode(said))] {
            assert_eq!(decoded(&encoded), [said], "{encoded}");
        }
        for said in [
            "the keys are under the green mat",
            "I have left them there for you",
            "A car is at the door as well",
        ] {
            let wide: Vec<u8> = said.bytes().flat_map(|byte| [byte, 0]).collect();
            let encoded = BASE64.encode(&wide);
            let whole = encoded.trim_end_matches('=').len() / 8 * 3;
            assert_eq!(decoded(&encoded), [said.as_bytes().get(..whole).unwrap()], "{encoded}");
            let view = views(encoded.as_bytes(), 0..encoded.len()).remove(0);
            assert_eq!(view.source(&(3..6)), Some(8..16));
        }
        assert_eq!(word(b"Z2FyZGVu").as_deref(), Some(b"garden".as_slice()));
        assert_eq!(word(b"Y2Fy").as_deref(), Some(b"car".as_slice()));
        assert_eq!(word(b"aG91c2U=").as_deref(), Some(b"house".as_slice()));
        assert_eq!([word(b"rule"), word(b"x==="), word(b"=")], [None, None, None]);
    }

    #[test]
    fn what_is_no_text_is_left() {
        for text in [
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
            "shouldComponentUpdateWithProperties",
            "src/components/navigation/header",
            "12345678901234567890123456789012",
            "550e8400-e29b-41d4-a716-446655440000",
            "----------------------------------------",
            "////////////////////////////////////////",
        ] {
            assert!(decoded(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn rotated_credentials_are_turned_back() {
        assert_eq!(decoded("tuc_0nO1pQ2rS3tU4vW5xY6z"), [b"ghp_0aB1cD2eF3gH4iJ5kL6m"]);
        assert!(decoded("tup_0nO1pQ2rS3tU4vW5xY6z").is_empty());
    }

    #[test]
    fn tags_spell_ascii() {
        let hidden: String =
            "sk-hidden".bytes().filter_map(|byte| char::from_u32(0xe0000 + u32::from(byte))).collect();
        let views = tags(format!("ab{hidden}cd").as_bytes());
        assert_eq!(views.iter().map(|view| view.bytes.as_slice()).collect::<Vec<_>>(), [b"sk-hidden"]);
        assert_eq!(views[0].source(&(0..9)), Some(2..38));
        let apart: Vec<String> = hidden.chars().map(|tag| format!("a{tag}")).collect();
        let views = tags(format!("{}{}", apart.concat(), "b".repeat(40)).as_bytes());
        assert_eq!(views.iter().map(|view| view.bytes.as_slice()).collect::<Vec<_>>(), [b"sk-hidden"]);
        assert_eq!(views[0].source(&(0..9)), Some(1..45));
        let flag = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        assert!(tags(flag.repeat(9).as_bytes()).is_empty());
        let flags: Vec<String> = hidden.chars().map(|tag| format!("\u{1f3f4}{tag}")).collect();
        assert_eq!(tags(flags.concat().as_bytes()).len(), 1, "no flags without an end");
    }
}
