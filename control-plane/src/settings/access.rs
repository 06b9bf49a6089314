//! Which requests the gateway takes, besides those with a token.

use aegis_model::{Destinations, Token, UpstreamBase, is_name};
use aegis_policy::{LocalPorts, RequestHmac, TokenHash};
use aegis_xds::{Access, LocalPortRouting, NamedRoute};
use anyhow::{Context as _, bail};
use clap::{ArgAction, Args, value_parser};
use std::net::{IpAddr, ToSocketAddrs as _};

/// Which requests the gateway takes, besides those with a token.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
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
    /// Whether numbers of ports, 1024 to 65535, stand for tokens: http://host:port/v1.
    #[arg(long, env = "AEGIS_ENABLE_LOCAL_PORT_ROUTING", default_value_t = false, action = ArgAction::Set)]
    pub enable_local_port_routing: bool,
    /// The host of these ports, a name or an address. A name is looked up when the control plane starts.
    #[arg(long, env = "AEGIS_LOCAL_PORT_ROUTING_HOST", default_value = "127.0.0.1")]
    pub local_port_routing_host: String,
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

// === impl AccessArgs ===

impl AccessArgs {
    /// The same as the filter is told. Upstreams are where `destinations` allows; `own_ports` are none.
    pub(super) fn render(&self, destinations: Destinations, own_ports: &[u16]) -> anyhow::Result<Access> {
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
            local_ports: if self.enable_local_port_routing {
                let routing = self.local_ports(destinations, own_ports);
                Some(routing.context("AEGIS_LOCAL_PORT_ROUTING_HOST")?)
            } else {
                None
            },
        })
    }

    fn local_ports(&self, destinations: Destinations, own_ports: &[u16]) -> anyhow::Result<LocalPortRouting> {
        let host = match self.local_port_routing_host.parse() {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.local_port_routing_host.clone(),
        };
        let base = upstream(&format!("http://{host}"), destinations)?;
        let address = match base.ip() {
            Some(address) => address,
            None => look_up(&host)?,
        };
        destinations.check_address(address).with_context(|| format!("{host} is {address}, which"))?;
        Ok(LocalPortRouting {
            address,
            host: base.authority().to_owned(),
            reserved: own_ports.to_vec(),
            internal: !self.allow_public_numeric_tokens,
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
        let base = match (service.contains(':'), LocalPorts::port(name)) {
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

/// The address of a host, of several the first IPv4 one.
fn look_up(host: &str) -> anyhow::Result<IpAddr> {
    let found = (host, 0).to_socket_addrs().with_context(|| format!("cannot find the address of {host}"))?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().with_context(|| format!("{host} has no address"))
}

/// Reads the address of an upstream.
fn upstream(text: &str, destinations: Destinations) -> anyhow::Result<UpstreamBase> {
    let base = UpstreamBase::parse(text).with_context(|| format!("{text} cannot be an upstream"))?;
    destinations.check(&base).with_context(|| format!("{text} may not be an upstream"))?;
    Ok(base)
}

#[cfg(test)]
mod tests;
