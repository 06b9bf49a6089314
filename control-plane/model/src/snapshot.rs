//! Everything that the data plane needs, at one revision.

use crate::{Token, UpstreamBase};
use std::collections::BTreeMap;
use std::fmt;

/// Identifies an upstream for as long as it exists, and is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamId(pub i64);

/// An upstream and its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Identity, from which the Envoy cluster gets its name.
    pub id: UpstreamId,
    /// Address.
    pub base: UpstreamBase,
}

/// All routes at one revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Grows with every change.
    pub revision: u64,
    /// Upstreams, ordered by identity.
    pub upstreams: Vec<Upstream>,
    /// Which upstream each token leads to. Every identity is in `upstreams`.
    pub tokens: BTreeMap<Token, UpstreamId>,
}

// === impl UpstreamId ===

impl fmt::Display for UpstreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
