//! Prompt injection among the findings of a request.

use super::Redaction;
use super::collect::Text;
use super::hits::{Hit, overlaps};
use super::media::Written;
use super::nested::looks_like_document;
use crate::injection::Suspicion;
use crate::injection::scaffolding;
use crate::known::{Print, Printed};
use crate::limits::{MIN_ORDER, SPLIT_REACH};
use crate::protocol::Protocol;
use aegis_policy::{Direction, Disposition, Slot};
use std::collections::BTreeMap;
use std::ops::Range;

/// What was seen in one request.
#[derive(Debug, Default)]
pub(super) struct Injected {
    /// Nobody follows what is only embedded.
    is_idle: bool,
    pub(super) scores: BTreeMap<Slot, u8>,
    /// How the last message of the user ends.
    end: Vec<u8>,
}

// === impl Injected ===

impl Injected {
    pub(super) fn new(protocol: Protocol) -> Injected {
        Injected { is_idle: protocol == Protocol::Embeddings, ..Injected::default() }
    }

    /// The last message with the next one, of which `raw` is how it is written, as far as they lie together. The next one
    /// takes its place.
    fn joined(&mut self, raw: &[u8], written: Written) -> Option<Vec<u8>> {
        let both = (!self.end.is_empty()).then(|| {
            let begin = written.begin(raw, SPLIT_REACH);
            let begin = begin.get(..begin.len().min(SPLIT_REACH)).unwrap_or_default();
            let mut both = [self.end.as_slice(), b" ", begin].concat();
            scaffolding::complete(&mut both);
            both
        });
        let end = written.end(raw, SPLIT_REACH);
        self.end.clear();
        self.end.extend(end.get(end.len().saturating_sub(SPLIT_REACH)..).unwrap_or_default());
        both
    }
}

// === impl Redaction ===

impl Redaction<'_> {
    /// An order that a user has split over the last message and this one, and that is acted on.
    pub(super) fn split_order(&mut self, raw: &[u8], text: &Text) -> Option<Suspicion> {
        let is_looked_at = text.slot == Slot::User && self.engine.looks_for_injection(text.slot);
        if !is_looked_at || self.injected.is_idle || is_role(raw) {
            return None;
        }
        let both = self.injected.joined(raw, text.written)?;
        let together = self.engine.injection(self.caches, text.slot, &both)?;
        (together.disposition > Disposition::Mark).then_some(together)
    }

    /// Whether no prompt injection was found in the text with this print when it was here before, or none is looked for.
    pub(super) fn is_known_as_harmless(&mut self, print: Print, slot: Slot) -> bool {
        if self.injected.is_idle || !self.engine.looks_for_injection(slot) {
            return true;
        }
        let known = self.caches.injection.has(&self.caches.prints, slot, print);
        if known {
            self.injected.scores.entry(slot).or_default();
        }
        known
    }

    /// Adds what looks like prompt injection in `text`, or in it and the message in front of it, to its `hits`, which stay
    /// sorted and disjoint.
    pub(super) fn add_injection(
        &mut self,
        printed: Printed<'_>,
        slot: Slot,
        split: Option<Suspicion>,
        hits: &mut Vec<Hit>,
    ) {
        let text = printed.text;
        if self.injected.is_idle || is_role(text) {
            return;
        }
        let Some(rule) = self.engine.injection_rule() else { return };
        let Some(mut seen) = self.engine.injection_in(self.caches, slot, printed) else { return };
        if let Some(split) = split.filter(|_| seen.disposition <= Disposition::Mark) {
            seen = Suspicion { places: Vec::new(), ..split };
        }
        // What another rule cuts out anyway, such as characters that are not seen, gives no orders any more.
        if !seen.places.is_empty() {
            seen.places.retain(|place| !self.is_cut_out(slot, hits, &place.span));
            if seen.places.is_empty() {
                return;
            }
        }
        let highest = self.injected.scores.entry(slot).or_default();
        *highest = seen.score.max(*highest);
        if seen.disposition == Disposition::Allow {
            return;
        }
        // What stands in two messages is all of this one.
        let mut spans: Vec<Range<usize>> = seen.places.into_iter().map(|place| place.span).collect();
        if spans.is_empty() {
            spans.push(0..text.len());
        }
        if looks_like_document(text) {
            spans = spans.iter().flat_map(|span| strings(text, span)).collect();
        }
        let injected = spans.into_iter().map(|span| Hit {
            rule,
            span: span.start as u64..span.end as u64,
            value: None,
            quoted: false,
            disposition: Some(seen.disposition),
        });
        let injected: Vec<Hit> = injected.collect();
        if seen.disposition == Disposition::Mark {
            // What stays does not keep a secret in it from being taken out.
            let (marked, _): (Vec<Hit>, Vec<Hit>) =
                injected.into_iter().partition(|hit| !overlaps(hits, &hit.span));
            hits.extend(marked);
        } else {
            hits.retain(|hit| !overlaps(&injected, &hit.span));
            hits.extend(injected);
        }
        hits.sort_by_key(|hit| hit.span.start);
    }

    /// Whether all of `span` of a text in `slot` goes with one of `hits`.
    fn is_cut_out(&self, slot: Slot, hits: &[Hit], span: &Range<usize>) -> bool {
        let action = |rule| self.engine.disposition(Direction::Request, slot, rule);
        let covers = |hit: &Hit| hit.span.start <= span.start as u64 && span.end as u64 <= hit.span.end;
        hits.iter().any(|hit| covers(hit) && action(hit.rule) == Disposition::Sanitize)
    }
}

/// Whether `text` is the name of a role, which stands between two messages and is none.
fn is_role(text: &[u8]) -> bool {
    matches!(text, b"user" | b"assistant" | b"system" | b"developer" | b"tool" | b"function" | b"model")
}

/// The parts of `span` of a JSON document that lie within its strings and are long enough for an order: the document
/// stays one.
fn strings(text: &[u8], span: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = span.start;
    let mut escaped = false;
    for at in span.clone() {
        let byte = text.get(at).copied().unwrap_or_default();
        if byte == b'"' && !escaped {
            found.push(start..at);
            start = at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    // A character that is escaped stays whole.
    found.push(start..if escaped { span.end.saturating_sub(1) } else { span.end });
    found.retain(|part| part.len() >= MIN_ORDER);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_stay_documents() {
        let text = br#"{"title": "a \"very\" long title", "n": 1, "body": "another long text"}"#;
        let parts: Vec<&[u8]> = strings(text, &(0..text.len())).into_iter().map(|part| &text[part]).collect();
        assert_eq!(parts, [&br#"a \"very\" long title"#[..], b"another long text"]);
        assert_eq!(strings(text, &(15..32)), [15..32]);
    }

    #[test]
    fn messages_are_joined_in_their_order() {
        let mut injected = Injected::default();
        assert_eq!(injected.joined(b"one", Written::Json), None);
        assert_eq!(injected.joined(br"t\u0077o", Written::Json).as_deref(), Some(&b"one two"[..]));
        assert_eq!(injected.joined(b"three", Written::Plain).as_deref(), Some(&b"two three"[..]));
    }
}
