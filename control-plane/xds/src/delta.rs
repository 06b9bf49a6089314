//! The delta ADS protocol of one stream, as a state machine without I/O.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds>

use crate::session::{Part, Reaction, Sent, Session, Verdict};
use crate::{Kind, ResourceSet};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource,
};
use std::collections::{BTreeMap, BTreeSet};

/// What one client has subscribed to and been sent.
#[derive(Debug, Default)]
pub struct DeltaSession {
    subscriptions: BTreeMap<Kind, Subscription>,
    /// Responses that were not answered yet: nonce → what they carried.
    in_flight: BTreeMap<u64, Sent>,
    last_nonce: u64,
}

#[derive(Debug, Default)]
struct Subscription {
    wildcard: bool,
    names: BTreeSet<String>,
    /// Versions that the client has. `None`: it knows that there is no such resource.
    known: BTreeMap<String, Option<String>>,
}

/// The difference between what a client has and what it should have.
struct Difference {
    changed: Vec<Resource>,
    removed: Vec<String>,
}

const WILDCARD: &str = "*";

// === impl DeltaSession ===

impl Session for DeltaSession {
    type Request = DeltaDiscoveryRequest;
    type Response = DeltaDiscoveryResponse;

    fn node(request: &DeltaDiscoveryRequest) -> Option<&Node> {
        request.node.as_ref()
    }

    fn on_request(
        &mut self,
        request: &DeltaDiscoveryRequest,
        resources: &ResourceSet,
        group: &str,
    ) -> Reaction<DeltaDiscoveryResponse> {
        let Some(kind) = Kind::from_type_url(&request.type_url) else { return Reaction::default() };
        let mut verdicts: Vec<Verdict> = self.verdict(request).into_iter().collect();
        let first = !self.subscriptions.contains_key(&kind);
        let subscription = self.subscriptions.entry(kind).or_default();
        if first {
            subscription.open(request);
        }
        subscription.update(request, first);

        let difference = subscription.difference(kind, &resources.of_kind(kind, group));
        let up_to_date = difference.is_empty();
        // A client that starts with nothing waits for the first answer, even if that says "no clusters".
        let greet = first && kind == Kind::Cluster;
        if first && up_to_date {
            let revision = resources.revisions.latest;
            let parts = subscription.parts(kind).into_iter();
            verdicts.extend(parts.map(|part| Verdict::Acked { part, resource: String::new(), revision }));
        }
        let mut responses = Vec::new();
        if greet || !up_to_date {
            for difference in difference.in_order(kind) {
                responses.push(self.response(kind, resources.revisions.latest, difference));
            }
        }
        Reaction { responses, verdicts }
    }

    /// Clusters come before the filter that routes to them, and go after it.
    fn on_change(&mut self, resources: &ResourceSet, group: &str) -> Vec<DeltaDiscoveryResponse> {
        let mut upserts = Vec::new();
        let mut removals = Vec::new();
        for kind in Kind::ALL {
            let Some(subscription) = self.subscriptions.get_mut(&kind) else { continue };
            let Difference { changed, removed } =
                subscription.difference(kind, &resources.of_kind(kind, group));
            if !changed.is_empty() {
                let difference = Difference { changed, removed: Vec::new() };
                for difference in difference.in_order(kind) {
                    upserts.push(self.response(kind, resources.revisions.latest, difference));
                }
            }
            if !removed.is_empty() {
                removals.push((kind, Difference { changed: Vec::new(), removed }));
            }
        }
        for (kind, difference) in removals {
            upserts.push(self.response(kind, resources.revisions.latest, difference));
        }
        upserts
    }
}

impl DeltaSession {
    fn verdict(&mut self, request: &DeltaDiscoveryRequest) -> Option<Verdict> {
        let nonce = request.response_nonce.parse().ok()?;
        let sent = self.in_flight.remove(&nonce)?;
        Some(sent.verdict(request.error_detail.as_ref()))
    }

    fn response(&mut self, kind: Kind, revision: u64, difference: Difference) -> DeltaDiscoveryResponse {
        self.last_nonce += 1;
        let name = difference.changed.first().map_or("", |resource| &resource.name);
        self.in_flight.insert(self.last_nonce, Sent::new(kind, name, revision));
        DeltaDiscoveryResponse {
            system_version_info: revision.to_string(),
            type_url: kind.type_url().to_owned(),
            nonce: self.last_nonce.to_string(),
            resources: difference.changed,
            removed_resources: difference.removed,
            ..DeltaDiscoveryResponse::default()
        }
    }
}

// === impl Subscription ===

impl Subscription {
    /// The first request of a kind: what a reconnecting client still has, and the implicit wildcard.
    fn open(&mut self, request: &DeltaDiscoveryRequest) {
        let versions = request.initial_resource_versions.iter();
        self.known = versions.map(|(name, version)| (name.clone(), Some(version.clone()))).collect();
        self.wildcard = request.resource_names_subscribe.is_empty();
    }

    fn update(&mut self, request: &DeltaDiscoveryRequest, first: bool) {
        for name in &request.resource_names_subscribe {
            if name == WILDCARD {
                self.wildcard = true;
                continue;
            }
            self.names.insert(name.clone());
            if !first {
                // Asking again means that the client wants it again.
                self.known.remove(name);
            }
        }
        for name in &request.resource_names_unsubscribe {
            if name == WILDCARD {
                self.wildcard = false;
            } else {
                self.names.remove(name);
                self.known.remove(name);
            }
        }
        if !self.wildcard {
            self.known.retain(|name, _| self.names.contains(name));
        }
    }

    /// The parts that this is about.
    fn parts(&self, kind: Kind) -> BTreeSet<Part> {
        match kind {
            Kind::Cluster => BTreeSet::from([Part::Clusters]),
            Kind::Filter => self.names.iter().map(|name| Part::of(kind, name)).collect(),
        }
    }

    /// What to send, which from then on counts as known.
    fn difference(&mut self, kind: Kind, existing: &BTreeMap<&str, &crate::Resource>) -> Difference {
        let mut changed = Vec::new();
        for (name, resource) in existing {
            let wanted = self.wildcard || self.names.contains(*name);
            if !wanted || self.known.get(*name).is_some_and(|known| known.as_ref() == Some(&resource.version))
            {
                continue;
            }
            self.known.insert((*name).to_owned(), Some(resource.version.clone()));
            changed.push(Resource {
                name: (*name).to_owned(),
                version: resource.version.clone(),
                resource: Some(resource.body.clone()),
                ..Resource::default()
            });
        }
        // A listener that hears that its filter does not exist stays in warming for good, default configuration or
        // not. Silence lets its timeout run out instead.
        if kind == Kind::Filter {
            return Difference { changed, removed: Vec::new() };
        }
        let candidates: BTreeSet<&String> = self.known.keys().chain(&self.names).collect();
        let removed: Vec<String> = candidates
            .into_iter()
            .filter(|name| !existing.contains_key(name.as_str()) && self.known.get(*name) != Some(&None))
            .cloned()
            .collect();
        for name in &removed {
            // Under a wildcard nobody asked for the name, so there is nothing to remember.
            if self.names.contains(name) {
                self.known.insert(name.clone(), None);
            } else {
                self.known.remove(name);
            }
        }
        Difference { changed, removed }
    }
}

// === impl Difference ===

impl Difference {
    /// The parts of it, each to be sent by itself. Envoy takes or refuses a response as a whole and in an order of its own;
    /// a policy has to be there before a token that is under it, and one that is refused must not keep tokens out.
    fn in_order(self, kind: Kind) -> Vec<Difference> {
        match kind {
            Kind::Cluster => vec![self],
            Kind::Filter => {
                let alone = |resource| Difference { changed: vec![resource], removed: Vec::new() };
                self.changed.into_iter().map(alone).collect()
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty()
    }
}

#[cfg(test)]
pub(crate) mod tests;
