//! The compiled engine: everything that a worker shares between exchanges.

use crate::catalogue::builtin_rules;
use crate::normalize::Looker;
use crate::placeholder;
use aegis_policy::{Direction, Rule, Slot, Validator};
use aegis_scanner::{
    Budget, Cache, Labels, Match, Pattern, RuleError, RuleIndex, RuleMask, RuleSet, Scanner, TooManyMatches,
};

/// The rules, compiled. Immutable; what changes while scanning is in [`Caches`].
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    validators: Vec<Option<Validator>>,
    labels: Labels,
    detector: Scanner,
    /// One set per slot, in the order of [`Slot::ALL`].
    request_masks: Vec<RuleSet>,
    response_masks: Vec<RuleSet>,
    pub(crate) placeholders: Scanner,
}

/// What is built lazily while scanning. One per worker, for one engine.
#[derive(Debug)]
pub struct Caches {
    pub(crate) detector: Cache,
    pub(crate) placeholders: Cache,
}

/// Why an engine cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A rule does not compile.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The configuration enables a rule that this engine does not have.
    #[error("unknown rule `{0}`: the filter module and the control plane may be of different versions")]
    UnknownRule(String),
    /// The embedded catalogue cannot be read: the module is damaged.
    #[error("the built-in rules cannot be read: {0}")]
    Catalogue(#[from] serde_json::Error),
}

// === impl Engine ===

impl Engine {
    /// An engine with these built-in rules enabled.
    pub fn new(enabled: &[String]) -> Result<Engine, EngineError> {
        let mut rules = builtin_rules()?;
        if let Some(unknown) = enabled.iter().find(|id| !rules.iter().any(|rule| rule.id == **id)) {
            return Err(EngineError::UnknownRule(unknown.clone()));
        }
        rules.retain(|rule| enabled.contains(&rule.id));
        let patterns: Vec<Pattern> = rules.iter().map(Pattern::from).collect();
        let masks =
            |direction| Slot::ALL.iter().map(|slot| RuleSet::acting(&rules, *slot, direction)).collect();
        Ok(Engine {
            request_masks: masks(Direction::Request),
            response_masks: masks(Direction::Response),
            validators: rules.iter().map(|rule| rule.validator).collect(),
            labels: Labels::new(&patterns)?,
            detector: Scanner::new(&patterns)?,
            placeholders: placeholder::scanner()?,
            rules,
        })
    }

    /// Caches for this engine.
    pub fn caches(&self) -> Caches {
        Caches { detector: self.detector.cache(), placeholders: self.placeholders.cache() }
    }

    /// The rule at `index`.
    pub fn rule(&self, index: RuleIndex) -> Option<&Rule> {
        self.rules.get(usize::from(index))
    }

    /// Appends to `found` what the rules find that act on text in `slot` travelling in `direction`.
    pub fn detect(
        &self,
        caches: &mut Caches,
        direction: Direction,
        slot: Slot,
        text: &[u8],
        budget: &mut Budget,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        let masks = match direction {
            Direction::Request => &self.request_masks,
            Direction::Response => &self.response_masks,
        };
        let Some(set) = masks.get(slot as usize) else { return Ok(()) };
        let mask = RuleMask::new(set, &self.validators, &self.labels);
        let from = found.len();
        self.detector.scan(&mut caches.detector, text, &mask, budget, found)?;
        let (scanner, cache, rules) = (&self.detector, &mut caches.detector, self.rules.as_slice());
        Looker { scanner, cache, rules, accept: &mask, budget }.look(text, from, found)
    }
}
