//! What the filters reported.

use crate::Storage;
use serde_json::Value;
use std::future::Future;

/// One exchange, as the filter reported it: JSON without anything that was in the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Whose exchange it was.
    pub tenant: String,
    /// What the policy did.
    pub action: String,
    /// The whole report.
    pub body: Value,
}

/// Which events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventQuery<'a> {
    /// From this number on, exclusive.
    pub after: i64,
    /// From this time on, in milliseconds since 1970.
    pub since: i64,
    /// Only of this tenant.
    pub tenant: Option<&'a str>,
    /// Only with this action.
    pub action: Option<&'a str>,
    /// At most so many.
    pub limit: u32,
}

/// The events of a store.
pub trait Events: Storage {
    /// Adds events, all or none.
    fn add_events(&self, events: &[Event]) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Events with their numbers, oldest first.
    fn events(
        &self,
        query: EventQuery<'_>,
    ) -> impl Future<Output = Result<Vec<(i64, Event)>, Self::Error>> + Send;

    /// Removes events from before `at`, in milliseconds since 1970, and returns how many.
    fn prune_events(&self, at: i64) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}
