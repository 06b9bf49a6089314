//! Prompt injection in texts of a request.
//!
//! The detector gives scores; what they mean is decided by the policy and the slot. A conversation comes again with every
//! turn, so texts are remembered by a keyed hash and cost nothing the next time: those in which nothing was found, and of
//! the few others what it was.

mod scaffolding;

use crate::decide;
use crate::limits::{MAX_EXPLAINED, MAX_KNOWN_PLACES, MAX_KNOWN_SUSPECTS, MAX_KNOWN_TEXTS, MIN_KNOWN};
use aegis_inject::{Cause, Detector, LoadError, Outcome, Scratch, Writer};
use aegis_policy::{CompiledPolicy, Confidence, Direction, Disposition, Rule, Severity, Slot};
use aegis_scanner::RuleIndex;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
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

/// Texts that were judged: the last ones, and those before them.
#[derive(Debug, Default)]
struct Known {
    keys: RandomState,
    young: HashSet<u64>,
    old: HashSet<u64>,
    /// The few in which something was found, and which of them makes room for the next.
    suspects: Vec<(u64, Judged)>,
    oldest: usize,
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
        let hash = (text.len() >= MIN_KNOWN).then(|| cache.known.hash(writer, text));
        if hash.is_some_and(|hash| cache.known.has(hash)) {
            return Suspicion { score: 0, disposition: Disposition::Allow, places: Vec::new() };
        }
        let known = hash.and_then(|hash| cache.known.suspect(hash));
        let Judged { score, places } = known.unwrap_or_else(|| {
            let outcome = self.detector.look(&mut cache.scratch, text, writer);
            let judged = Judged { score: outcome.score, places: self.places(&outcome) };
            if let Some(hash) = hash {
                if judged.score < self.mark {
                    cache.known.add(hash);
                } else {
                    cache.known.add_suspect(hash, &judged);
                }
            }
            judged
        });
        let act = if writer == Writer::User { self.act_on_user } else { self.act };
        let disposition = if score >= act {
            action
        } else if score >= self.mark {
            Disposition::Mark
        } else {
            return Suspicion { score, disposition: Disposition::Allow, places: Vec::new() };
        };
        Suspicion { score, disposition, places }
    }

    /// Bytes that the detector takes, with what a worker keeps in `cache`.
    pub(crate) fn size(&self, cache: &InjectionCache) -> usize {
        self.detector.size() + cache.scratch.size() + cache.known.size()
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

// === impl Known ===

impl Known {
    fn hash(&self, writer: Writer, text: &[u8]) -> u64 {
        self.keys.hash_one((writer, text))
    }

    /// Bytes that it takes: a table has a byte beside each place, and an eighth of the places stays free.
    fn size(&self) -> usize {
        let table = |set: &HashSet<u64>| set.capacity() * 8 / 7 * (size_of::<u64>() + 1);
        let places: usize = self.suspects.iter().map(|(_, one)| one.places.capacity()).sum();
        table(&self.young)
            + table(&self.old)
            + self.suspects.capacity() * size_of::<(u64, Judged)>()
            + places * size_of::<Place>()
    }

    fn has(&mut self, hash: u64) -> bool {
        let known = self.young.contains(&hash) || self.old.contains(&hash);
        if known {
            self.add(hash);
        }
        known
    }

    fn add(&mut self, hash: u64) {
        if self.young.len() >= MAX_KNOWN_TEXTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash);
    }

    fn suspect(&self, hash: u64) -> Option<Judged> {
        self.suspects.iter().find(|(known, _)| *known == hash).map(|(_, judged)| judged.clone())
    }

    /// What has too many places is judged again.
    fn add_suspect(&mut self, hash: u64, judged: &Judged) {
        if judged.places.len() > MAX_KNOWN_PLACES {
            return;
        }
        let new = (hash, judged.clone());
        if self.suspects.len() < MAX_KNOWN_SUSPECTS {
            self.suspects.push(new);
        } else if let Some(place) = self.suspects.get_mut(self.oldest) {
            *place = new;
            self.oldest = (self.oldest + 1) % MAX_KNOWN_SUSPECTS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_last_is_kept() {
        let mut known = Known::default();
        for hash in 0..MAX_KNOWN_TEXTS as u64 * 5 {
            known.add(hash);
            assert!(known.has(0), "{hash}");
            assert!(known.young.len() + known.old.len() <= 2 * MAX_KNOWN_TEXTS);
        }
        assert!(!known.has(1));
    }

    #[test]
    fn suspects_are_kept_with_what_was_found() {
        let mut known = Known::default();
        let place = Place { span: 3..9, score: 60, technique: None };
        for hash in 0..MAX_KNOWN_SUSPECTS as u64 * 5 {
            let places = vec![place.clone(); usize::try_from(hash).unwrap() % (2 * MAX_KNOWN_PLACES)];
            known.add_suspect(hash, &Judged { score: 60, places: places.clone() });
            let found = known.suspect(hash).map(|judged| judged.places);
            assert_eq!(found, Some(places).filter(|places| places.len() <= MAX_KNOWN_PLACES), "{hash}");
            assert!(known.suspects.len() <= MAX_KNOWN_SUSPECTS);
        }
        assert!(known.suspect(1).is_none());
    }

    #[test]
    fn a_known_text_is_known_for_its_writer_only() {
        let known = Known::default();
        assert_ne!(known.hash(Writer::User, b"text"), known.hash(Writer::Other, b"text"));
    }
}
