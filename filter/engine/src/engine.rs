//! The compiled engine: everything that a worker shares between exchanges.

use crate::answer::AnswerText;
use crate::catalogue::{CatalogueError, builtin_commands, builtin_rules};
use crate::commands::CommandFinder;
use crate::compile::without_rules;
use crate::decide::{AllowError, AllowList, Decisions, acts_anywhere};
use crate::exact::{self, ExactFinder};
use crate::hosts::Hosts;
use crate::injection::{self, InjectionCache, Injections, Suspicion};
use crate::known::{Known, Printed, Prints};
use crate::leak;
use crate::limits::{MAX_KNOWN_FINDS, MAX_KNOWN_TEXTS};
use crate::placeholder::{self, MasterKey, TenantKey, Vault};
use crate::redact::Found;
use crate::text_rules::TextRules;
use aegis_policy::{AS_MESSAGE, CompiledPolicy, Direction, Disposition, FORBIDDEN, Mode, Rule, Slot};
use aegis_scanner::exact::ExactConfigError;
use aegis_scanner::{Budget, Cache, Match, RuleError, RuleIndex, Scanner, Size, TooManyMatches};
use aegis_shell::{CommandCache, CommandError, CommandRule};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

/// A policy, compiled. Immutable; what changes while scanning is in [`Caches`].
#[derive(Debug)]
pub struct Engine {
    /// The rules that act: the policy's own, then built-in ones, those about answers only last, then those over commands,
    /// then the one over copies of the prompt, the one over prompt injection, then the policy's lists of exact values.
    rules: Vec<Rule>,
    /// All but those about answers only.
    detector: TextRules,
    /// What does more than redact in texts of answers …
    pub(crate) answer_rules: TextRules,
    /// … and elsewhere in answers.
    call_rules: TextRules,
    decisions: Decisions,
    pub(crate) allow: AllowList,
    commands: CommandFinder,
    exact: ExactFinder,
    /// The rule over copies of the prompt, if it does anything in the text of an answer.
    leak: Option<RuleIndex>,
    /// Finds prompt injection, if it is looked for.
    injections: Option<Injections>,
    mode: Mode,
    block_status: u16,
    blocks_as_message: bool,
    may_refuse_answers: bool,
    /// Where values may go whatever a request says.
    pub(crate) hosts: Hosts,
    seals: bool,
    pub(crate) placeholders: Scanner,
}

/// What is built lazily while scanning. One per worker, for one engine.
#[derive(Debug)]
pub struct Caches {
    detector: Cache,
    pub(crate) answers: Cache,
    calls: Cache,
    commands: CommandCache,
    pub(crate) placeholders: Cache,
    pub(crate) injection: InjectionCache,
    /// Texts of requests in which the rules find nothing …
    pub(crate) clean: Known<(), MAX_KNOWN_TEXTS>,
    /// … and others, with what they find.
    pub(crate) found: Known<Vec<Found>, MAX_KNOWN_FINDS>,
    pub(crate) prints: Prints,
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
    /// Digests of the names of fields whose values stay, besides those of the policy: [`MasterKey::field_digest`], sorted.
    pub keys: &'a [String],
}

/// Why an engine cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A rule does not compile, or all of them together are too much.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A rule over commands does not compile.
    #[error(transparent)]
    Command(#[from] CommandError),
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
    /// The embedded detector of prompt injection cannot be used: the module is damaged.
    #[error("the detector of prompt injection cannot be used: {0}")]
    Injection(&'static aegis_inject::LoadError),
    /// The embedded catalogue cannot be read: the module is damaged.
    #[error("the built-in rules cannot be read: {0}")]
    Catalogue(#[from] CatalogueError),
}

// === impl Caches ===

impl Caches {
    /// Lookups of the exact machine in all texts so far that [`Engine::detect`] was asked about, see [`Cache::work`].
    pub fn work(&self) -> u64 {
        self.detector.work() + self.calls.work()
    }
}

// === impl Site ===

impl Site<'_> {
    /// A text of its own.
    pub fn of(direction: Direction, slot: Slot) -> Site<'static> {
        Site { direction, slot, before: &[], keys: &[] }
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
        let mut commands = builtin_commands()?;
        let of_commands: Vec<Rule> = commands.iter().map(CommandRule::to_rule).collect();
        let (leak, injection) = (leak::rule(), injection::rule());
        let whole = [&leak, &injection];
        let all: Vec<&Rule> =
            rules.iter().chain(&builtin).chain(&of_commands).chain(whole).chain(&lists).collect();
        if let Some(index) = without_rules(&policy.rules, &all).first() {
            return Err(EngineError::UnknownRule(*index));
        }
        rules.retain(|rule| acts_anywhere(policy, rule, true));
        let custom = rules.len();
        let acting = builtin.into_iter().filter(|rule| acts_anywhere(policy, rule, false));
        let (of_both, of_answers): (Vec<Rule>, Vec<Rule>) =
            acting.partition(|rule| rule.directions.contains(&Direction::Request));
        rules.extend(of_both);
        let detector = TextRules::first(&rules)?;
        rules.extend(of_answers);
        let first_command = rules.len();
        commands.retain(|command| acts_anywhere(policy, &command.to_rule(), false));
        rules.extend(commands.iter().map(CommandRule::to_rule));
        let leak_index = rules.len();
        rules.extend(Some(leak).filter(|rule| acts_anywhere(policy, rule, false)));
        let injection_index = rules.len();
        rules.extend(Some(injection).filter(|rule| acts_anywhere(policy, rule, false)));
        let first_list = rules.len();
        rules.extend(lists);
        let is_own = |index| index < custom || index >= first_list;
        let decisions = Decisions::new(policy, &rules, is_own);
        let over_text = rules.get(..first_command).unwrap_or_default();
        let changes = |slot: Slot, rule| {
            decisions.changing(Direction::Response, slot).is_some_and(|rules| rules.contains(rule))
        };
        let elsewhere = |rule| Slot::ALL.iter().any(|slot| *slot != Slot::Assistant && changes(*slot, rule));
        let leak = RuleIndex::try_from(leak_index)
            .ok()
            .filter(|index| leak_index < injection_index && changes(Slot::Assistant, *index));
        let injections = match RuleIndex::try_from(injection_index) {
            Ok(index) if injection_index < first_list => Some(Injections::new(policy, index)?),
            _ => None,
        };
        let seals = policy.restore.sealed && policy.mode != Mode::Shadow;
        Ok(Engine {
            seals,
            hosts: Hosts::of_policy(&policy.restore.hosts),
            block_status: Some(policy.block_status)
                .filter(|status| *status != AS_MESSAGE)
                .unwrap_or(FORBIDDEN),
            blocks_as_message: policy.block_status == AS_MESSAGE,
            may_refuse_answers: policy.mode != Mode::Shadow && decisions.may_refuse(Direction::Response),
            detector,
            answer_rules: TextRules::of(over_text, |rule| changes(Slot::Assistant, rule))?,
            call_rules: TextRules::of(over_text, elsewhere)?,
            commands: CommandFinder::new(&commands, first_command)?,
            exact: ExactFinder::new(policy, key, first_list)?,
            leak,
            injections,
            decisions,
            allow: AllowList::new(&policy.allow, allowed)?,
            mode: policy.mode,
            placeholders: placeholder::scanner(seals)?,
            rules,
        })
    }

    /// Caches for this engine.
    pub fn caches(&self) -> Caches {
        Caches {
            detector: self.detector.cache(),
            answers: self.answer_rules.cache(),
            calls: self.call_rules.cache(),
            commands: self.commands.cache(),
            placeholders: self.placeholders.cache(),
            injection: InjectionCache::default(),
            clean: Known::default(),
            found: Known::default(),
            prints: Prints::default(),
        }
    }

    /// An empty vault of the tenant with this key.
    pub fn vault(&self, key: TenantKey) -> Vault {
        if self.seals { Vault::sealing(key) } else { Vault::new(key) }
    }

    /// Whether placeholders carry their values, so that any answer may hold one that can be restored.
    pub fn seals(&self) -> bool {
        self.seals
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
        self.detector.scanner.size()
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

    /// Whether anything in text in `slot` travelling in `direction` is changed or refused other than by redaction.
    pub fn acts_in(&self, direction: Direction, slot: Slot) -> bool {
        self.decisions.changing(direction, slot).is_some_and(|rules| !rules.is_empty())
    }

    /// Whether anything in answers is changed or refused other than by redaction.
    pub fn acts_on_answers(&self) -> bool {
        [Slot::Assistant, Slot::ToolCallArguments].iter().any(|slot| self.acts_in(Direction::Response, *slot))
    }

    /// The rule over copies of the prompt, if it does anything in the text of an answer.
    pub(crate) fn leak(&self) -> Option<RuleIndex> {
        self.leak
    }

    /// The HTTP status of a request that is refused for what it contains, unless it is answered in the model's place.
    pub fn block_status(&self) -> u16 {
        self.block_status
    }

    /// Whether a request that is refused for what it contains is answered in the model's place, where there is one.
    pub fn blocks_as_message(&self) -> bool {
        self.blocks_as_message
    }

    /// Whether an answer may be refused for something in its texts.
    pub(crate) fn may_refuse_answers(&self) -> bool {
        self.may_refuse_answers
    }

    /// How much `text` in `slot` of a request looks like prompt injection, and what the policy says about it; `None` if
    /// nothing is looked for there.
    pub fn injection(&self, caches: &mut Caches, slot: Slot, text: &[u8]) -> Option<Suspicion> {
        let print = caches.prints.of(text);
        self.injection_in(caches, slot, Printed { text, print })
    }

    /// The same for a text whose print is known.
    pub(crate) fn injection_in(
        &self,
        caches: &mut Caches,
        slot: Slot,
        text: Printed<'_>,
    ) -> Option<Suspicion> {
        let injections = self.injections.as_ref()?;
        let action = self.disposition(Direction::Request, slot, injections.rule());
        injections.judge(&mut caches.injection, &caches.prints, slot, action, text)
    }

    /// Whether prompt injection is looked for in texts of requests in `slot`.
    pub(crate) fn looks_for_injection(&self, slot: Slot) -> bool {
        let action = |rule| self.disposition(Direction::Request, slot, rule);
        self.injection_rule().is_some_and(|rule| action(rule) != Disposition::Allow)
    }

    /// What carries the score of a place in `text`, which stands in `slot`: relations between concepts with their weights,
    /// weightiest first.
    pub fn explain_injection(&self, slot: Slot, text: &[u8], place: &Range<usize>) -> Vec<(String, i8)> {
        let explain = |injections: &Injections| injections.explain(slot, text, place);
        self.injections.as_ref().map(explain).unwrap_or_default()
    }

    /// Bytes that looking for prompt injection takes, with what a worker keeps for it in `caches`.
    pub fn injection_bytes(&self, caches: &Caches) -> usize {
        self.injections.as_ref().map_or(0, |injections| injections.size(&caches.injection))
    }

    /// The rule over prompt injection, if it is looked for.
    pub fn injection_rule(&self) -> Option<RuleIndex> {
        self.injections.as_ref().map(Injections::rule)
    }

    /// Appends to `found` what the rules find that do something at `site`, without what is allowed, and the policy's exact
    /// values: sorted and disjoint.
    ///
    /// In an answer, what is dangerous comes first, and what would be redacted counts where nothing else is. The text of an
    /// answer is read as an [`AnswerText`](crate::AnswerText) reads it, arguments of its tool calls also as a shell would.
    pub fn detect(
        &self,
        caches: &mut Caches,
        site: Site<'_>,
        text: &[u8],
        budget: &mut Budget,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        let Some(acting) = self.decisions.acting(site.direction, site.slot) else { return Ok(()) };
        let disposition = |rule| self.disposition(site.direction, site.slot, rule);
        let (detector, allow) = (&self.detector, &self.allow);
        let mut here = if site.direction == Direction::Request {
            detector.scan(&mut caches.detector, allow, site, text, acting, budget)?
        } else {
            let mut here = self.changes(caches, site, text, budget)?;
            let redacting = self.decisions.redacting(site.direction, site.slot).unwrap_or(acting);
            here.extend(detector.scan(&mut caches.detector, allow, site, text, redacting, budget)?);
            retain_strongest(&mut here, disposition);
            here
        };
        self.exact.add(text, disposition, &mut here)?;
        found.append(&mut here);
        Ok(())
    }

    /// What is changed or refused in an answer other than by redaction. Findings may overlap.
    fn changes(
        &self,
        caches: &mut Caches,
        site: Site<'_>,
        text: &[u8],
        budget: &mut Budget,
    ) -> Result<Vec<Match>, TooManyMatches> {
        if site.slot == Slot::Assistant {
            return Ok(self.scan_answer(caches, text));
        }
        let Some(changing) = self.decisions.changing(site.direction, site.slot) else {
            return Ok(Vec::new());
        };
        let (rules, cache) = (&self.call_rules, &mut caches.calls);
        let mut found = rules.scan(cache, &self.allow, site, text, changing, budget)?;
        if site.slot == Slot::ToolCallArguments {
            let mut commands = self.commands.find(&mut caches.commands, text, changing);
            commands.retain(|one| !self.allow.permits_match(site, text, one));
            found.append(&mut commands);
        }
        Ok(found)
    }

    /// What an [`AnswerText`] of the whole text finds.
    fn scan_answer(&self, caches: &mut Caches, text: &[u8]) -> Vec<Match> {
        let mut found = Vec::new();
        let mut answer = AnswerText::new();
        answer.feed(self, caches, text, |one, _| found.push(one));
        answer.finish(self, caches, |one, _| found.push(one));
        found
    }
}

/// Leaves of findings that overlap the one to which more happens, of equals the longest, of these the first.
fn retain_strongest(found: &mut Vec<Match>, disposition: impl Fn(RuleIndex) -> Disposition) {
    let mut all = std::mem::take(found);
    all.sort_by_key(|one| {
        (Reverse(disposition(one.rule)), Reverse(one.end - one.value), one.value, one.rule)
    });
    let mut kept: BTreeMap<u64, Match> = BTreeMap::new();
    for one in all {
        let before = kept.range(..one.end).next_back();
        if before.is_none_or(|(_, before)| before.end <= one.value) {
            kept.insert(one.value, one);
        }
    }
    found.extend(kept.into_values());
}
