//! Who may use the gateway at all, and for what.

use crate::gateway::NotAdmitted;
use crate::host::{Headers, Host};
use crate::reply::Reply;
use crate::route::TokenPath;
use aegis_policy::{FilterMode, TokenRoute};
use std::net::IpAddr;

/// The answer to requests that need a token and have none.
pub(super) fn token_route_required() -> Reply {
    let message = "Requests need a token: use /v1/__gw__/t/<token>/… as base URL.";
    Reply::boundary(403, "token_route_required", message)
}

/// The answer to requests for `path`, whose token leads nowhere.
pub(super) fn not_admitted(error: NotAdmitted, path: &TokenPath<'_>) -> Reply {
    match error {
        NotAdmitted::Unknown if path.token.is_empty() => token_route_required(),
        NotAdmitted::Unknown => Reply::simple(404, "token_not_found", "token invalid or expired"),
        NotAdmitted::Reserved => Reply::boundary(403, "port_not_allowed", "This port is the gateway's own."),
        NotAdmitted::NotReady => {
            let message = "The gateway has not got the configuration for this token yet.";
            Reply::boundary(503, "gateway_starting", message)
        }
    }
}

/// Why a request for `path` under `route` is turned away before it is looked into.
pub(super) fn turns_away(
    host: &impl Host,
    headers: &Headers,
    path: &TokenPath<'_>,
    route: &TokenRoute,
) -> Option<Reply> {
    if route.internal && !is_internal_client(host, headers) {
        if path.token.is_empty() {
            return Some(token_route_required());
        }
        let message = "Only clients of the internal network may use this name in place of a token.";
        return Some(Reply::boundary(403, "numeric_token_public_restricted", message));
    }
    // A token may do less than everything for all of its clients; of clients only internal ones may ask for nothing.
    let asks_for_nothing = path.mode > route.mode && path.mode == FilterMode::Passthrough;
    if asks_for_nothing && !is_internal_client(host, headers) {
        let message = "Only clients of the internal network may use __passthrough.";
        return Some(Reply::boundary(403, "passthrough_mode_public_restricted", message));
    }
    path.climbs().then(|| Reply::boundary(400, "invalid_path", "The path leads out of the upstream's."))
}

/// The other end of the connection.
fn peer(host: &impl Host) -> Option<IpAddr> {
    let peer = host.peer()?;
    let ip = peer.rsplit_once(':').map_or(peer.as_str(), |(ip, _port)| ip);
    Some(ip.trim_matches(['[', ']']).parse::<IpAddr>().ok()?.to_canonical())
}

/// Whether the other end of the connection is on this machine, whoever it speaks for.
pub(super) fn is_loopback(host: &impl Host) -> bool {
    peer(host).is_some_and(|ip| ip.is_loopback())
}

/// Whether the client is in the internal network and nothing says that it speaks for somebody else.
fn is_internal_client(host: &impl Host, headers: &Headers) -> bool {
    let internal = match peer(host) {
        Some(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        None => false,
    };
    internal && headers.get("x-forwarded-for").is_none()
}
