//! Which requests the gateway takes, besides those with a token.

use aegis_model::{Destinations, Token, UpstreamBase, is_name};
use aegis_policy::{RequestHmac, TokenHash};
use aegis_xds::{Access, NamedRoute};
use anyhow::{Context as _, bail};
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
    /// More upstreams, as `token:service[:port]` with commas between: http://service:port/v1 for requests with this name in
    /// place of a token. The port is the name's if it is one. They replace tokens of the same name.
    #[arg(long, env = "AEGIS_DOCKER_UPSTREAMS", default_value = "", hide_default_value = true)]
    pub docker_upstreams: String,
    /// Whether names that stand in place of a token are for clients outside of the internal network, too.
    #[arg(long, env = "AEGIS_ALLOW_PUBLIC_NUMERIC_TOKENS", default_value_t = false, action = ArgAction::Set)]
    pub allow_public_numeric_tokens: bool,
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

/// Ports below are the system's.
const FIRST_PORT: u16 = 1024;

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
        for entry in self.docker_upstreams.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let route = self.docker_upstream(entry, destinations);
            let route = route.with_context(|| format!("AEGIS_DOCKER_UPSTREAMS: {entry}"))?;
            if named.iter().any(|known| known.hash == route.hash) {
                bail!("AEGIS_DOCKER_UPSTREAMS: {entry}: the name is there twice");
            }
            named.push(route);
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

    /// Reads `token:service[:port]`.
    fn docker_upstream(&self, entry: &str, destinations: Destinations) -> anyhow::Result<NamedRoute> {
        let (name, service) =
            entry.split_once(':').context("write it as token:service or token:service:port")?;
        // Two underscores separate a mode.
        if !is_name(name) || name.contains("__") {
            bail!("a token must have 1 to 48 letters, digits, '.', '-' or single '_'");
        }
        let base = match (service.contains(':'), local_port(name)) {
            (true, _) => format!("http://{service}/v1"),
            (false, Some(port)) => format!("http://{service}:{port}/v1"),
            (false, None) => bail!("the service needs a port, because the token is none"),
        };
        // Anybody can guess the others.
        let internal = Token::parse(name).is_err() && !self.allow_public_numeric_tokens;
        Ok(NamedRoute {
            hash: TokenHash::of(name.as_bytes()),
            upstream: upstream(&base, destinations)?,
            internal,
        })
    }
}

/// The port that a token is.
fn local_port(token: &str) -> Option<u16> {
    let port: u16 = token.parse().ok()?;
    (port >= FIRST_PORT && port.to_string() == token).then_some(port)
}

/// Reads the address of an upstream.
fn upstream(text: &str, destinations: Destinations) -> anyhow::Result<UpstreamBase> {
    let base = UpstreamBase::parse(text).with_context(|| format!("{text} cannot be an upstream"))?;
    destinations.check(&base).with_context(|| format!("{text} may not be an upstream"))?;
    Ok(base)
}

#[cfg(test)]
mod tests;
