//! Bodies of HTML forms: <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>.

use super::RequestError;
use super::collect::Text;
use super::media::Written;
use super::text;
use crate::limits::MAX_TEXTS;
use crate::protocol::Form;
use aegis_policy::Slot;
use std::borrow::Cow;
use std::ops::Range;

/// The pairs of `body`, each a text `name=value`, so that a name can say what its value is.
pub(super) fn texts(body: &[u8]) -> Result<Vec<Text>, RequestError> {
    text::readable(body, 0)?;
    // `curl --data '{…}'` calls JSON a form, and whoever reads it knows better.
    if let Some(texts) = text::json(body, &(0..body.len()), Slot::User)? {
        return Ok(texts);
    }
    let mut texts = Vec::new();
    let mut start = 0;
    for pair in body.split(|byte| *byte == b'&') {
        let span = start..start + pair.len();
        start = span.end + 1;
        if texts.len() >= MAX_TEXTS {
            return Err(RequestError::TooMany);
        }
        text::readable(&decoded(pair), span.start)?;
        texts.push(Text {
            span,
            slot: Slot::User,
            form: Form::Plain,
            keyed: false,
            written: Written::Form,
            is_media: false,
        });
    }
    Ok(texts)
}

/// The next character of a pair and the length of its spelling.
fn next(raw: &[u8]) -> Option<(u8, usize)> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match raw {
        [b'+', ..] => Some((b' ', 1)),
        [b'%', high, low, ..] => Some(match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, 3),
            _ => (b'%', 1),
        }),
        [byte, ..] => Some((*byte, 1)),
        [] => None,
    }
}

/// The text of a pair; what stands there, if nothing in it is encoded.
pub(super) fn decoded(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'+', b'%', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, len)) = next(rest) {
        text.push(byte);
        rest = rest.get(len..).unwrap_or_default();
    }
    Cow::Owned(text)
}

/// Where `spans` of the text of `raw`, which begins at offset `at`, stand. They are sorted and disjoint.
pub(super) fn locate(raw: &[u8], at: u64, spans: &[Range<u64>]) -> Vec<Range<u64>> {
    let (mut text, mut place, mut rest) = (0, at, raw);
    let mut advance = |to: u64| {
        while text < to
            && let Some((_, len)) = next(rest)
        {
            text += 1;
            place += len as u64;
            rest = rest.get(len..).unwrap_or_default();
        }
        place
    };
    spans.iter().map(|span| advance(span.start)..advance(span.end)).collect()
}

/// Appends `text` to `out`, encoded to be part of a pair.
pub(super) fn encode(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*') {
            out.push(byte);
        } else {
            let digit = |value: u8| b"0123456789ABCDEF".get(usize::from(value)).copied().unwrap_or(b'0');
            out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_span_of_every_text() {
        let raw = b"a%40b+c%zz%2";
        let text = b"a@b c%zz%2";
        assert_eq!(&*decoded(raw), text);
        let places = [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        for start in 0..text.len() {
            for end in start..=text.len() {
                let span = start as u64..end as u64;
                assert_eq!(locate(raw, 100, &[span]), [100 + places[start]..100 + places[end]]);
            }
        }
        assert_eq!(locate(raw, 0, &[0..1, 1..2, 4..5]), [0..1, 1..4, 6..7]);
    }

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let text: Vec<u8> = (0..=255).collect();
        let mut raw = Vec::new();
        encode(&text, &mut raw);
        assert_eq!(&*decoded(&raw), text);
        assert!(raw.iter().all(u8::is_ascii_graphic));
    }
}
