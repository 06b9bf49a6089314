//! Redaction of a whole request body.

mod blob;
mod collect;
mod form;
mod hits;
mod injected;
mod media;
mod multipart;
mod nested;
mod text;
mod trust;

pub(crate) use hits::Found;
pub use media::{Media, MediaError};
pub use multipart::{Boundary, MultipartError, MultipartProblem};

use crate::engine::{Caches, Engine};
use crate::framing::json::JsonError;
use crate::injection;
use crate::known::Printed;
use crate::leak;
use crate::limits::{MAX_FINDINGS, MAX_MESSAGES, MAX_TEXTS};
use crate::placeholder::Vault;
use crate::protocol::Protocol;
use crate::splice::Splice;
use crate::text::Unescaper;
use aegis_policy::{Direction, Disposition, Mode, Slot};
use aegis_scanner::{Budget, RuleIndex};
use collect::Text;
use injected::Injected;
use media::Written;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// The outcome of redacting a request.
#[derive(Debug)]
pub struct Redacted {
    /// The new body; `None` if there was nothing to change.
    pub body: Option<Vec<u8>>,
    /// What was found. Holds no text.
    pub findings: Vec<Finding>,
    /// How much each slot looks like prompt injection, of 100, where anything was looked for.
    pub injection: BTreeMap<Slot, u8>,
    /// The strongest thing that was done.
    pub action: Disposition,
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
    /// What the policy says about it; in shadow mode, what would have been done.
    pub disposition: Disposition,
}

/// Why a request cannot be redacted. What cannot be redacted must not be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not UTF-8, or a NUL where there is text.
    #[error("not valid UTF-8 text at byte {0}")]
    NotUtf8(u64),
    /// Not JSON.
    #[error(transparent)]
    NotJson(#[from] JsonError),
    /// Not a multipart body.
    #[error(transparent)]
    Multipart(#[from] MultipartError),
    /// More messages than any conversation has.
    #[error("more than {MAX_MESSAGES} messages")]
    TooManyMessages,
    /// More than a worker's memory has room for.
    #[error("more than {MAX_TEXTS} strings or {MAX_FINDINGS} values to redact")]
    TooMany,
    /// The policy refuses what was found. Its words say no more, because the answer must not explain how to get around it.
    #[error("the policy refuses what the request contains")]
    Blocked(Finding),
}

/// The state of one redaction.
struct Redaction<'a> {
    engine: &'a Engine,
    caches: &'a mut Caches,
    vault: &'a mut Vault,
    /// Of fields whose values stay.
    keys: &'a [String],
    splice: Splice,
    findings: Vec<Finding>,
    budget: Budget,
    injected: Injected,
}

/// Does to the JSON document `body` what [`redact_body`] does to any.
pub fn redact_request(
    engine: &Engine,
    caches: &mut Caches,
    protocol: Protocol,
    body: &[u8],
    vault: &mut Vault,
) -> Result<Redacted, RequestError> {
    redact_body(engine, caches, protocol, &Media::Json, body, vault, &[])
}

/// Does to `body` what the policy says: replaces what the rules find by placeholders, puts the values into `vault`, or
/// cuts them out. In shadow mode it only reports. The values of fields with the digests `keys` stay, see [`Site::keys`].
pub fn redact_body(
    engine: &Engine,
    caches: &mut Caches,
    protocol: Protocol,
    media: &Media,
    body: &[u8],
    vault: &mut Vault,
    keys: &[String],
) -> Result<Redacted, RequestError> {
    let texts = media.texts(protocol, body)?;
    let mut redaction = Redaction {
        engine,
        caches,
        vault,
        keys,
        splice: Splice::default(),
        findings: Vec::new(),
        budget: Budget::default(),
        injected: Injected::new(protocol),
    };
    for text in &texts {
        redaction.redact(body, text)?;
    }
    if redaction.vault.restores() {
        for text in texts.iter().filter(|text| trust::is_first_party(text.slot)) {
            let raw = body.get(text.span.clone()).unwrap_or_default();
            trust::named_hosts(redaction.vault, &text.written.read(raw));
        }
    }
    let Redaction { mut splice, findings, injected, .. } = redaction;
    let body = splice.is_edited().then(|| {
        let mut out = Vec::with_capacity(body.len());
        splice.push(body);
        splice.release(body.len() as u64, &mut out);
        out
    });
    let strongest = findings.iter().map(|finding| finding.disposition).max().unwrap_or(Disposition::Allow);
    let action = if engine.mode() == Mode::Shadow { Disposition::Allow } else { strongest };
    Ok(Redacted { body, findings, injection: injected.scores, action })
}

// === impl Redaction ===

impl Redaction<'_> {
    fn redact(&mut self, body: &[u8], text: &Text) -> Result<(), RequestError> {
        let Some(raw) = body.get(text.span.clone()) else { return Ok(()) };
        if blob::is_media(raw) || (text.is_media && blob::is_expected_media(raw)) {
            return Ok(());
        }
        // What a text says follows from how it is written, so what is known need not be read.
        let print = self.caches.prints.of(raw).map(|print| self.caches.prints.at(print, text.written));
        let before = body.get(..text.span.start).filter(|_| text.keyed).unwrap_or_default();
        // What stands in front may be a field whose values are allowed, so it would have to be known as well.
        let place = print.filter(|_| before.is_empty());
        let place = place.map(|print| self.caches.prints.at(print, (text.slot, text.form)));
        let is_clean = place.is_some_and(|place| self.caches.clean.get(place).is_some());
        // What the model gets to see is what it can repeat.
        let is_secret = self.engine.leak().is_some() && leak::is_confidential(text.slot);
        let split = self.split_order(raw, text);
        if is_clean
            && !is_secret
            && split.is_none()
            && print.is_some_and(|print| self.is_known_as_harmless(print, text.slot))
        {
            return Ok(());
        }
        let decoded = text.written.read(raw);
        let mut hits = if is_clean { Vec::new() } else { self.hits(before, &decoded, text, place)? };
        self.add_injection(Printed { text: &decoded, print }, text.slot, split, &mut hits);
        if self.findings.len() + hits.len() > MAX_FINDINGS {
            return Err(RequestError::TooMany);
        }
        let base = text.span.start as u64;
        let spans: Vec<Range<u64>> = hits.iter().map(|hit| hit.span.clone()).collect();
        let spans = match &decoded {
            Cow::Borrowed(_) => Written::Plain.locate(raw, base, &spans),
            Cow::Owned(_) => text.written.locate(raw, base, &spans),
        };
        let mut seen = 0;
        for (hit, span) in hits.into_iter().zip(spans) {
            let Some(rule) = self.engine.rule(hit.rule) else { continue };
            let value = hit.value.as_deref().or_else(|| slice(&decoded, &hit.span)).unwrap_or_default();
            let of_rule = || self.engine.disposition(Direction::Request, text.slot, hit.rule);
            let disposition = hit.disposition.unwrap_or_else(of_rule);
            let finding = Finding { rule: hit.rule, slot: text.slot, len: value.len() as u64, disposition };
            self.findings.push(finding);
            if self.engine.mode() == Mode::Shadow {
                continue;
            }
            let inserted = match disposition {
                // Nothing follows a request, so nothing in it can be defanged; policies that ask for it are refused.
                Disposition::Redact | Disposition::Defang => {
                    trust::own_hosts(self.vault, &decoded, &hit.span);
                    self.vault.placeholder(&rule.kind, value)
                }
                Disposition::Sanitize if hit.disposition.is_some() => injection::NOTICE.to_owned(),
                Disposition::Sanitize => String::new(),
                Disposition::Block => return Err(RequestError::Blocked(finding)),
                Disposition::Mark | Disposition::Allow => continue,
            };
            if is_secret {
                self.vault.keep_secret(slice(&decoded, &(seen..hit.span.start)).unwrap_or_default());
                self.vault.keep_secret(inserted.as_bytes());
                seen = hit.span.end;
            }
            let mut replacement = Vec::with_capacity(inserted.len());
            let quoted = if hit.quoted { format!("\"{inserted}\"") } else { inserted };
            text.written.write(quoted.as_bytes(), &mut replacement);
            self.splice.replace(span, replacement);
        }
        if is_secret {
            self.vault.keep_secret(slice(&decoded, &(seen..decoded.len() as u64)).unwrap_or_default());
        }
        Ok(())
    }
}

/// The text of a JSON string; what stands there, if it has no escape sequence.
fn unescaped(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut unescaper = Unescaper::default();
    unescaper.push(raw, 0, &mut text, &mut ());
    unescaper.finish(&mut text, &mut ());
    Cow::Owned(text)
}

fn slice<'a>(text: &'a [u8], span: &Range<u64>) -> Option<&'a [u8]> {
    text.get(usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?)
}
