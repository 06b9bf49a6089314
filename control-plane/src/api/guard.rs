//! Who may ask at all, and how often.

use super::{Api, ApiError, TrustedProxies, peer};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// Who asks: set by [`internal`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    /// The other end of the connection.
    pub peer: IpAddr,
    /// Whoever is behind it.
    pub address: IpAddr,
}

/// Lets only clients of the internal network through, or only those of this machine.
pub(super) async fn internal(
    State(api): State<Arc<Api>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let direct = TrustedProxies::direct(peer.ip(), request.headers());
    if api.loopback_only && !direct.is_some_and(|direct| direct.is_loopback()) {
        return Err(ApiError::NotLoopback);
    }
    let address = api.proxies.client(peer.ip(), request.headers());
    let address = address.filter(|address| peer::is_internal(*address)).ok_or(ApiError::NotInternal)?;
    request.extensions_mut().insert(Client { peer: peer.ip().to_canonical(), address });
    Ok(next.run(request).await)
}

/// Lets every client ask so often only.
pub(super) async fn limit(
    State(api): State<Arc<Api>>,
    client: Client,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if !api.requests.admits(client.address, Instant::now()) {
        return Err(ApiError::RateLimited);
    }
    Ok(next.run(request).await)
}

// === impl Client ===

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Client, ApiError> {
        parts.extensions.get().copied().ok_or(ApiError::NotInternal)
    }
}
