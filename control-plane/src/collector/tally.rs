//! Counters of what was reported.

use crate::json::at;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters of what was reported to this control plane since it started.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    /// By policy, version and whether it was only asked.
    versions: Mutex<BTreeMap<(String, u32, bool), Tally>>,
    /// By what the gateway answered itself.
    refusals: Mutex<BTreeMap<String, u64>>,
    /// What could not be kept in the store, and in the file.
    lost: [AtomicU64; 2],
}

/// Where events are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Store,
    File,
}

/// What happened under one version of a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    /// Requests and answers that the policy refused.
    pub(crate) blocks: u64,
    /// Exchanges in which something else was done.
    pub(crate) changes: u64,
    /// Answers with a status of 500 or more that the gateway gave itself.
    pub(crate) errors: u64,
    /// For how long requests were held, in microseconds together.
    pub(crate) held: u64,
}

/// Names of refusals; what comes later is counted as `other`.
const MAX_REFUSALS: usize = 64;

// === impl Tallies ===

impl Tallies {
    /// Counts an event.
    pub(super) fn count(&self, event: &Value) {
        let number = |name: &str| at(event, &[name]).as_u64().unwrap_or_default();
        let refused = at(event, &["refused"]).as_str();
        if let Some(policy) = at(event, &["policy"]).as_str() {
            let mut tally = Tally { requests: 1, held: number("held_microseconds"), ..Tally::default() };
            tally.judge(at(event, &["request"]), at(event, &["response"]));
            tally.errors = u64::from(refused.is_some() && number("status") >= 500);
            let version =
                |value: &Value| at(value, &["version"]).as_u64().and_then(|v| u32::try_from(v).ok());
            self.add((policy.to_owned(), version(event).unwrap_or_default(), false), tally);
            let shadow = at(event, &["shadow"]);
            if let Some(version) = version(shadow) {
                let mut tally = Tally { requests: 1, ..Tally::default() };
                tally.judge(at(shadow, &["request"]), at(shadow, &["response"]));
                self.add((policy.to_owned(), version, true), tally);
            }
        }
        if let Some(code) = refused {
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            let known = refusals.contains_key(code) || refusals.len() < MAX_REFUSALS;
            *refusals.entry(if known { code } else { "other" }.to_owned()).or_default() += 1;
        }
    }

    /// Counts events that could not be kept.
    pub(super) fn lose(&self, place: Place, count: u64) {
        self.counter(place).fetch_add(count, Ordering::Relaxed);
    }

    /// Events that could not be kept.
    pub(crate) fn lost(&self, place: Place) -> u64 {
        self.counter(place).load(Ordering::Relaxed)
    }

    fn counter(&self, place: Place) -> &AtomicU64 {
        let [store, file] = &self.lost;
        match place {
            Place::Store => store,
            Place::File => file,
        }
    }

    /// What happened, by policy, version and whether it was only asked.
    pub(crate) fn versions(&self) -> BTreeMap<(String, u32, bool), Tally> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the gateway answered itself, by its code.
    pub(crate) fn refusals(&self) -> BTreeMap<String, u64> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, key: (String, u32, bool), tally: Tally) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = versions.entry(key).or_default();
        *sum = sum.plus(tally);
    }
}

// === impl Tally ===

impl Tally {
    fn judge(&mut self, request: &Value, response: &Value) {
        let actions = [request, response].map(|half| at(half, &["action"]).as_str().unwrap_or("allow"));
        if actions.contains(&"block") {
            self.blocks = 1;
        } else if actions.iter().any(|action| *action != "allow") {
            self.changes = 1;
        }
    }

    fn plus(self, other: Tally) -> Tally {
        Tally {
            requests: self.requests + other.requests,
            blocks: self.blocks + other.blocks,
            changes: self.changes + other.changes,
            errors: self.errors + other.errors,
            held: self.held + other.held,
        }
    }

    /// What was added since `earlier`.
    pub(crate) fn since(self, earlier: Tally) -> Tally {
        Tally {
            requests: self.requests.saturating_sub(earlier.requests),
            blocks: self.blocks.saturating_sub(earlier.blocks),
            changes: self.changes.saturating_sub(earlier.changes),
            errors: self.errors.saturating_sub(earlier.errors),
            held: self.held.saturating_sub(earlier.held),
        }
    }
}
