//! Asking Envoy which revision its filter runs.

use super::http::LocalClient;
use anyhow::{Context as _, ensure};
use axum::http::StatusCode;

/// Envoy's admin interface.
#[derive(Debug, Clone)]
pub(crate) struct EnvoyAdmin {
    client: LocalClient,
    revision_url: String,
}

/// The gauge that the filter sets when it has taken a configuration. Envoy's ACK alone is no proof: it acknowledges,
/// and does not apply, a configuration that it has refused before.
const GAUGE: &str = "wasmcustom.aegisgate.config_revision";

// === impl EnvoyAdmin ===

impl EnvoyAdmin {
    /// The admin interface on a port of the loopback address.
    pub(crate) fn new(port: u16) -> EnvoyAdmin {
        let filter = GAUGE.replace('.', "\\.");
        let revision_url = format!("http://127.0.0.1:{port}/stats?filter=^{filter}$")
            .replace('\\', "%5C")
            .replace('^', "%5E");
        EnvoyAdmin { client: LocalClient::new(), revision_url }
    }

    /// The revision that the filter runs; `None` while it runs none.
    pub(crate) async fn revision(&self) -> anyhow::Result<Option<u64>> {
        let (status, body) = self.client.get(&self.revision_url).await.context("Envoy's admin interface")?;
        ensure!(status == StatusCode::OK, "Envoy's admin interface answered {status}");
        Ok(parse(std::str::from_utf8(&body)?))
    }
}

/// Reads `name: value` lines.
fn parse(stats: &str) -> Option<u64> {
    stats.lines().find_map(|line| line.strip_prefix(GAUGE)?.strip_prefix(": ")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_gauge() {
        assert_eq!(parse("wasmcustom.aegisgate.config_revision: 12\n"), Some(12));
        assert_eq!(parse("wasmcustom.aegisgate.config_revision_old: 12\n"), None);
        assert_eq!(parse(""), None);
    }
}
