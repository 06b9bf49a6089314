//! What each connected Envoy has accepted or refused.

use crate::session::{Part, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The connected Envoys. Cheap to clone; clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    nodes: Arc<Mutex<BTreeMap<String, NodeStatus>>>,
    refused: watch::Sender<Refused>,
}

/// The highest revisions that any Envoy has refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// As routes.
    pub routes: Option<u64>,
    /// As policies.
    pub policies: Option<u64>,
}

/// What one Envoy has accepted or refused. An acceptance is not yet proof that the filter runs the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// The group that it says it belongs to (`node.metadata.group`).
    pub group: String,
    /// Open streams: more than one while an Envoy reconnects, or when several share a node id.
    pub streams: usize,
    /// The revision that was sent last.
    pub sent: u64,
    /// The last accepted revision of each part.
    pub acked: BTreeMap<Part, u64>,
    /// Refusals that no later acceptance has settled.
    pub refused: BTreeMap<Part, Refusal>,
    /// The revisions of routes and policies that its filter reports, which are the proof.
    pub applied: BTreeMap<Part, u64>,
    /// VMs that ended and were started again, since Envoy started.
    pub vm_reloads: u64,
    /// Events that it could not send here, since it started.
    pub events_dropped: u64,
    /// Events that it could not send over OTLP, since it started.
    pub otlp_dropped: u64,
}

/// A refused configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The revision that it was rendered from.
    pub revision: u64,
    /// Its name, if it was one resource alone.
    pub resource: String,
    /// Envoy's own words.
    pub message: String,
}

/// Counts a stream for as long as it lives.
pub(crate) struct StreamGuard {
    fleet: Fleet,
    node: String,
}

// === impl Fleet ===

impl Fleet {
    /// The connected Envoys by node id.
    pub fn nodes(&self) -> BTreeMap<String, NodeStatus> {
        self.lock().clone()
    }

    /// What has been refused.
    pub fn refused(&self) -> watch::Receiver<Refused> {
        self.refused.subscribe()
    }

    pub(crate) fn connect(&self, node: &str, group: &str) -> StreamGuard {
        let mut nodes = self.lock();
        let status = nodes.entry(node.to_owned()).or_default();
        status.streams += 1;
        group.clone_into(&mut status.group);
        drop(nodes);
        StreamGuard { fleet: self.clone(), node: node.to_owned() }
    }

    pub(crate) fn record(&self, node: &str, verdict: &Verdict) {
        self.update(node, |status| status.record(verdict));
        if let Verdict::Nacked { part, revision, .. } = verdict {
            self.refused.send_modify(|refused| match part {
                Part::Clusters => {}
                Part::Routes => refused.routes = refused.routes.max(Some(*revision)),
                Part::Policies => refused.policies = refused.policies.max(Some(*revision)),
            });
        }
    }

    pub(crate) fn sent(&self, node: &str, revision: u64) {
        self.update(node, |status| status.sent = revision);
    }

    /// Takes down what the filter of a node reports.
    pub(crate) fn applied(&self, node: &str, part: Part, revision: u64) {
        self.update(node, |status| {
            status.applied.insert(part, revision);
        });
    }

    pub(crate) fn reloaded(&self, node: &str, total: u64) {
        self.update(node, |status| status.vm_reloads = total);
    }

    pub(crate) fn dropped(&self, node: &str, total: u64) {
        self.update(node, |status| status.events_dropped = total);
    }

    pub(crate) fn otlp_dropped(&self, node: &str, total: u64) {
        self.update(node, |status| status.otlp_dropped = total);
    }

    fn update(&self, node: &str, change: impl FnOnce(&mut NodeStatus)) {
        if let Some(status) = self.lock().get_mut(node) {
            change(status);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, NodeStatus>> {
        // Every update is complete at once, so a panic elsewhere leaves nothing half done.
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl NodeStatus ===

impl NodeStatus {
    fn record(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Acked { part, resource, revision } => {
                self.acked.insert(*part, *revision);
                // Of the routes, another shard says nothing about the one that was refused.
                let settles = |old: &Refusal| old.revision < *revision && old.resource == *resource;
                if self.refused.get(part).is_some_and(settles) {
                    self.refused.remove(part);
                }
            }
            Verdict::Nacked { part, resource, revision, message } => {
                let refusal =
                    Refusal { revision: *revision, resource: resource.clone(), message: message.clone() };
                self.refused.insert(*part, refusal);
            }
        }
    }
}

// === impl StreamGuard ===

impl Drop for StreamGuard {
    fn drop(&mut self) {
        let mut nodes = self.fleet.lock();
        if let Some(status) = nodes.get_mut(&self.node) {
            status.streams = status.streams.saturating_sub(1);
            if status.streams == 0 {
                nodes.remove(&self.node);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_until_a_later_revision_of_that_part_is_accepted() {
        let fleet = Fleet::default();
        let refused = fleet.refused();
        let guard = fleet.connect("envoy", "eu");
        let acked = |part, revision| Verdict::Acked { part, resource: "one".into(), revision };
        fleet.record("envoy", &acked(Part::Policies, 1));
        let nacked = Verdict::Nacked {
            part: Part::Policies,
            resource: "one".into(),
            revision: 2,
            message: "no".into(),
        };
        fleet.record("envoy", &nacked);
        assert_eq!(*refused.borrow(), Refused { routes: None, policies: Some(2) });
        let other = Verdict::Acked { part: Part::Policies, resource: "other".into(), revision: 3 };
        fleet.record("envoy", &other);
        fleet.record("envoy", &acked(Part::Routes, 3));
        fleet.sent("envoy", 3);
        fleet.applied("envoy", Part::Routes, 3);
        let expected = NodeStatus {
            group: "eu".into(),
            streams: 1,
            sent: 3,
            acked: BTreeMap::from([(Part::Policies, 3), (Part::Routes, 3)]),
            refused: BTreeMap::from([(
                Part::Policies,
                Refusal { revision: 2, resource: "one".into(), message: "no".into() },
            )]),
            applied: BTreeMap::from([(Part::Routes, 3)]),
            ..NodeStatus::default()
        };
        assert_eq!(fleet.nodes(), BTreeMap::from([("envoy".to_owned(), expected)]));

        fleet.record("envoy", &acked(Part::Policies, 4));
        assert!(fleet.nodes()["envoy"].refused.is_empty());
        drop(guard);
        assert!(fleet.nodes().is_empty());
    }
}
