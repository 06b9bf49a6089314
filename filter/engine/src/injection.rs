//! Prompt injection in texts of a request.
//!
//! The detector gives scores; what they mean is decided by the policy and the slot. A conversation comes again with every
//! turn, so texts are remembered by a keyed hash and cost nothing the next time: those in which nothing was found, and of
//! the few others what it was.

pub(crate) mod scaffolding;

use crate::decide;
use crate::known::{Known, Print, Printed, Prints};
use crate::limits::{MAX_EXPLAINED, MAX_KNOWN_PLACES, MAX_KNOWN_SUSPECTS, MAX_KNOWN_TEXTS};
use aegis_inject::{Cause, Detector, LoadError, Outcome, Scratch, Writer};
use aegis_policy::{CompiledPolicy, Confidence, Direction, Disposition, Rule, Severity, Slot};
use aegis_scanner::RuleIndex;
use std::ops::Range;
use std::sync::LazyLock;

/// The id of its rule.
pub(crate) const RULE: &str = "prompt-injection";

/// The family that it is alone in.
pub(crate) const FAMILY: &str = "injection";

/// What stands in place of an order in something that somebody else wrote. It fits into JSON, CSV and markup.
pub(crate) const NOTICE: &str =
    "[UNTRUSTED_CONTENT_START] [REDACTED:prompt-injection] [UNTRUSTED_CONTENT_END]";

/// One for all engines: no policy changes it.
static DETECTOR: LazyLock<Result<Detector, LoadError>> = LazyLock::new(Detector::new);

/// Judges texts under one policy.
#[derive(Debug)]
pub(crate) struct Injections {
    detector: &'static Detector,
    rule: RuleIndex,
    mark: u8,
    act: u8,
    act_on_user: u8,
}

/// What a worker keeps between texts.
#[derive(Debug, Default)]
pub(crate) struct InjectionCache {
    scratch: Scratch,
    /// Texts in which nothing was found …
    harmless: Known<(), MAX_KNOWN_TEXTS>,
    /// … and others.
    suspects: Known<Judged, MAX_KNOWN_SUSPECTS>,
}

/// What was found in a text.
#[derive(Debug, Clone)]
struct Judged {
    score: u8,
    places: Vec<Place>,
}

/// What a text looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// 0 to 100.
    pub score: u8,
    /// What happens to the text.
    pub disposition: Disposition,
    /// Where, in order and disjoint. Empty if nothing happens.
    pub places: Vec<Place>,
}

/// A place that carries the score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// 0 to 100.
    pub score: u8,
    /// The technique whose rule found it; `None` if the model did.
    pub technique: Option<&'static str>,
}

/// The rule that findings have. What it finds is not told by a pattern.
pub(crate) fn rule() -> Rule {
    Rule {
        id: RULE.to_owned(),
        kind: "INJECTION".to_owned(),
        family: FAMILY.to_owned(),
        description: "An order to the model from somebody who has none to give.".to_owned(),
        source: "OWASP LLM01:2025".to_owned(),
        label: None,
        behind: None,
        pattern: String::new(),
        cap: 0,
        validator: None,
        directions: vec![Direction::Request],
        slots: aegis_policy::Injection::SLOTS.to_vec(),
        action: Disposition::Mark,
        replacement: Some(NOTICE.to_owned()),
        outside_code: false,
        severity: Severity::High,
        confidence: Confidence::High,
        matches: Vec::new(),
        no_matches: Vec::new(),
    }
}

/// Who wrote what stands in `slot`.
fn writer(slot: Slot) -> Writer {
    if slot == Slot::User { Writer::User } else { Writer::Other }
}

// === impl InjectionCache ===

impl InjectionCache {
    /// Whether nothing was found in the text with this print in `slot`.
    pub(crate) fn has(&mut self, prints: &Prints, slot: Slot, print: Print) -> bool {
        self.harmless.get(prints.at(print, writer(slot))).is_some()
    }
}

// === impl Suspicion ===

impl Suspicion {
    /// Nothing was found.
    const NONE: Suspicion = Suspicion { score: 0, disposition: Disposition::Allow, places: Vec::new() };
}

// === impl Injections ===

impl Injections {
    /// Under `policy`, with the rule at index `rule`.
    pub(crate) fn new(policy: &CompiledPolicy, rule: RuleIndex) -> Result<Injections, crate::EngineError> {
        let detector = DETECTOR.as_ref().map_err(crate::EngineError::Injection)?;
        let [mark, act, act_on_user] = decide::injection_scores(policy);
        Ok(Injections { detector, rule, mark, act, act_on_user })
    }

    pub(crate) fn rule(&self) -> RuleIndex {
        self.rule
    }

    /// Judges `text` in `slot`, where `action` happens to attacks.
    pub(crate) fn judge(
        &self,
        cache: &mut InjectionCache,
        prints: &Prints,
        slot: Slot,
        action: Disposition,
        text: Printed<'_>,
    ) -> Option<Suspicion> {
        if action == Disposition::Allow {
            return None;
        }
        if text.print.is_some_and(|print| cache.has(prints, slot, print)) {
            return Some(Suspicion::NONE);
        }
        let writer = writer(slot);
        let print = text.print.map(|print| prints.at(print, writer));
        let apart = if writer == Writer::User { scaffolding::apart(text.text) } else { None };
        let seen = match apart {
            None => self.judge_part(cache, writer, action, text.text, print),
            Some((said, added)) => {
                let mut part = |part: &[u8], action| {
                    let print = prints.of(part).map(|print| prints.at(print, writer));
                    self.judge_part(cache, writer, action, part, print)
                };
                let (said, added) = (part(&said, action), part(&added, action.min(Disposition::Mark)));
                let (score, disposition) =
                    (said.score.max(added.score), said.disposition.max(added.disposition));
                // Their places are not those of the text.
                let whole = Place { span: 0..text.text.len(), score, technique: None };
                let places = Vec::from_iter(Some(whole).filter(|_| disposition > Disposition::Allow));
                Suspicion { score, disposition, places }
            }
        };
        if seen.disposition == Disposition::Allow
            && let Some(print) = print
        {
            cache.harmless.add(print, ());
        }
        Some(seen)
    }

    /// Judges a text that one writer wrote.
    fn judge_part(
        &self,
        cache: &mut InjectionCache,
        writer: Writer,
        action: Disposition,
        text: &[u8],
        print: Option<Print>,
    ) -> Suspicion {
        let known = print.and_then(|print| cache.suspects.get(print));
        let Judged { score, places } = known.unwrap_or_else(|| {
            let outcome = self.detector.look(&mut cache.scratch, text, writer);
            let judged = Judged { score: outcome.score, places: self.places(&outcome) };
            // What has too many places is judged again.
            if judged.score >= self.mark
                && judged.places.len() <= MAX_KNOWN_PLACES
                && let Some(print) = print
            {
                cache.suspects.add(print, judged.clone());
            }
            judged
        });
        let act = if writer == Writer::User { self.act_on_user } else { self.act };
        let disposition = if score >= act {
            action
        } else if score >= self.mark {
            Disposition::Mark
        } else {
            return Suspicion { score, ..Suspicion::NONE };
        };
        Suspicion { score, disposition, places }
    }

    /// Bytes that the detector takes, with what a worker keeps in `cache`.
    pub(crate) fn size(&self, cache: &InjectionCache) -> usize {
        let places = |judged: &Judged| judged.places.capacity() * size_of::<Place>();
        let known = cache.harmless.size(|()| 0) + cache.suspects.size(places);
        self.detector.size() + cache.scratch.size() + known
    }

    /// What carries the score of a place in `text`, which stands in `slot`.
    pub(crate) fn explain(&self, slot: Slot, text: &[u8], place: &Range<usize>) -> Vec<(String, i8)> {
        let mut found = self.detector.explain(text, place, writer(slot));
        found.truncate(MAX_EXPLAINED);
        found
    }

    /// Beside the place that decides also those that are only worth a mark: an order often goes on there.
    fn places(&self, outcome: &Outcome) -> Vec<Place> {
        let technique = |cause| match cause {
            Cause::Technique(index) => self.detector.technique(index).map(|rule| rule.id.as_str()),
            Cause::Model(_) => None,
        };
        let place = |hit: aegis_inject::Hit| Place {
            span: hit.span,
            score: hit.score,
            technique: technique(hit.cause),
        };
        outcome.places(self.mark).into_iter().map(place).collect()
    }
}
