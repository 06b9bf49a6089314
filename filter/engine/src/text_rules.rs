//! Rules over text, compiled together.

use crate::decide::AllowList;
use crate::engine::Site;
use crate::normalize::Looker;
use aegis_policy::{Rule, Validator};
use aegis_scanner::{
    Budget, Cache, Labels, Match, Pattern, RuleError, RuleIndex, RuleMask, RuleSet, Scanner, TooManyMatches,
};
use std::borrow::Cow;

/// Some of the engine's rules in one automaton.
///
/// There are several: one automaton of all rules would look for script in what a client sends, and hold back a stream for
/// what only requests are searched for.
#[derive(Debug)]
pub(crate) struct TextRules {
    pub(crate) scanner: Scanner,
    rules: Vec<Rule>,
    validators: Vec<Option<Validator>>,
    labels: Labels,
    all: RuleSet,
    /// Which of the engine's rules they are; `None` if they are its first ones.
    indices: Option<Vec<RuleIndex>>,
}

// === impl TextRules ===

impl TextRules {
    /// The first rules of the engine.
    pub(crate) fn first(rules: &[Rule]) -> Result<TextRules, RuleError> {
        TextRules::compile(rules.to_vec(), None)
    }

    /// Those of `rules` that are in `chosen`.
    pub(crate) fn of(rules: &[Rule], chosen: impl Fn(RuleIndex) -> bool) -> Result<TextRules, RuleError> {
        let chosen = (0..).zip(rules).filter(|(index, _)| chosen(*index));
        let (indices, rules): (Vec<RuleIndex>, Vec<&Rule>) = chosen.unzip();
        TextRules::compile(rules.into_iter().cloned().collect(), Some(indices))
    }

    fn compile(rules: Vec<Rule>, indices: Option<Vec<RuleIndex>>) -> Result<TextRules, RuleError> {
        let patterns: Vec<Pattern> = rules.iter().map(Pattern::from).collect();
        let mut all = RuleSet::default();
        (0..rules.len()).for_each(|rule| all.insert(rule));
        Ok(TextRules {
            scanner: Scanner::new(&patterns)?,
            labels: Labels::new(&patterns),
            validators: rules.iter().map(|rule| rule.validator).collect(),
            rules,
            all,
            indices,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(crate) fn cache(&self) -> Cache {
        self.scanner.cache()
    }

    /// The engine's index of a rule.
    pub(crate) fn index(&self, rule: RuleIndex) -> RuleIndex {
        let index = self.indices.as_ref().and_then(|indices| indices.get(usize::from(rule)));
        index.copied().unwrap_or(rule)
    }

    /// What is accepted if all these rules act.
    pub(crate) fn mask(&self) -> RuleMask<'_> {
        self.mask_of(&self.all)
    }

    fn mask_of<'a>(&'a self, set: &'a RuleSet) -> RuleMask<'a> {
        RuleMask::new(set, &self.validators, &self.labels)
    }

    /// What those of these rules that are in `acting` find in `text`, also through disguises, without what is
    /// allowed. Both name rules as the engine does.
    pub(crate) fn scan(
        &self,
        cache: &mut Cache,
        allow: &AllowList,
        site: Site<'_>,
        text: &[u8],
        acting: &RuleSet,
        budget: &mut Budget,
    ) -> Result<Vec<Match>, TooManyMatches> {
        let (acting, mut found) = (self.own(acting), Vec::new());
        if acting.is_empty() {
            return Ok(found);
        }
        allow.apply(site, text, &self.mask_of(&acting), &mut found, |accept, here| {
            self.scanner.scan(cache, text, accept, budget, here)?;
            Looker { scanner: &self.scanner, cache, rules: &self.rules, accept, budget }.look(text, 0, here)
        })?;
        for one in &mut found {
            one.rule = self.index(one.rule);
        }
        Ok(found)
    }

    /// The members of a set of the engine's rules, as rules of these.
    fn own<'a>(&self, set: &'a RuleSet) -> Cow<'a, RuleSet> {
        let Some(indices) = &self.indices else { return Cow::Borrowed(set) };
        let mut own = RuleSet::default();
        for (rule, _) in indices.iter().enumerate().filter(|(_, index)| set.contains(**index)) {
            own.insert(rule);
        }
        Cow::Owned(own)
    }
}
