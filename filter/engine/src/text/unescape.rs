//! JSON string contents → text, in pieces that may be cut inside an escape sequence.

/// Length of `\uXXXX`, and of all others.
const UNICODE_ESCAPE: u64 = 6;
const SHORT_ESCAPE: u64 = 2;

/// Hears where decoded text comes from.
pub trait Origins {
    /// `len` bytes of text at `text` stand literally at `raw`.
    fn literal(&mut self, text: u64, raw: u64, len: u64);
    /// `text_len` bytes of text at `text` are the escape sequence of `raw_len` bytes at `raw`.
    fn escape(&mut self, text: u64, text_len: u64, raw: u64, raw_len: u64);
}

/// For those who do not care.
impl Origins for () {
    fn literal(&mut self, _text: u64, _raw: u64, _len: u64) {}
    fn escape(&mut self, _text: u64, _text_len: u64, _raw: u64, _raw_len: u64) {}
}

/// Decoder of JSON strings. It expects contents that the tokenizer has checked.
#[derive(Debug, Default)]
pub struct Unescaper {
    /// An escape sequence whose end has not come yet.
    open: Vec<u8>,
    open_at: u64,
    /// A high surrogate that waits for its partner.
    high: Option<HighSurrogate>,
    /// Length of the text so far.
    text: u64,
}

#[derive(Debug, Clone, Copy)]
struct HighSurrogate {
    code: u32,
    at: u64,
}

/// What an escape sequence stands for.
enum Escaped {
    Char(char),
    /// A UTF-16 code unit (`\uXXXX`), perhaps half of a pair.
    Unit(u32),
}

// === impl Unescaper ===

impl Unescaper {
    /// Decodes `raw`, which begins at offset `at`: appends text to `out` and tells `origins` where it comes from.
    pub fn push(&mut self, raw: &[u8], at: u64, out: &mut Vec<u8>, origins: &mut impl Origins) {
        let mut rest = raw;
        let mut at = at;
        while let Some((&byte, behind)) = rest.split_first() {
            if self.open.is_empty() && byte != b'\\' {
                self.end_surrogate(out, origins);
                let run = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
                let (literal, behind) = rest.split_at(run);
                out.extend_from_slice(literal);
                origins.literal(self.text, at, run as u64);
                self.text += run as u64;
                at += run as u64;
                rest = behind;
                continue;
            }
            if self.open.is_empty() {
                self.open_at = at;
                // Most escape sequences are `\n` or `\"`, and most are not cut.
                if self.high.is_none()
                    && let [_, letter, behind @ ..] = rest
                    && let Some(character) = short(*letter)
                {
                    self.emit(Some(character), at, SHORT_ESCAPE, out, origins);
                    at += SHORT_ESCAPE;
                    rest = behind;
                    continue;
                }
            }
            self.open.push(byte);
            at += 1;
            rest = behind;
            if let Some(escaped) = decode(&self.open) {
                self.end_escape(escaped, out, origins);
            }
        }
    }

    /// The text of `raw`, which begins at offset `at`, if it is the same bytes: nothing is open, and no escape sequence
    /// begins in it.
    pub(crate) fn literal<'a>(
        &mut self,
        raw: &'a [u8],
        at: u64,
        origins: &mut impl Origins,
    ) -> Option<&'a [u8]> {
        if self.open_at().is_some() || memchr::memchr(b'\\', raw).is_some() {
            return None;
        }
        origins.literal(self.text, at, raw.len() as u64);
        self.text += raw.len() as u64;
        Some(raw)
    }

    /// Ends a string. A surrogate without its partner becomes U+FFFD, as in every decoder that does not refuse it.
    pub fn finish(&mut self, out: &mut Vec<u8>, origins: &mut impl Origins) {
        self.end_surrogate(out, origins);
        self.open.clear();
    }

    /// Raw offset of an escape sequence or surrogate pair that is not complete.
    pub fn open_at(&self) -> Option<u64> {
        self.high.map(|high| high.at).or((!self.open.is_empty()).then_some(self.open_at))
    }

    fn end_escape(&mut self, escaped: Escaped, out: &mut Vec<u8>, origins: &mut impl Origins) {
        let (at, len) = (self.open_at, self.open.len() as u64);
        self.open.clear();
        match (escaped, self.high) {
            (Escaped::Unit(low @ 0xdc00..=0xdfff), Some(high)) => {
                self.high = None;
                let pair = 0x10000 + ((high.code - 0xd800) << 10) + (low - 0xdc00);
                self.emit(char::from_u32(pair), high.at, 2 * UNICODE_ESCAPE, out, origins);
            }
            (Escaped::Unit(code @ 0xd800..=0xdbff), _) => {
                self.end_surrogate(out, origins);
                self.high = Some(HighSurrogate { code, at });
            }
            (Escaped::Unit(code), _) => {
                self.end_surrogate(out, origins);
                self.emit(char::from_u32(code), at, len, out, origins);
            }
            (Escaped::Char(character), _) => {
                self.end_surrogate(out, origins);
                self.emit(Some(character), at, len, out, origins);
            }
        }
    }

    /// A high surrogate whose partner did not follow.
    fn end_surrogate(&mut self, out: &mut Vec<u8>, origins: &mut impl Origins) {
        if let Some(high) = self.high.take() {
            self.emit(None, high.at, UNICODE_ESCAPE, out, origins);
        }
    }

    fn emit(
        &mut self,
        decoded: Option<char>,
        at: u64,
        len: u64,
        out: &mut Vec<u8>,
        origins: &mut impl Origins,
    ) {
        let mut utf8 = [0; 4];
        let text = decoded.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut utf8).as_bytes();
        out.extend_from_slice(text);
        origins.escape(self.text, text.len() as u64, at, len);
        self.text += text.len() as u64;
    }
}

/// What a complete escape sequence stands for; `None` if more bytes must come.
fn decode(escape: &[u8]) -> Option<Escaped> {
    match escape {
        [b'\\', b'u', digits @ ..] => {
            let unit = |digits: &[u8]| {
                digits.iter().fold(0, |unit, digit| unit * 16 + char::from(*digit).to_digit(16).unwrap_or(0))
            };
            digits.get(..4).map(unit).map(Escaped::Unit)
        }
        [b'\\', letter] => short(*letter).map(Escaped::Char),
        _ => None,
    }
}

/// What a backslash and `letter` stand for; `None` if more bytes must come.
fn short(letter: u8) -> Option<char> {
    match letter {
        b'u' => None,
        b'b' => Some('\u{8}'),
        b'f' => Some('\u{c}'),
        b'n' => Some('\n'),
        b'r' => Some('\r'),
        b't' => Some('\t'),
        other => Some(char::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::OffsetMap;
    use super::*;
    use proptest::prelude::*;

    fn unescape(pieces: &[&[u8]]) -> (String, OffsetMap) {
        let (mut out, mut map, mut unescaper) = (Vec::new(), OffsetMap::default(), Unescaper::default());
        let mut at = 0;
        for piece in pieces {
            unescaper.push(piece, at, &mut out, &mut map);
            at += piece.len() as u64;
        }
        unescaper.finish(&mut out, &mut map);
        (String::from_utf8(out).unwrap(), map)
    }

    #[test]
    fn surrogates_pair_up_or_are_replaced() {
        for (raw, text) in [
            (r"a\ud83d\ude00b", "a😀b"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ud83d\n", "\u{fffd}\n"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\ude00", "\u{fffd}"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
        ] {
            for cut in 0..=raw.len() {
                let (head, tail) = raw.as_bytes().split_at(cut);
                assert_eq!(unescape(&[head, tail]).0, text, "{raw}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decodes_like_serde_json_and_maps_every_character(text in any::<String>(), cut in any::<prop::sample::Index>()) {
            let mut raw = Vec::new();
            for (index, character) in text.chars().enumerate() {
                if index % 3 == 0 {
                    let mut units = [0; 2];
                    for unit in character.encode_utf16(&mut units) {
                        raw.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                    }
                } else {
                    super::super::escape_json(character.to_string().as_bytes(), &mut raw);
                }
            }
            let (head, tail) = raw.split_at(cut.index(raw.len() + 1));
            let (decoded, map) = unescape(&[head, tail]);
            prop_assert_eq!(&decoded, &text);
            let mut raw_at = 0;
            for (at, character) in text.char_indices() {
                let runs = map.raw_runs(at as u64..(at + character.len_utf8()) as u64);
                prop_assert_eq!(runs.len(), 1);
                prop_assert_eq!(runs[0].start, raw_at, "characters lie behind each other");
                raw_at = runs[0].end;
            }
            prop_assert_eq!(raw_at, raw.len() as u64);
        }
    }
}
