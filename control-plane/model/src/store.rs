//! The whole of a store.

use crate::{Access, Events, Policies, Snapshot, Tokens};
use std::future::Future;

/// What every part of a store has.
pub trait Storage: Send + Sync + 'static {
    /// Why the store could not answer.
    type Error: std::error::Error + Send + Sync + 'static;
}

/// What Envoys are told, in two parts that change independently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revisions {
    /// Grows with every change.
    pub latest: u64,
    /// The revision in which upstreams or tokens changed last.
    pub routes: u64,
    /// The revision in which policies changed last.
    pub policies: u64,
}

/// A durable store of everything that the control plane knows.
///
/// Every change is one transaction: after a crash at any point it is there entirely or not at all, and what was
/// acknowledged is there. Every change has an entry in the journal.
pub trait Store: Tokens + Policies + Access + Events {
    /// Everything that the data plane needs, read at one point in time.
    fn snapshot(&self) -> impl Future<Output = Result<Snapshot, Self::Error>> + Send;

    /// Starts a new revision without changing anything else.
    ///
    /// Envoy does not apply a resource whose bytes it has already refused, so a retry needs a new revision.
    fn bump_revisions(&self) -> impl Future<Output = Result<Revisions, Self::Error>> + Send;

    /// The current revisions.
    fn revisions(&self) -> impl Future<Output = Result<Revisions, Self::Error>> + Send;
}
