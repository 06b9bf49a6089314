//! From a finding to what happens to it: the only place that decides.
//!
//! A policy and a rule give a disposition for every place where a text can stand. That depends on nothing else, so it
//! is worked out once, when an engine is built, and a scan only looks for rules that do something where the text stands.

mod allow;
mod key_in_front;

pub use allow::AllowError;
pub(crate) use allow::{AllowList, digests};

use crate::injection;
use aegis_policy::{
    CompiledPolicy, Confidence, Direction, Disposition, Level, Override, Preset, Rule, Severity, Slot,
};
use aegis_scanner::{RuleIndex, RuleSet};

/// What happens to the findings of each rule in each place.
#[derive(Debug)]
pub(crate) struct Decisions {
    /// By [`place`].
    places: Vec<Place>,
}

/// One direction and slot.
#[derive(Debug, Default)]
struct Place {
    dispositions: Vec<Disposition>,
    /// The rules that do something here.
    acting: RuleSet,
    /// Those of them that redact, or only report …
    redacting: RuleSet,
    /// … and those that do more.
    changing: RuleSet,
}

const NEVER: Option<Severity> = None;
const ANY: Option<Severity> = Some(Severity::Low);
const MEDIUM: Option<Severity> = Some(Severity::Medium);
const HIGH: Option<Severity> = Some(Severity::High);
const CRITICAL: Option<Severity> = Some(Severity::Critical);

/// The least severity at which a built-in rule acts, by the confidence of its findings.
#[rustfmt::skip]
const THRESHOLDS: [(Preset, Level, [Option<Severity>; 3]); 9] = [
    // preset           level          confidence: low    medium    high
    (Preset::Relaxed, Level::Low,                [NEVER, CRITICAL, HIGH]),
    (Preset::Relaxed, Level::Medium,             [NEVER, ANY,      ANY]),
    (Preset::Relaxed, Level::High,               [ANY,   ANY,      ANY]),
    (Preset::Default, Level::Low,                [NEVER, HIGH,     MEDIUM]),
    (Preset::Default, Level::Medium,             [NEVER, ANY,      ANY]),
    (Preset::Default, Level::High,               [HIGH,  ANY,      ANY]),
    (Preset::Strict,  Level::Low,                [HIGH,  ANY,      ANY]),
    (Preset::Strict,  Level::Medium,             [ANY,   ANY,      ANY]),
    (Preset::Strict,  Level::High,               [ANY,   ANY,      ANY]),
];

/// The scores from which on a text that may be prompt injection is marked, gets the action of its slot, and does so if
/// the user wrote it, who is disturbed most by a false alarm.
///
/// They are those at which less than one in a hundred long texts that agents read, code and manuals and logs, is acted on.
const INJECTION: [(Level, [u8; 3]); 3] =
    [(Level::Low, [70, 90, 92]), (Level::Medium, [50, 66, 76]), (Level::High, [40, 60, 70])];

/// The families that a relaxed policy keeps beside what is critical: an agent needs paths and addresses, but neither
/// credentials nor somebody else's orders.
const RELAXED: [&str; 2] = ["secrets", injection::FAMILY];

// === impl Decisions ===

impl Decisions {
    /// What `policy` says about `rules`, some of which are its own.
    pub(crate) fn new(policy: &CompiledPolicy, rules: &[Rule], is_own: impl Fn(usize) -> bool) -> Decisions {
        let place = |direction, slot| {
            let mut place = Place::default();
            for (index, rule) in rules.iter().enumerate() {
                let disposition = decide(policy, rule, is_own(index), direction, slot);
                place.dispositions.push(disposition);
                match disposition {
                    Disposition::Allow => continue,
                    Disposition::Mark | Disposition::Redact => place.redacting.insert(index),
                    Disposition::Defang | Disposition::Sanitize | Disposition::Block => {
                        place.changing.insert(index);
                    }
                }
                place.acting.insert(index);
            }
            place
        };
        let directions = [Direction::Request, Direction::Response];
        let places = directions.iter().flat_map(|direction| Slot::ALL.map(|slot| place(*direction, slot)));
        Decisions { places: places.collect() }
    }

    /// What happens to findings of `rule` in text in `slot` travelling in `direction`.
    pub(crate) fn get(&self, direction: Direction, slot: Slot, rule: RuleIndex) -> Disposition {
        let place = self.places.get(place(direction, slot));
        place.and_then(|place| place.dispositions.get(usize::from(rule))).copied().unwrap_or_default()
    }

    /// Whether anything that travels in `direction` is refused.
    pub(crate) fn may_refuse(&self, direction: Direction) -> bool {
        let places = Slot::ALL.iter().filter_map(|slot| self.places.get(place(direction, *slot)));
        places.flat_map(|place| &place.dispositions).any(|disposition| *disposition == Disposition::Block)
    }

    /// The rules that do something in text in `slot` travelling in `direction`.
    pub(crate) fn acting(&self, direction: Direction, slot: Slot) -> Option<&RuleSet> {
        self.places.get(place(direction, slot)).map(|place| &place.acting)
    }

    /// The rules that redact there.
    pub(crate) fn redacting(&self, direction: Direction, slot: Slot) -> Option<&RuleSet> {
        self.places.get(place(direction, slot)).map(|place| &place.redacting)
    }

    /// The rules that do more than redact there.
    pub(crate) fn changing(&self, direction: Direction, slot: Slot) -> Option<&RuleSet> {
        self.places.get(place(direction, slot)).map(|place| &place.changing)
    }
}

/// Those scores under `policy`.
pub(crate) fn injection_scores(policy: &CompiledPolicy) -> [u8; 3] {
    let level = if policy.preset == Preset::Strict { Level::High } else { policy.level };
    let row = INJECTION.iter().find(|row| row.0 == level).map(|row| row.1);
    let [mark, act, act_on_user] = row.unwrap_or([100; 3]);
    let own = &policy.injection;
    [own.mark.unwrap_or(mark), own.act.unwrap_or(act), own.act_on_user.unwrap_or(act_on_user)]
}

/// Index of a place.
fn place(direction: Direction, slot: Slot) -> usize {
    direction as usize * Slot::ALL.len() + slot as usize
}

/// Whether `rule` does something anywhere.
pub(crate) fn acts_anywhere(policy: &CompiledPolicy, rule: &Rule, own: bool) -> bool {
    [Direction::Request, Direction::Response].iter().any(|direction| {
        Slot::ALL.iter().any(|slot| decide(policy, rule, own, *direction, *slot) != Disposition::Allow)
    })
}

/// What happens to findings of `rule` in text in `slot` travelling in `direction`.
fn decide(policy: &CompiledPolicy, rule: &Rule, own: bool, direction: Direction, slot: Slot) -> Disposition {
    if !rule.directions.contains(&direction) || !rule.slots.contains(&slot) {
        return Disposition::Allow;
    }
    let exception = |one: &&Override| one.selects(rule) && one.holds(direction, slot);
    match policy.rules.iter().rev().find(exception) {
        Some(exception) => exception.action,
        None if own || acts(policy.preset, policy.level, rule) => {
            if rule.id == injection::RULE {
                policy.injection.action(slot)
            } else {
                rule.action
            }
        }
        None => Disposition::Allow,
    }
}

/// Whether a built-in rule acts without being named.
fn acts(preset: Preset, level: Level, rule: &Rule) -> bool {
    let is_grave =
        || rule.severity == Severity::Critical || RELAXED.iter().any(|family| rule.is_in_family(family));
    if preset == Preset::Relaxed && !is_grave() {
        return false;
    }
    let row = THRESHOLDS.iter().find(|row| (row.0, row.1) == (preset, level));
    let least = row.and_then(|(_, _, [low, medium, high])| match rule.confidence {
        Confidence::Low => *low,
        Confidence::Medium => *medium,
        Confidence::High => *high,
    });
    least.is_some_and(|least| rule.severity >= least)
}

#[cfg(test)]
mod tests;
