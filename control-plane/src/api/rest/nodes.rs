//! The connected Envoys.

use crate::api::caller::Caller;
use crate::api::{Api, ApiError};
use aegis_model::{Role, Store as _};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The fleet, as this control plane sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FleetView {
    /// What every Envoy should run.
    current: RevisionsView,
    /// The Envoys that are connected to this control plane.
    nodes: BTreeMap<String, NodeView>,
}

/// Revisions of the two parts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RevisionsView {
    latest: u64,
    routes: u64,
    policies: u64,
}

/// One Envoy.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeView {
    group: String,
    streams: usize,
    /// The revision that was sent last.
    sent: u64,
    /// Accepted revisions by part: clusters, policies, routes.
    acked: BTreeMap<&'static str, u64>,
    /// Refused revisions by part, with Envoy's own words.
    refused: BTreeMap<&'static str, RefusalView>,
    /// Revisions that its filter reports to run, by part.
    applied: BTreeMap<&'static str, u64>,
    /// Whether the filter runs what is current.
    up_to_date: bool,
}

/// A refusal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusalView {
    revision: u64,
    message: String,
}

/// Shows the connected Envoys.
#[utoipa::path(get, path = "/__gw__/api/nodes", responses((status = 200, body = FleetView)))]
pub(super) async fn list(State(api): State<Arc<Api>>, caller: Caller) -> Result<Json<FleetView>, ApiError> {
    caller.require(Role::Viewer)?;
    let current = api.store.revisions().await?;
    let nodes = api.fleet.nodes().into_iter().map(|(id, status)| {
        let by_name = |revisions: &BTreeMap<aegis_xds::Part, u64>| {
            revisions.iter().map(|(part, revision)| (part.name(), *revision)).collect::<BTreeMap<_, _>>()
        };
        let applied = by_name(&status.applied);
        let runs = |part, revision: u64| applied.get(part) == Some(&revision);
        let refused = status.refused.iter().map(|(part, refusal)| {
            (part.name(), RefusalView { revision: refusal.revision, message: refusal.message.clone() })
        });
        let view = NodeView {
            up_to_date: runs("routes", current.routes) && runs("policies", current.policies),
            refused: refused.collect(),
            acked: by_name(&status.acked),
            applied,
            group: status.group,
            streams: status.streams,
            sent: status.sent,
        };
        (id, view)
    });
    let nodes = nodes.collect();
    let current =
        RevisionsView { latest: current.latest, routes: current.routes, policies: current.policies };
    Ok(Json(FleetView { current, nodes }))
}
