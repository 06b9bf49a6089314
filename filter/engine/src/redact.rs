//! Redaction of a whole request body.

mod collect;
mod nested;

use crate::engine::{Caches, Engine};
use crate::framing::json::JsonError;
use crate::placeholder::Vault;
use crate::protocol::{Form, Protocol};
use crate::splice::Splice;
use crate::text::{OffsetMap, Unescaper};
use aegis_policy::{Direction, Slot};
use aegis_scanner::{Match, RuleIndex};
use collect::Text;

/// The outcome of redacting a request.
#[derive(Debug)]
pub struct Redacted {
    /// The new body; `None` if there was nothing to change.
    pub body: Option<Vec<u8>>,
    /// What was found. Holds no text.
    pub findings: Vec<Finding>,
}

/// One finding, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: RuleIndex,
    /// Where it was.
    pub slot: Slot,
    /// Length of the found value in bytes.
    pub len: u64,
}

/// Why a request cannot be read. What cannot be read cannot be redacted, so it must not be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not UTF-8.
    #[error("not valid UTF-8 at byte {0}")]
    NotUtf8(u64),
    /// Not JSON.
    #[error(transparent)]
    NotJson(#[from] JsonError),
}

/// The state of one redaction.
struct Redaction<'a> {
    engine: &'a Engine,
    caches: &'a mut Caches,
    vault: &'a mut Vault,
    splice: Splice,
    findings: Vec<Finding>,
    matches: Vec<Match>,
}

/// Replaces everything that the request rules find in `body` by placeholders and puts the values into `vault`.
pub fn redact_request(
    engine: &Engine,
    caches: &mut Caches,
    protocol: Protocol,
    body: &[u8],
    vault: &mut Vault,
) -> Result<Redacted, RequestError> {
    std::str::from_utf8(body).map_err(|error| RequestError::NotUtf8(error.valid_up_to() as u64))?;
    let texts = collect::texts(&protocol.schemas().request, body)?;
    let mut redaction = Redaction {
        engine,
        caches,
        vault,
        splice: Splice::default(),
        findings: Vec::new(),
        matches: Vec::new(),
    };
    for text in texts {
        redaction.redact(body, &text);
    }
    let Redaction { mut splice, findings, .. } = redaction;
    let body = splice.is_edited().then(|| {
        let mut out = Vec::with_capacity(body.len());
        splice.push(body);
        splice.release(body.len() as u64, &mut out);
        out
    });
    Ok(Redacted { body, findings })
}

// === impl Redaction ===

impl Redaction<'_> {
    fn redact(&mut self, body: &[u8], text: &Text) {
        let Some(raw) = body.get(text.span.clone()) else { return };
        if is_data_uri(raw) {
            return;
        }
        let base = text.span.start as u64;
        // Without a backslash the text is what stands there, and most strings have none.
        if memchr::memchr(b'\\', raw).is_none() {
            let mut map = OffsetMap::default();
            map.push_literal(0, base, raw.len() as u64);
            self.redact_text(raw, text.form, text.slot, &map);
        } else {
            let (mut decoded, mut map, mut unescaper) =
                (Vec::with_capacity(raw.len()), OffsetMap::default(), Unescaper::default());
            unescaper.push(raw, base, &mut decoded, &mut map);
            unescaper.finish(&mut decoded, &mut map);
            self.redact_text(&decoded, text.form, text.slot, &map);
        }
    }

    /// `map` leads from offsets in `text` to offsets in the body.
    fn redact_text(&mut self, text: &[u8], form: Form, slot: Slot, map: &OffsetMap) {
        match form {
            Form::Json if self.redact_document(text, slot, map) => {}
            _ => self.redact_plain(text, slot, map),
        }
    }

    /// Redacts the strings of a JSON document that is itself the text of a string. `false` if it is none.
    fn redact_document(&mut self, text: &[u8], slot: Slot, outer: &OffsetMap) -> bool {
        let Ok(strings) = nested::strings(text) else { return false };
        for (at, raw) in strings {
            let (mut decoded, mut inner, mut unescaper) =
                (Vec::new(), OffsetMap::default(), Unescaper::default());
            unescaper.push(raw, at, &mut decoded, &mut inner);
            unescaper.finish(&mut decoded, &mut inner);
            self.redact_plain(&decoded, slot, &inner.through(outer));
        }
        true
    }

    fn redact_plain(&mut self, text: &[u8], slot: Slot, map: &OffsetMap) {
        self.matches.clear();
        self.engine.detect(self.caches, Direction::Request, slot, text, &mut self.matches);
        for found in &self.matches {
            let (Ok(start), Ok(end)) = (usize::try_from(found.value), usize::try_from(found.end)) else {
                continue;
            };
            let (Some(value), Some(rule)) = (text.get(start..end), self.engine.rule(found.rule)) else {
                continue;
            };
            let placeholder = self.vault.placeholder(&rule.kind, value);
            let mut replacement = placeholder.into_bytes();
            for run in map.raw_runs(found.value..found.end) {
                self.splice.replace(run, std::mem::take(&mut replacement));
            }
            self.findings.push(Finding { rule: found.rule, slot, len: found.end - found.value });
        }
    }
}

/// Images and other media as data URIs (RFC 2397) are no text.
fn is_data_uri(raw: &[u8]) -> bool {
    let head = raw.get(..raw.len().min(128)).unwrap_or_default();
    head.starts_with(b"data:") && memchr::memmem::find(head, b";base64,").is_some()
}

#[cfg(test)]
mod tests;
