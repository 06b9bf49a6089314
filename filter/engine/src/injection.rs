//! Prompt injection in texts of a request.
//!
//! The detector gives scores; what they mean is decided by the policy and the slot. A conversation comes again with every
//! turn, so texts in which nothing was found are remembered by a keyed hash and cost nothing the next time.

mod scaffolding;

use crate::decide;
use crate::known::Known;
use crate::limits::MAX_EXPLAINED;
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
    known: Known,
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
        slot: Slot,
        action: Disposition,
        text: &[u8],
    ) -> Option<Suspicion> {
        if action == Disposition::Allow {
            return None;
        }
        if slot == Slot::User
            && let Some((said, added)) = scaffolding::apart(text)
        {
            let said = self.judge_part(cache, slot, action, &said);
            let added = self.judge_part(cache, slot, action.min(Disposition::Mark), &added);
            let (score, disposition) = (said.score.max(added.score), said.disposition.max(added.disposition));
            // Their places are not those of the text.
            let whole = Place { span: 0..text.len(), score, technique: None };
            let places = Vec::from_iter(Some(whole).filter(|_| disposition > Disposition::Allow));
            return Some(Suspicion { score, disposition, places });
        }
        Some(self.judge_part(cache, slot, action, text))
    }

    /// Judges a text that one writer wrote.
    fn judge_part(
        &self,
        cache: &mut InjectionCache,
        slot: Slot,
        action: Disposition,
        text: &[u8],
    ) -> Suspicion {
        let writer = if slot == Slot::User { Writer::User } else { Writer::Other };
        let print = cache.known.print(writer, text);
        if print.is_some_and(|print| cache.known.has(print)) {
            return Suspicion { score: 0, disposition: Disposition::Allow, places: Vec::new() };
        }
        let outcome = self.detector.look(&mut cache.scratch, text, writer);
        let act = if writer == Writer::User { self.act_on_user } else { self.act };
        let score = outcome.score;
        let disposition = if score >= act {
            action
        } else if score >= self.mark {
            Disposition::Mark
        } else {
            if let Some(print) = print {
                cache.known.add(print);
            }
            return Suspicion { score, disposition: Disposition::Allow, places: Vec::new() };
        };
        Suspicion { score, disposition, places: self.places(&outcome) }
    }

    /// What carries the score of a place in `text`.
    pub(crate) fn explain(&self, text: &[u8], place: &Range<usize>) -> Vec<(String, i8)> {
        let mut found = self.detector.explain(text, place);
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
