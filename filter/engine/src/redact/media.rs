//! How a request body is written, and where its texts are.

use super::collect::{self, Text};
use super::multipart::{self, Boundary};
use super::{RequestError, form, text};
use crate::protocol::Protocol;
use crate::text::{escape_json, locate};
use aegis_policy::Slot;
use std::borrow::Cow;
use std::ops::Range;

/// How a request body is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// One JSON document.
    Json,
    /// Text, JSON lines included.
    Text,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/*`: form fields and files.
    Multipart(Boundary),
}

/// Why nothing is known of how a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Media, archives, or something that nobody knows.
    #[error("bodies of this type are neither text nor JSON")]
    Unreadable,
    /// Without a boundary there are no parts.
    #[error("the content-type of a multipart body needs exactly one boundary of 1 to 70 characters")]
    Boundary,
}

/// How a text is written where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Written {
    /// Between the quotes of a JSON string.
    Json,
    /// As it is.
    Plain,
    /// As a pair of a form.
    Form,
}

/// Bytes of a JSON string that stand for one byte of text at most: `\u0041` (RFC 8259 §7).
const MAX_ESCAPE: usize = 6;

/// Types beside `text/*` and `*+xml` that are text. `application/octet-stream` says nothing, so the bytes have to.
const TEXT_TYPES: &[&str] = &[
    "application/jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/x-ndjson",
    "application/ndjson",
    "application/json-seq",
    "application/octet-stream",
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
    "application/javascript",
    "application/sql",
    "application/graphql",
    "application/x-sh",
];

// === impl Media ===

impl Media {
    /// The media that a `content-type` announces; without one it is JSON.
    pub fn of_content_type(value: Option<&str>) -> Result<Media, MediaError> {
        let Some(value) = value else { return Ok(Media::Json) };
        let essence = essence(value);
        if is_json(&essence) || essence.is_empty() {
            Ok(Media::Json)
        } else if essence.starts_with("multipart/") {
            Boundary::of_content_type(value).map(Media::Multipart).ok_or(MediaError::Boundary)
        } else if essence == "application/x-www-form-urlencoded" {
            Ok(Media::Form)
        } else if is_text(&essence) {
            Ok(Media::Text)
        } else {
            Err(MediaError::Unreadable)
        }
    }

    /// The texts of `body`, in order.
    pub(super) fn texts(&self, protocol: Protocol, body: &[u8]) -> Result<Vec<Text>, RequestError> {
        match self {
            Media::Json => {
                text::utf8(body, 0)?;
                collect::texts(&protocol.schemas().request, body)
            }
            Media::Text => text::texts(body, 0..body.len(), Slot::User),
            Media::Form => form::texts(body),
            Media::Multipart(boundary) => multipart::texts(boundary, body),
        }
    }
}

/// Whether a media type without parameters, in lower case, is that of a JSON document.
pub(super) fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json") || essence == "text/json"
}

/// Whether a media type without parameters, in lower case, is that of text, or of anything.
fn is_text(essence: &str) -> bool {
    essence.starts_with("text/") || essence.ends_with("+xml") || TEXT_TYPES.contains(&essence)
}

/// The type and subtype of a `content-type`, in lower case.
pub(super) fn essence(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

// === impl Written ===

impl Written {
    /// The text that `raw` stands for.
    pub(super) fn read(self, raw: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Written::Json => super::unescaped(raw),
            Written::Plain => Cow::Borrowed(raw),
            Written::Form => form::decoded(raw),
        }
    }

    /// At least the first `len` bytes of the text that `raw` stands for, if it has so many.
    pub(super) fn begin(self, raw: &[u8], len: usize) -> Cow<'_, [u8]> {
        match self {
            // The last one may be half of a surrogate pair.
            Written::Json => {
                super::unescaped(raw.get(..len.saturating_add(1).saturating_mul(MAX_ESCAPE)).unwrap_or(raw))
            }
            Written::Plain | Written::Form => self.read(raw),
        }
    }

    /// At least the last `len` bytes of the text that `raw` stands for, if it has so many.
    pub(super) fn end(self, raw: &[u8], len: usize) -> Cow<'_, [u8]> {
        let far = raw.len().saturating_sub(len.saturating_mul(MAX_ESCAPE));
        // No escape sequence has a space in it, or a letter that is not ASCII, so the text can be read from one on.
        let begins = |byte: &u8| *byte == b' ' || *byte >= 0xc0;
        let start = raw.get(..far).and_then(|front| front.iter().rposition(begins));
        match (self, start) {
            (Written::Json, Some(start)) => super::unescaped(raw.get(start..).unwrap_or_default()),
            _ => self.read(raw),
        }
    }

    /// Where `spans` of the text of `raw`, which begins at offset `at`, stand. They are sorted and disjoint.
    pub(super) fn locate(self, raw: &[u8], at: u64, spans: &[Range<u64>]) -> Vec<Range<u64>> {
        match self {
            Written::Json => locate(raw, at, spans),
            Written::Plain => spans.iter().map(|span| at + span.start..at + span.end).collect(),
            Written::Form => form::locate(raw, at, spans),
        }
    }

    /// Appends `text` to `out` as it has to be written there.
    pub(super) fn write(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            Written::Json => escape_json(text, out),
            Written::Plain => out.extend_from_slice(text),
            Written::Form => form::encode(text, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_types_choose_the_media() {
        let media = |value| Media::of_content_type(Some(value));
        assert_eq!(Media::of_content_type(None), Ok(Media::Json));
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json", ""] {
            assert_eq!(media(json), Ok(Media::Json), "{json}");
        }
        for text in ["text/plain;charset=UTF-8", "application/x-ndjson", "image/svg+xml", "text/csv"] {
            assert_eq!(media(text), Ok(Media::Text), "{text}");
        }
        assert_eq!(media("application/x-www-form-urlencoded"), Ok(Media::Form));
        assert!(matches!(media("multipart/form-data; boundary=x"), Ok(Media::Multipart(_))));
        assert_eq!(media("multipart/form-data"), Err(MediaError::Boundary));
        for other in ["image/png", "audio/mpeg", "application/pdf", "application/zip", "nonsense"] {
            assert_eq!(media(other), Err(MediaError::Unreadable), "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_ends_are_those_of_the_text(text in r"([ab] |\\\\|\\n|\\u00e9|\\ud83d\\ude00|\\ud83d|ü){0,40}", len in 0_usize..12) {
            for written in [Written::Json, Written::Plain] {
                let (raw, whole) = (text.as_bytes(), written.read(text.as_bytes()));
                let (begin, end) = (written.begin(raw, len), written.end(raw, len));
                prop_assert_eq!(begin.get(..len.min(whole.len())), whole.get(..len.min(whole.len())));
                prop_assert!(whole.ends_with(&end) && end.len() >= len.min(whole.len()));
            }
        }
    }
}
