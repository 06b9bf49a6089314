//! What is told about an exchange: enough to count, to judge a policy and to find the exchange again, and nothing that was
//! in it.

use aegis_engine::{Engine, Finding, Redacted};
use aegis_policy::{Disposition, Mode, Slot, TokenHash};
use serde::Serialize;
use std::collections::BTreeMap;

/// Different findings of one half of an exchange; what comes later is counted only.
const MAX_KINDS: usize = 64;

/// One exchange.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Event {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    /// The track of policies, and the version of it that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    pub(crate) version: u32,
    /// The version is on trial.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) trial: bool,
    /// Why the gateway answered itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<&'static str>,
    pub(crate) request: Half,
    pub(crate) response: Half,
    /// What a version on trial would have done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shadow: Option<Shadow>,
}

/// A request or an answer.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Half {
    pub(crate) action: Action,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Found>,
    /// Findings that had no room.
    #[serde(skip_serializing_if = "is_zero")]
    more: u32,
    /// How much each slot looks like prompt injection, of 100, where anything was looked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    injection: BTreeMap<Slot, u8>,
    #[serde(skip)]
    pub(crate) sums: Sums,
}

/// What is counted of a half.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Findings by what was done about them. Under a policy that only watches all of them stayed.
    pub(crate) findings: BTreeMap<Disposition, u64>,
    /// The strongest thing that was done about prompt injection.
    pub(crate) injection: Action,
    /// The strongest thing that a policy which only watches would have done.
    pub(crate) watched: Action,
}

/// What a version on trial would have done.
#[derive(Debug, Serialize)]
pub(crate) struct Shadow {
    pub(crate) version: u32,
    pub(crate) request: Half,
    pub(crate) response: Half,
}

/// The strongest thing that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Action(pub(crate) Disposition);

/// Equal findings.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Found {
    rule: String,
    kind: String,
    slot: Slot,
    action: Disposition,
    count: u32,
    /// Of all of them together.
    bytes: u64,
}

// === impl Half ===

impl Half {
    /// A half in which `findings` were found and `action` was done.
    pub(crate) fn new(engine: &Engine, action: Disposition, findings: &[Finding]) -> Half {
        let mut half = Half { action: Action(action), ..Half::default() };
        for finding in findings {
            half.add(engine, finding);
        }
        half
    }

    /// The request of which this became.
    pub(crate) fn of_request(engine: &Engine, redacted: &Redacted) -> Half {
        let half = Half::new(engine, redacted.action, &redacted.findings);
        Half { injection: redacted.injection.clone(), ..half }
    }

    fn add(&mut self, engine: &Engine, finding: &Finding) {
        let Some(rule) = engine.rule(finding.rule) else { return };
        self.sums.add(engine, finding);
        let same = |found: &&mut Found| {
            found.rule == rule.id && found.slot == finding.slot && found.action == finding.disposition
        };
        if let Some(found) = self.findings.iter_mut().find(same) {
            found.count = found.count.saturating_add(1);
            found.bytes = found.bytes.saturating_add(finding.len);
        } else if self.findings.len() < MAX_KINDS {
            self.findings.push(Found {
                rule: rule.id.clone(),
                kind: rule.kind.clone(),
                slot: finding.slot,
                action: finding.disposition,
                count: 1,
                bytes: finding.len,
            });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

// === impl Sums ===

impl Sums {
    fn add(&mut self, engine: &Engine, finding: &Finding) {
        let mut done = finding.disposition;
        if engine.mode() == Mode::Shadow {
            self.watched = Action(self.watched.0.max(done));
            done = done.min(Disposition::Mark);
        }
        let count = self.findings.entry(done).or_default();
        *count = count.saturating_add(1);
        if engine.injection_rule() == Some(finding.rule) {
            self.injection = Action(self.injection.0.max(done));
        }
    }
}

impl Default for Action {
    fn default() -> Action {
        Action(Disposition::Allow)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
