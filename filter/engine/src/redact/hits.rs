//! The values in a text of a request, found or known from an earlier turn.

use super::collect::Text;
use super::nested::{self, Part};
use super::{Redaction, RequestError, slice, unescaped};
use crate::engine::Site;
use crate::known::Print;
use crate::limits::MAX_KNOWN_FOUND;
use crate::protocol::Form;
use crate::text::locate;
use aegis_policy::{Direction, Disposition, Slot};
use aegis_scanner::{RuleIndex, TooManyMatches};
use std::ops::Range;

/// A value in a text.
pub(super) struct Hit {
    pub(super) rule: RuleIndex,
    /// In the text.
    pub(super) span: Range<u64>,
    /// The value, if it is not what stands there.
    pub(super) value: Option<Vec<u8>>,
    /// A number, whose placeholder must be quoted to keep the document valid.
    pub(super) quoted: bool,
    /// What the policy says about it, if that is not what it says about its rule.
    pub(super) disposition: Option<Disposition>,
}

/// A value that stands in a text as it is.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    rule: RuleIndex,
    span: Range<u64>,
}

// === impl Hit ===

impl From<Found> for Hit {
    fn from(Found { rule, span }: Found) -> Hit {
        Hit { rule, span, value: None, quoted: false, disposition: None }
    }
}

// === impl Redaction ===

impl Redaction<'_> {
    /// The values in what `text` says, in order. `before` is what stands in front of it, `place` its print there.
    pub(super) fn hits(
        &mut self,
        before: &[u8],
        decoded: &[u8],
        text: &Text,
        place: Option<Print>,
    ) -> Result<Vec<Hit>, RequestError> {
        // What a token's own fields keep from being found is found for another token.
        let place = place.filter(|_| self.keys.is_empty());
        let known = place.and_then(|place| self.caches.found.get(place));
        let mut hits = match known {
            Some(found) => found.into_iter().map(Hit::from).collect(),
            None => self.new_hits(before, decoded, text, place)?,
        };
        if self.vault.seals() && !hits.is_empty() {
            let sealed = self.sealed(decoded)?;
            hits.retain(|hit| !is_inside(&sealed, &hit.span));
        }
        Ok(hits)
    }

    /// The same of a text that is not known; from now on it is.
    fn new_hits(
        &mut self,
        before: &[u8],
        decoded: &[u8],
        text: &Text,
        place: Option<Print>,
    ) -> Result<Vec<Hit>, RequestError> {
        let found = self.detect(before, decoded, text.slot)?;
        let mut hits: Vec<Hit> = found.iter().cloned().map(Hit::from).collect();
        // A value that does not stand there as it is would have to be kept.
        let mut is_plain = true;
        // Tool results are JSON as often as arguments are.
        let escaped = || memchr::memchr(b'\\', decoded).is_some();
        if text.form == Form::Json || (nested::looks_like_document(decoded) && escaped()) {
            let inner = self.nested_hits(decoded, text.form, text.slot)?;
            is_plain = inner.is_empty();
            // What is found in the decoded string is right; what its plain text shows may be cut by an escape sequence.
            if !inner.is_empty() {
                hits.retain(|hit| !overlaps(&inner, &hit.span));
                hits.extend(inner);
                hits.sort_by_key(|hit| hit.span.start);
            }
        }
        match place {
            Some(place) if hits.is_empty() => self.caches.clean.add(place, ()),
            Some(place) if is_plain && found.len() <= MAX_KNOWN_FOUND => self.caches.found.add(place, found),
            _ => {}
        }
        Ok(hits)
    }

    /// Where placeholders stand that the vault knows. What is sealed is long, and something in it may look like a value.
    fn sealed(&mut self, text: &[u8]) -> Result<Vec<Range<u64>>, RequestError> {
        let mut found = Vec::new();
        let (scanner, cache) = (&self.engine.placeholders, &mut self.caches.placeholders);
        scanner
            .scan(cache, text, self.vault, &mut self.budget, &mut found)
            .map_err(|TooManyMatches| RequestError::TooMany)?;
        Ok(found.into_iter().map(|one| one.start..one.end).collect())
    }

    /// The values in those parts of a JSON document that its plain text does not show as they are.
    fn nested_hits(&mut self, text: &[u8], form: Form, slot: Slot) -> Result<Vec<Hit>, RequestError> {
        let mut hits = Vec::new();
        // What is no document after all has been read as plain text.
        let Ok(parts) = nested::parts(text) else { return Ok(hits) };
        let before = |at: u64| usize::try_from(at).ok().and_then(|at| text.get(..at)).unwrap_or_default();
        for part in parts {
            match part {
                Part::Escaped(at, raw) => {
                    let decoded = unescaped(raw);
                    let found = self.detect(before(at), &decoded, slot)?;
                    let spans: Vec<Range<u64>> = found.iter().map(|one| one.span.clone()).collect();
                    for (one, span) in found.into_iter().zip(locate(raw, at, &spans)) {
                        let value = slice(&decoded, &one.span).map(<[u8]>::to_vec);
                        hits.push(Hit { rule: one.rule, span, value, quoted: false, disposition: None });
                    }
                }
                Part::Number(at, raw) if form == Form::Json => {
                    // All of the number is replaced, so the strongest of what is found in it counts; of equals the first.
                    let found = self.detect(before(at), raw, slot)?;
                    let action = |rule| self.engine.disposition(Direction::Request, slot, rule);
                    if let Some(one) = found.iter().rev().max_by_key(|one| action(one.rule)) {
                        let span = at..at + raw.len() as u64;
                        let rule = one.rule;
                        hits.push(Hit { rule, span, value: None, quoted: true, disposition: None });
                    }
                }
                Part::Number(..) => {}
            }
        }
        Ok(hits)
    }

    fn detect(&mut self, before: &[u8], text: &[u8], slot: Slot) -> Result<Vec<Found>, RequestError> {
        let mut found = Vec::new();
        let site = Site { direction: Direction::Request, slot, before, keys: self.keys };
        self.engine
            .detect(self.caches, site, text, &mut self.budget, &mut found)
            .map_err(|TooManyMatches| RequestError::TooMany)?;
        Ok(found.into_iter().map(|one| Found { rule: one.rule, span: one.value..one.end }).collect())
    }
}

/// Whether one of `spans`, which are sorted and disjoint, holds all of `span`.
fn is_inside(spans: &[Range<u64>], span: &Range<u64>) -> bool {
    let next = spans.partition_point(|outer| outer.end < span.end);
    spans.get(next).is_some_and(|outer| outer.start <= span.start)
}

/// Whether `span` overlaps any of `hits`, which are sorted and disjoint.
pub(super) fn overlaps(hits: &[Hit], span: &Range<u64>) -> bool {
    let next = hits.partition_point(|hit| hit.span.end <= span.start);
    hits.get(next).is_some_and(|hit| hit.span.start < span.end)
}
