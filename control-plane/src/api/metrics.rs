//! `GET /metrics`, for Prometheus. Internal clients need no key: nothing here is a tenant's.

use super::{Api, ApiError};
use crate::collector::Place;
use aegis_model::Store as _;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use std::fmt::Display;
use std::fmt::Write as _;
use std::sync::Arc;

/// Prometheus' text format, version 0.0.4.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Lines of one scrape.
#[derive(Default)]
struct Page(String);

/// `GET /metrics`
pub(super) async fn scrape(State(api): State<Arc<Api>>) -> Result<impl IntoResponse, ApiError> {
    let revisions = api.store.revisions().await?;
    let mut page = Page::default();

    page.family("aegisgate_revision", "gauge", "The revision that every Envoy should run.");
    page.line("aegisgate_revision", &[("part", "routes")], revisions.routes);
    page.line("aegisgate_revision", &[("part", "policies")], revisions.policies);

    let counts = api.published.counts();
    for (name, help, count) in [
        ("aegisgate_tokens", "Tokens.", counts.tokens),
        ("aegisgate_upstreams", "Upstreams.", counts.upstreams),
        (
            "aegisgate_upstreams_withdrawn",
            "Upstreams to which nothing goes, because their names stand for forbidden addresses.",
            counts.withdrawn,
        ),
        ("aegisgate_policies", "Versions of policies that act.", counts.policies),
    ] {
        page.family(name, "gauge", help);
        page.line(name, &[], count);
    }

    let nodes = api.fleet.nodes();
    page.family("aegisgate_nodes", "gauge", "Envoys that are connected to this control plane.");
    page.line("aegisgate_nodes", &[], nodes.len());
    page.family("aegisgate_node_applied_revision", "gauge", "The revision that an Envoy's filter runs.");
    for (node, status) in &nodes {
        for (part, revision) in &status.applied {
            page.line("aegisgate_node_applied_revision", &[("node", node), ("part", part.name())], revision);
        }
    }
    page.family(
        "aegisgate_node_refused",
        "gauge",
        "Whether an Envoy has refused a part of its configuration.",
    );
    for (node, status) in &nodes {
        for part in status.refused.keys() {
            page.line("aegisgate_node_refused", &[("node", node), ("part", part.name())], 1);
        }
    }
    page.family("aegisgate_node_vm_reloads_total", "counter", "VMs of the filter that were started again.");
    for (node, status) in &nodes {
        page.line("aegisgate_node_vm_reloads_total", &[("node", node)], status.vm_reloads);
    }

    page.family("aegisgate_requests_total", "counter", "Exchanges by policy, version and what was done.");
    for ((policy, version, shadow), tally) in api.tallies.versions() {
        let (version, mode) = (version.to_string(), if shadow { "shadow" } else { "enforce" });
        let unchanged = tally.requests.saturating_sub(tally.blocks + tally.changes);
        for (action, count) in [("allow", unchanged), ("change", tally.changes), ("block", tally.blocks)] {
            let labels = [("policy", &*policy), ("version", &version), ("mode", mode), ("action", action)];
            page.line("aegisgate_requests_total", &labels, count);
        }
    }
    page.family("aegisgate_refusals_total", "counter", "Requests that the gateway answered itself, by code.");
    for (code, count) in api.tallies.refusals() {
        page.line("aegisgate_refusals_total", &[("code", &code)], count);
    }

    page.family(
        "aegisgate_events_lost_total",
        "counter",
        "Events that were not kept, by where they were lost.",
    );
    let dropped: u64 = nodes.values().map(|status| status.events_dropped).sum();
    let otlp: u64 = nodes.values().map(|status| status.otlp_dropped).sum();
    let [store, file] = [Place::Store, Place::File].map(|place| api.tallies.lost(place));
    let queue = api.sink.lost();
    for (place, count) in
        [("envoy", dropped), ("otlp", otlp), ("queue", queue), ("store", store), ("file", file)]
    {
        page.line("aegisgate_events_lost_total", &[("where", place)], count);
    }
    page.family("aegisgate_uptime_seconds", "gauge", "How long this control plane runs.");
    page.line("aegisgate_uptime_seconds", &[], api.started.elapsed().as_secs());
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], page.0))
}

// === impl Page ===

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String does not fail.
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "{name}{labels} {value}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_out() {
        let mut page = Page::default();
        page.line("m", &[("node", "a\"b\\c\nd")], 1);
        page.line("n", &[], 2);
        assert_eq!(page.0, "m{node=\"a\\\"b\\\\c\\nd\"} 1\nn 2\n");
    }
}
