//! Which requests the gateway takes, besides those with a token.

use aegis_model::{Destinations, UpstreamBase};
use aegis_policy::{RequestHmac, TokenHash};
use aegis_xds::{Access, NamedRoute};
use anyhow::Context as _;
use clap::{ArgAction, Args, value_parser};

/// Which requests the gateway takes, besides those with a token.
#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    /// Whether only clients of this machine are served. The other end of the connection counts, not x-forwarded-for.
    #[arg(long, env = "AEGIS_ENFORCE_LOOPBACK_ONLY", default_value_t = false, action = ArgAction::Set)]
    pub enforce_loopback_only: bool,
    /// Where requests without a token go, if they come from the internal network [default: they are refused].
    #[arg(long, env = "AEGIS_UPSTREAM_BASE_URL", default_value = "", hide_default_value = true)]
    pub upstream_base_url: String,
    /// Whether requests must be signed with `AEGIS_REQUEST_HMAC_SECRET`, which Envoy has to have in its environment.
    #[arg(long, env = "AEGIS_ENABLE_REQUEST_HMAC_AUTH", default_value_t = false, action = ArgAction::Set)]
    pub enable_request_hmac_auth: bool,
    /// Seconds that the time of a signature may be off.
    #[arg(long, env = "AEGIS_REQUEST_REPLAY_WINDOW_SECONDS", default_value_t = 300,
          value_parser = value_parser!(u32).range(1..=86400))]
    pub request_replay_window_seconds: u32,
    /// Nonces that one Envoy remembers; when it has no room for another, signed requests are refused.
    #[arg(long, env = "AEGIS_REQUEST_NONCE_CACHE_SIZE", default_value_t = 50_000,
          value_parser = value_parser!(u32).range(64..=1_000_000))]
    pub request_nonce_cache_size: u32,
}

// === impl AccessArgs ===

impl AccessArgs {
    /// The same as the filter is told. Upstreams are where `destinations` allows.
    pub(super) fn render(&self, destinations: Destinations) -> anyhow::Result<Access> {
        let mut named = Vec::new();
        if !self.upstream_base_url.is_empty() {
            let upstream = upstream(&self.upstream_base_url, destinations);
            let upstream = upstream.context("AEGIS_UPSTREAM_BASE_URL")?;
            named.push(NamedRoute { hash: TokenHash::of(b""), upstream, internal: true });
        }
        Ok(Access {
            loopback_only: self.enforce_loopback_only,
            request_hmac: self.enable_request_hmac_auth.then_some(RequestHmac {
                window_seconds: self.request_replay_window_seconds,
                nonce_cache_size: self.request_nonce_cache_size,
            }),
            named,
        })
    }
}

/// Reads the address of an upstream.
fn upstream(text: &str, destinations: Destinations) -> anyhow::Result<UpstreamBase> {
    let base = UpstreamBase::parse(text).with_context(|| format!("{text} cannot be an upstream"))?;
    destinations.check(&base).with_context(|| format!("{text} may not be an upstream"))?;
    Ok(base)
}

#[cfg(test)]
mod tests;
