//! What each connected Envoy has accepted or refused.

use crate::Kind;
use crate::delta::Verdict;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The connected Envoys. Cheap to clone; clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    nodes: Arc<Mutex<BTreeMap<String, NodeStatus>>>,
    refused_filter: watch::Sender<u64>,
}

/// What one Envoy has accepted or refused. An acceptance is not yet proof that the filter runs the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// Open streams: more than one while an Envoy reconnects, or when several share a node id.
    pub streams: usize,
    /// The last accepted revision of each kind.
    pub acked: BTreeMap<Kind, u64>,
    /// The refusal that no later acceptance has settled.
    pub refusal: Option<Refusal>,
}

/// A refused configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which resources.
    pub kind: Kind,
    /// The revision that they were rendered from.
    pub revision: u64,
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

    /// The highest revision of the filter's configuration that any Envoy has refused; 0 if none has.
    pub fn refused_filter(&self) -> watch::Receiver<u64> {
        self.refused_filter.subscribe()
    }

    pub(crate) fn connect(&self, node: &str) -> StreamGuard {
        self.lock().entry(node.to_owned()).or_default().streams += 1;
        StreamGuard { fleet: self.clone(), node: node.to_owned() }
    }

    pub(crate) fn record(&self, node: &str, verdict: &Verdict) {
        if let Some(status) = self.lock().get_mut(node) {
            status.record(verdict);
        }
        if let Verdict::Nacked { kind: Kind::Filter, revision, .. } = verdict {
            self.refused_filter.send_modify(|highest| *highest = (*highest).max(*revision));
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
            Verdict::Acked { kind, revision } => {
                self.acked.insert(*kind, *revision);
                if self.refusal.as_ref().is_some_and(|old| old.kind == *kind && old.revision < *revision) {
                    self.refusal = None;
                }
            }
            Verdict::Nacked { kind, revision, message } => {
                self.refusal = Some(Refusal { kind: *kind, revision: *revision, message: message.clone() });
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
    fn a_refusal_stands_until_a_later_revision_is_accepted() {
        let fleet = Fleet::default();
        let refused = fleet.refused_filter();
        let guard = fleet.connect("envoy");
        let acked = |revision| Verdict::Acked { kind: Kind::Filter, revision };
        fleet.record("envoy", &acked(1));
        fleet.record("envoy", &Verdict::Nacked { kind: Kind::Filter, revision: 2, message: "no".into() });
        assert_eq!(*refused.borrow(), 2);
        let refusal = Some(Refusal { kind: Kind::Filter, revision: 2, message: "no".into() });
        let expected = NodeStatus { streams: 1, acked: BTreeMap::from([(Kind::Filter, 1)]), refusal };
        assert_eq!(fleet.nodes(), BTreeMap::from([("envoy".to_owned(), expected)]));

        fleet.record("envoy", &acked(3));
        assert_eq!(fleet.nodes()["envoy"].refusal, None);
        drop(guard);
        assert!(fleet.nodes().is_empty());
    }
}
