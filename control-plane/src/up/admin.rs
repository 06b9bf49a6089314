//! Asking Envoy which configuration its filter runs.

use crate::http::Client;
use aegis_model::Revisions;
use anyhow::{Context as _, ensure};
use axum::http::StatusCode;

/// Envoy's admin interface.
#[derive(Debug, Clone)]
pub(crate) struct EnvoyAdmin {
    client: Client,
    url: String,
}

/// The revisions that a filter runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    routes: u64,
    policies: u64,
}

/// The gauges that the filter sets when it has taken a configuration. Envoy's ACK alone is no proof: it acknowledges, and
/// does not apply, a configuration that it has refused before.
const ROUTES: &str = "wasmcustom.aegisgate.routes_revision";
const POLICIES: &str = "wasmcustom.aegisgate.policies_revision";

/// Both, in the filter of a query.
const BOTH: &str = "%5Ewasmcustom%5C.aegisgate%5C.(routes%7Cpolicies)_revision$";

// === impl EnvoyAdmin ===

impl EnvoyAdmin {
    /// The admin interface on a port of the loopback address.
    pub(crate) fn new(port: u16) -> EnvoyAdmin {
        EnvoyAdmin { client: Client::local(), url: format!("http://127.0.0.1:{port}/stats?filter={BOTH}") }
    }

    /// What the filter runs; `None` while it does not run with both parts of its configuration.
    pub(crate) async fn applied(&self) -> anyhow::Result<Option<Applied>> {
        let (status, body) = self.client.get(&self.url).await.context("Envoy's admin interface")?;
        ensure!(status == StatusCode::OK, "Envoy's admin interface answered {status}");
        Ok(parse(std::str::from_utf8(&body)?))
    }
}

// === impl Applied ===

impl Applied {
    /// Whether that is what should run.
    pub(crate) fn is(self, current: &Revisions) -> bool {
        self == Applied { routes: current.routes, policies: current.policies }
    }
}

/// Reads `name: value` lines.
fn parse(stats: &str) -> Option<Applied> {
    let gauge =
        |name: &str| stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok());
    Some(Applied { routes: gauge(ROUTES)?, policies: gauge(POLICIES)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_gauges() {
        let both = "wasmcustom.aegisgate.policies_revision: 3\nwasmcustom.aegisgate.routes_revision: 12\n";
        assert_eq!(parse(both), Some(Applied { routes: 12, policies: 3 }));
        assert_eq!(parse("wasmcustom.aegisgate.routes_revision: 12\n"), None);
        assert_eq!(parse(""), None);
    }
}
