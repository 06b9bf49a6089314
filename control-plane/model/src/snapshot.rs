//! Everything that the data plane needs, at one revision.

use crate::{PolicyState, Revisions, TokenSettings, UpstreamBase, WhitelistKeys};
use aegis_policy::TokenHash;
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

/// A token as the data plane needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where its requests go.
    pub upstream: UpstreamId,
    /// What was said about it.
    pub settings: TokenSettings,
    /// Field names exempt from redaction.
    pub whitelist: WhitelistKeys,
    /// Only for clients of the internal network.
    pub internal: bool,
}

/// All routes and policies at one revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// What this is.
    pub revisions: Revisions,
    /// Upstreams, ordered by identity.
    pub upstreams: Vec<Upstream>,
    /// Which upstream each token leads to. Every identity is in `upstreams`.
    pub tokens: BTreeMap<TokenHash, Route>,
    /// Policies.
    pub policies: PolicyState,
}

// === impl UpstreamId ===

impl fmt::Display for UpstreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === impl Route ===

impl Route {
    /// A route to `upstream` about which nothing was said.
    pub fn to(upstream: UpstreamId) -> Route {
        Route {
            upstream,
            settings: TokenSettings::default(),
            whitelist: WhitelistKeys::default(),
            internal: false,
        }
    }
}
