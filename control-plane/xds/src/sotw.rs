//! The state-of-the-world protocol of one stream, for clients that do not speak the delta protocol.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#basic-protocol-overview>

use crate::session::{Reaction, Sent, Session, Verdict};
use crate::{Kind, ResourceSet};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::discovery::v3::{DiscoveryRequest, DiscoveryResponse};
use std::collections::{BTreeMap, BTreeSet};

/// What one client has subscribed to and been sent.
#[derive(Debug, Default)]
pub struct SotwSession {
    subscriptions: BTreeMap<Kind, Subscription>,
    /// Responses that were not answered yet: nonce → what they carried.
    in_flight: BTreeMap<u64, Sent>,
    last_nonce: u64,
}

#[derive(Debug, Default)]
struct Subscription {
    /// Empty: all of them.
    names: BTreeSet<String>,
    /// Versions that were sent.
    sent: BTreeMap<String, String>,
    /// The last response.
    last: Option<u64>,
}

// === impl SotwSession ===

impl Session for SotwSession {
    type Request = DiscoveryRequest;
    type Response = DiscoveryResponse;

    fn node(request: &DiscoveryRequest) -> Option<&Node> {
        request.node.as_ref()
    }

    fn on_request(
        &mut self,
        request: &DiscoveryRequest,
        resources: &ResourceSet,
        group: &str,
    ) -> Reaction<DiscoveryResponse> {
        let Some(kind) = Kind::from_type_url(&request.type_url) else { return Reaction::default() };
        let first = !self.subscriptions.contains_key(&kind);
        let nonce = request.response_nonce.parse::<u64>().ok();
        let verdicts = nonce.and_then(|nonce| self.verdict(nonce, request)).into_iter().collect();
        let subscription = self.subscriptions.entry(kind).or_default();
        // Sent before the client had the last response; its names are those of the past.
        if !first && nonce != subscription.last {
            return Reaction { responses: Vec::new(), verdicts };
        }
        let names: BTreeSet<String> = request.resource_names.iter().cloned().collect();
        let widened = first || names != subscription.names;
        subscription.names = names;
        let responses = if widened { self.send(kind, resources, group, first) } else { Vec::new() };
        Reaction { responses, verdicts }
    }

    fn on_change(&mut self, resources: &ResourceSet, group: &str) -> Vec<DiscoveryResponse> {
        let kinds = Kind::ALL.into_iter();
        kinds.flat_map(|kind| self.send(kind, resources, group, false)).collect()
    }
}

impl SotwSession {
    fn verdict(&mut self, nonce: u64, request: &DiscoveryRequest) -> Option<Verdict> {
        let sent = self.in_flight.remove(&nonce)?;
        Some(sent.verdict(request.error_detail.as_ref()))
    }

    /// The responses that bring the client up to date.
    ///
    /// A response about clusters has all of them, because one that is missing is removed. One about filters has what
    /// changed: those that are missing stay. A cluster that nothing leads to any more goes at once here, with whatever it
    /// still answers.
    fn send(
        &mut self,
        kind: Kind,
        resources: &ResourceSet,
        group: &str,
        first: bool,
    ) -> Vec<DiscoveryResponse> {
        let Some(subscription) = self.subscriptions.get_mut(&kind) else { return Vec::new() };
        let existing = resources.of_kind(kind, group);
        let wanted = |name: &str| subscription.names.is_empty() || subscription.names.contains(name);
        let current: BTreeMap<String, String> = existing
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, resource)| ((*name).to_owned(), resource.version.clone()))
            .collect();
        if current == subscription.sent && !(first && kind == Kind::Cluster) {
            return Vec::new();
        }
        let changed =
            |name: &&str| kind == Kind::Cluster || subscription.sent.get(*name) != current.get(*name);
        let bodies = existing.iter().filter(|(name, _)| wanted(name) && changed(name));
        let bodies: Vec<_> = bodies.map(|(name, resource)| (*name, resource.body.clone())).collect();
        subscription.sent = current;
        let revision = resources.revisions.latest;
        let parts = match kind {
            Kind::Cluster => vec![("", bodies.into_iter().map(|(_, body)| body).collect())],
            Kind::Filter => bodies.into_iter().map(|(name, body)| (name, vec![body])).collect(),
        };
        let mut responses = Vec::new();
        for (name, resources) in parts {
            self.last_nonce += 1;
            self.in_flight.insert(self.last_nonce, Sent::new(kind, name, revision));
            subscription.last = Some(self.last_nonce);
            responses.push(DiscoveryResponse {
                version_info: revision.to_string(),
                resources,
                type_url: kind.type_url().to_owned(),
                nonce: self.last_nonce.to_string(),
                ..DiscoveryResponse::default()
            });
        }
        responses
    }
}

#[cfg(test)]
mod tests;
