//! Policies as immutable versions, and which of them act where.

use crate::{Actor, Storage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

/// One version of a policy. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    /// The policy's name.
    pub policy: String,
    /// 1, 2, 3… for each name.
    pub version: u32,
    /// Who wrote it.
    pub author: Actor,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// Which versions of a policy act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// The version that decides.
    pub live: u32,
    /// What `live` was before, to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u32>,
    /// A newer version on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Candidate>,
    /// The version that does not act any more, until another one is tried or applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<TakenBack>,
}

/// A version that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakenBack {
    /// The version.
    pub version: u32,
    /// Which bound it has left, or who did it.
    pub why: String,
}

/// A version on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The version.
    pub version: u32,
    /// How it is tried.
    pub stage: Stage,
    /// When it is taken back by itself.
    #[serde(default)]
    pub bounds: Bounds,
}

/// How a version is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stage {
    /// It decides nothing; what it would decide is reported beside what the live version does.
    Shadow,
    /// It decides for some of the tokens: those whose hash falls into the share.
    Canary {
        /// Of 10,000.
        share: u16,
    },
    /// It decides on the Envoys of a group.
    Group {
        /// The group's name.
        group: String,
    },
}

/// How much worse a candidate may be than the live version, in requests of 10,000, once both have had enough requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Requests under the candidate before it is judged.
    pub min_requests: u32,
    /// More refused requests than under the live version.
    pub more_blocks: u16,
    /// More errors of the gateway's own than under the live version.
    pub more_errors: u16,
    /// VMs that ended and were started again since the trial began, on all Envoys together.
    pub vm_reloads: u32,
    /// More milliseconds of work in the filter per request, on average.
    pub more_milliseconds: u32,
}

/// Where a policy acts if no token says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// On every Envoy.
    Global,
    /// On the Envoys of a group.
    Group(String),
}

/// Everything about policies at one revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyState {
    /// By name.
    pub rollouts: BTreeMap<String, Rollout>,
    /// Which policy acts where.
    pub assignments: BTreeMap<Scope, String>,
    /// The documents that the rollouts name, as JSON, by name and version.
    pub documents: BTreeMap<(String, u32), String>,
}

/// The policies of a store.
pub trait Policies: Storage {
    /// Adds a version, or finds the newest one if it is the same document.
    fn add_version(
        &self,
        actor: &Actor,
        policy: &str,
        document: &str,
    ) -> impl Future<Output = Result<PolicyVersion, Self::Error>> + Send;

    /// The versions of a policy, or of all, oldest first.
    fn versions(
        &self,
        policy: Option<&str>,
    ) -> impl Future<Output = Result<Vec<PolicyVersion>, Self::Error>> + Send;

    /// The document of a version, as JSON.
    fn document(
        &self,
        policy: &str,
        version: u32,
    ) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;

    /// Changes which versions of a policy act; `None` ends it. `reason` goes into the journal. With `expected`, nothing
    /// happens and the answer is `false` unless that is what acts now.
    fn roll_out(
        &self,
        actor: &Actor,
        policy: &str,
        rollout: Option<&Rollout>,
        expected: Option<&Rollout>,
        reason: &str,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Says which policy acts where; `None` takes it back.
    fn assign(
        &self,
        actor: &Actor,
        scope: &Scope,
        policy: Option<&str>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Everything about policies.
    fn policy_state(&self) -> impl Future<Output = Result<PolicyState, Self::Error>> + Send;
}

// === impl PolicyState ===

impl PolicyState {
    /// The groups of nodes about which anything is said.
    pub fn groups(&self) -> BTreeSet<&str> {
        let assigned = self.assignments.keys().filter_map(|scope| match scope {
            Scope::Global => None,
            Scope::Group(group) => Some(group.as_str()),
        });
        let tried = self.rollouts.values().filter_map(|rollout| match &rollout.candidate.as_ref()?.stage {
            Stage::Group { group } => Some(group.as_str()),
            Stage::Shadow | Stage::Canary { .. } => None,
        });
        assigned.chain(tried).collect()
    }

    /// The policy of tokens that name none, on nodes of `group`.
    pub fn assigned(&self, group: &str) -> Option<&str> {
        let of_group = self.assignments.get(&Scope::Group(group.to_owned()));
        of_group.or_else(|| self.assignments.get(&Scope::Global)).map(String::as_str)
    }
}

// === impl Rollout ===

impl Rollout {
    /// Version `live` decides, and nothing else is known.
    pub fn only(live: u32) -> Rollout {
        Rollout { live, previous: None, candidate: None, taken_back: None }
    }

    /// The same without the version on trial, or with the version before; `None` if there is neither.
    pub fn back(&self, why: String) -> Option<Rollout> {
        let (back, version) = match (&self.candidate, self.previous) {
            (Some(candidate), _) => (Rollout { candidate: None, ..self.clone() }, candidate.version),
            (None, Some(previous)) => (Rollout::only(previous), self.live),
            (None, None) => return None,
        };
        Some(Rollout { taken_back: Some(TakenBack { version, why }), ..back })
    }
}

// === impl Bounds ===

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { min_requests: 200, more_blocks: 500, more_errors: 100, vm_reloads: 0, more_milliseconds: 50 }
    }
}

// === impl Scope ===

impl Scope {
    /// `global`, or `group:<name>`.
    pub fn parse(text: &str) -> Option<Scope> {
        match text.split_once(':') {
            None if text == "global" => Some(Scope::Global),
            Some(("group", name)) if crate::is_name(name) => Some(Scope::Group(name.to_owned())),
            _ => None,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scope::Global => f.write_str("global"),
            Scope::Group(name) => write!(f, "group:{name}"),
        }
    }
}
