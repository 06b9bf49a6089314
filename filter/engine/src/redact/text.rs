//! Text that is no JSON string: bodies and files.

use super::RequestError;
use super::collect::{self, Text};
use super::media::Written;
use super::nested::looks_like_document;
use crate::limits::MAX_TEXTS;
use crate::protocol::{Form, Protocol};
use aegis_policy::Slot;
use std::ops::Range;

/// Checks that `bytes`, which begin at offset `at` of the body, are UTF-8.
pub(super) fn utf8(bytes: &[u8], at: usize) -> Result<(), RequestError> {
    let not_utf8 =
        |error: simdutf8::compat::Utf8Error| RequestError::NotUtf8((at + error.valid_up_to()) as u64);
    simdutf8::compat::from_utf8(bytes).map(|_| ()).map_err(not_utf8)
}

/// Checks that `bytes`, which begin at offset `at` of the body, are text. UTF-16 is UTF-8 with NULs in between, if it
/// holds nothing but ASCII, and nothing would be found in it.
pub(super) fn readable(bytes: &[u8], at: usize) -> Result<(), RequestError> {
    match memchr::memchr(0, bytes) {
        Some(nul) => Err(RequestError::NotUtf8((at + nul) as u64)),
        None => utf8(bytes, at),
    }
}

/// The texts of the text at `span` of `body`: its strings, if it is JSON or JSON lines, and otherwise all of it.
pub(super) fn texts(body: &[u8], span: Range<usize>, slot: Slot) -> Result<Vec<Text>, RequestError> {
    let whole = body.get(span.clone()).unwrap_or_default();
    readable(whole, span.start)?;
    // The byte order mark belongs to the file, not to the document in it.
    let mark = if whole.starts_with("\u{feff}".as_bytes()) { "\u{feff}".len() } else { 0 };
    let document = span.start + mark..span.end;
    if let Some(texts) = json(body, &document, slot)? {
        return Ok(texts);
    }
    if let Some(texts) = json_lines(body, &document, slot)? {
        return Ok(texts);
    }
    Ok(vec![plain(span, slot)])
}

/// All of `span` as one text.
pub(super) fn plain(span: Range<usize>, slot: Slot) -> Text {
    Text { span, slot, form: Form::Plain, keyed: false, written: Written::Plain, is_media: false }
}

/// The strings of the JSON document at `span`, if it is one.
pub(super) fn json(body: &[u8], span: &Range<usize>, slot: Slot) -> Result<Option<Vec<Text>>, RequestError> {
    let document = body.get(span.clone()).unwrap_or_default();
    if !looks_like_document(document) {
        return Ok(None);
    }
    let mut texts = match collect::texts(&Protocol::Generic.schemas().request, document) {
        Err(RequestError::NotJson(_)) => return Ok(None),
        texts => texts?,
    };
    for text in &mut texts {
        text.span = span.start + text.span.start..span.start + text.span.end;
        text.slot = slot;
    }
    Ok(Some(texts))
}

/// The strings of the JSON documents at `span`, one in each line that is not blank, if that is what it is.
fn json_lines(body: &[u8], span: &Range<usize>, slot: Slot) -> Result<Option<Vec<Text>>, RequestError> {
    let lines = body.get(span.clone()).unwrap_or_default();
    let mut texts = Vec::new();
    let mut start = span.start;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let at = start..start + line.len();
        start = at.end;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Some(more) = json(body, &at, slot)? else { return Ok(None) };
        if texts.len() + more.len() > MAX_TEXTS {
            return Err(RequestError::TooMany);
        }
        texts.extend(more);
    }
    Ok(Some(texts))
}
