//! What a store of tokens and upstreams offers.

use crate::{Snapshot, Token, UpstreamBase, WhitelistKeys};
use std::future::Future;

/// A token with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The token.
    pub token: Token,
    /// Where its requests go.
    pub upstream: UpstreamBase,
    /// Field names exempt from redaction.
    pub whitelist: WhitelistKeys,
}

/// The outcome of [`Registry::register`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// The upstream was new.
    New(Registration),
    /// The upstream was known; this is the token that it already had.
    Existing(Registration),
}

/// A durable store of tokens and upstreams.
///
/// Every change is one transaction: after a crash at any point it is there entirely or not at all, and what was
/// acknowledged is there.
pub trait Registry: Send + Sync + 'static {
    /// Why the store could not answer.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Gives `upstream` a token, or finds the one that it has. `whitelist` replaces the stored list if given.
    fn register(
        &self,
        upstream: &UpstreamBase,
        whitelist: Option<&WhitelistKeys>,
    ) -> impl Future<Output = Result<Registered, Self::Error>> + Send;

    /// The registration of `upstream`, if there is one.
    fn lookup(
        &self,
        upstream: &UpstreamBase,
    ) -> impl Future<Output = Result<Option<Registration>, Self::Error>> + Send;

    /// Removes `token`, and its upstream if no other token leads there. `false` if there is no such token.
    fn unregister(&self, token: &Token) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Everything that the data plane needs, read at one point in time.
    fn snapshot(&self) -> impl Future<Output = Result<Snapshot, Self::Error>> + Send;

    /// Starts a new revision without changing a route, and returns it.
    ///
    /// Envoy does not apply a resource whose bytes it has already refused, so a retry needs a new revision.
    fn bump_revision(&self) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// The current revision.
    fn revision(&self) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}
