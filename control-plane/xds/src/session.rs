//! What the two protocols of aggregated discovery have in common.

use crate::{Kind, ResourceSet, filter};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::google::rpc::Status;
use serde::Serialize;

/// The protocol of one stream, as a state machine without I/O.
pub trait Session: Default + Send + 'static {
    /// What the client sends.
    type Request: Send + 'static;
    /// What it gets.
    type Response: Send + 'static;

    /// Who sends it; the first request of a stream says so.
    fn node(request: &Self::Request) -> Option<&Node>;

    /// Takes a request of a node of `group`: a subscription, an acknowledgement or a refusal, or several of these at once.
    fn on_request(
        &mut self,
        request: &Self::Request,
        resources: &ResourceSet,
        group: &str,
    ) -> Reaction<Self::Response>;

    /// Takes a new set of resources.
    fn on_change(&mut self, resources: &ResourceSet, group: &str) -> Vec<Self::Response>;
}

/// What is taken or refused by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Upstream clusters.
    Clusters,
    /// Policies.
    Policies,
    /// Tokens and upstreams.
    Routes,
}

/// What a request says about an earlier response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The client has taken this revision, or already had it when it connected.
    Acked {
        /// Which part.
        part: Part,
        /// The resource, if it was one alone.
        resource: String,
        /// The revision that they were rendered from.
        revision: u64,
    },
    /// The client refused this revision and keeps what it had.
    Nacked {
        /// Which part.
        part: Part,
        /// The resource, if it was one alone.
        resource: String,
        /// The revision that they were rendered from.
        revision: u64,
        /// The client's own words.
        message: String,
    },
}

/// What a response carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    part: Part,
    /// The resource, if it was one alone.
    resource: String,
    revision: u64,
}

/// What to do after a request.
#[derive(Debug, PartialEq)]
pub struct Reaction<R> {
    /// Responses to send, in order.
    pub responses: Vec<R>,
    /// What the request said about earlier responses.
    pub verdicts: Vec<Verdict>,
}

// === impl Part ===

impl Part {
    /// The part that a resource is.
    pub(crate) fn of(kind: Kind, name: &str) -> Part {
        match kind {
            Kind::Cluster => Part::Clusters,
            Kind::Filter if name.starts_with(filter::ROUTES) => Part::Routes,
            Kind::Filter => Part::Policies,
        }
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Part::Clusters => "clusters",
            Part::Policies => "policies",
            Part::Routes => "routes",
        }
    }
}

// === impl Sent ===

impl Sent {
    /// A response with resources of one kind: all clusters, or one filter, which has `name`.
    pub(crate) fn new(kind: Kind, name: &str, revision: u64) -> Sent {
        let resource = if kind == Kind::Cluster { "" } else { name };
        Sent { part: Part::of(kind, name), resource: resource.to_owned(), revision }
    }

    /// What the answer to it means.
    pub(crate) fn verdict(self, error: Option<&Status>) -> Verdict {
        let Sent { part, resource, revision } = self;
        match error {
            Some(status) => Verdict::Nacked { part, resource, revision, message: status.message.clone() },
            None => Verdict::Acked { part, resource, revision },
        }
    }
}

// === impl Reaction ===

impl<R> Default for Reaction<R> {
    fn default() -> Reaction<R> {
        Reaction { responses: Vec::new(), verdicts: Vec::new() }
    }
}
