//! The compiled engine: everything that a worker shares between exchanges.

use crate::catalogue::builtin_rules;
use crate::compile::without_rules;
use crate::decide::{AllowError, AllowList, Decisions, acts_anywhere};
use crate::exact::{self, ExactFinder};
use crate::normalize::Looker;
use crate::placeholder::{self, MasterKey};
use aegis_policy::{CompiledPolicy, Direction, Disposition, Mode, Rule, Slot, Validator};
use aegis_scanner::exact::ExactConfigError;
use aegis_scanner::{
    Budget, Cache, Labels, Match, Pattern, RuleError, RuleIndex, RuleMask, Scanner, Size, TooManyMatches,
};

/// A policy, compiled. Immutable; what changes while scanning is in [`Caches`].
#[derive(Debug)]
pub struct Engine {
    /// The rules that act: the policy's own, then built-in ones, then its lists of exact values.
    rules: Vec<Rule>,
    validators: Vec<Option<Validator>>,
    labels: Labels,
    detector: Scanner,
    decisions: Decisions,
    allow: AllowList,
    exact: ExactFinder,
    mode: Mode,
    pub(crate) placeholders: Scanner,
}

/// What is built lazily while scanning. One per worker, for one engine.
#[derive(Debug)]
pub struct Caches {
    pub(crate) detector: Cache,
    pub(crate) placeholders: Cache,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Which way it travels.
    pub direction: Direction,
    /// Its part in the conversation.
    pub slot: Slot,
    /// What stands in front of it in the document that it is a value of, such as `{"user_id": "`; empty if that is of no
    /// interest.
    pub before: &'a [u8],
}

/// Why an engine cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A rule does not compile, or all of them together are too much.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The list of what is allowed cannot be used.
    #[error(transparent)]
    Allow(#[from] AllowError),
    /// An exception fits no rule that this engine has.
    #[error(
        "rules[{0}] of the policy fits no rule: the filter module and the control plane may be of different versions"
    )]
    UnknownRule(usize),
    /// The exact values cannot be used.
    #[error(transparent)]
    Exact(#[from] ExactConfigError),
    /// The digests of the policy were made with another key, so no value would be recognised.
    #[error(
        "the policy was compiled with another AEGIS_PLACEHOLDER_KEY; give all parts of the gateway the same one"
    )]
    OtherKey,
    /// The embedded catalogue cannot be read: the module is damaged.
    #[error("the built-in rules cannot be read: {0}")]
    Catalogue(#[from] serde_json::Error),
}

// === impl Caches ===

impl Caches {
    /// Lookups of the exact machine in all texts so far, see [`Cache::work`].
    pub fn work(&self) -> u64 {
        self.detector.work()
    }
}

// === impl Site ===

impl Site<'_> {
    /// A text of its own.
    pub fn of(direction: Direction, slot: Slot) -> Site<'static> {
        Site { direction, slot, before: &[] }
    }
}

// === impl Engine ===

impl Engine {
    /// An engine for `policy`, whose digests were made with `key`.
    pub fn new(policy: &CompiledPolicy, key: &MasterKey) -> Result<Engine, EngineError> {
        let allowed = key.allowed_values();
        if policy.key_proof.as_ref().is_some_and(|proof| *proof != allowed.proof()) {
            return Err(EngineError::OtherKey);
        }
        let mut rules = policy.custom_rules.clone();
        let builtin = builtin_rules()?;
        let lists: Vec<Rule> = policy.exact_lists.iter().map(exact::rule).collect();
        let all: Vec<&Rule> = rules.iter().chain(&builtin).chain(&lists).collect();
        if let Some(index) = without_rules(&policy.rules, &all).first() {
            return Err(EngineError::UnknownRule(*index));
        }
        rules.retain(|rule| acts_anywhere(policy, rule, true));
        let custom = rules.len();
        rules.extend(builtin.into_iter().filter(|rule| acts_anywhere(policy, rule, false)));
        let patterns: Vec<Pattern> = rules.iter().map(Pattern::from).collect();
        rules.extend(lists);
        let is_own = |index| index < custom || index >= patterns.len();
        Ok(Engine {
            decisions: Decisions::new(policy, &rules, is_own),
            exact: ExactFinder::new(policy, key, patterns.len())?,
            validators: rules.iter().map(|rule| rule.validator).collect(),
            labels: Labels::new(&patterns)?,
            detector: Scanner::new(&patterns)?,
            allow: AllowList::new(&policy.allow, allowed)?,
            mode: policy.mode,
            placeholders: placeholder::scanner()?,
            rules,
        })
    }

    /// Caches for this engine.
    pub fn caches(&self) -> Caches {
        Caches { detector: self.detector.cache(), placeholders: self.placeholders.cache() }
    }

    /// The rules that act, by index.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule at `index`.
    pub fn rule(&self, index: RuleIndex) -> Option<&Rule> {
        self.rules.get(usize::from(index))
    }

    /// How large the rules are together.
    pub fn size(&self) -> Size {
        self.detector.size()
    }

    /// Whether findings have consequences.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What the policy says about findings of `rule` in text in `slot` travelling in `direction`. In shadow mode, what
    /// would happen.
    pub fn disposition(&self, direction: Direction, slot: Slot, rule: RuleIndex) -> Disposition {
        self.decisions.get(direction, slot, rule)
    }

    /// Appends to `found` what the rules find that do something at `site`, without what is allowed, and the policy's exact values.
    pub fn detect(
        &self,
        caches: &mut Caches,
        site: Site<'_>,
        text: &[u8],
        budget: &mut Budget,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        let Some(set) = self.decisions.acting(site.direction, site.slot) else { return Ok(()) };
        let mask = RuleMask::new(set, &self.validators, &self.labels);
        let mut here = Vec::new();
        self.allow.apply(site.before, text, &mask, &mut here, |accept, here| {
            let (scanner, cache) = (&self.detector, &mut caches.detector);
            scanner.scan(cache, text, accept, budget, here)?;
            Looker { scanner, cache, rules: &self.rules, accept, budget }.look(text, 0, here)
        })?;
        self.exact.add(text, |rule| self.disposition(site.direction, site.slot, rule), &mut here)?;
        found.append(&mut here);
        Ok(())
    }
}
