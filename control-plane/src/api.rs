//! The control plane's HTTP API.
//!
//! * [`admin`]: registering, looking up and removing upstreams.
//! * [`open`]: health, readiness and what a browser or crawler asks for; no key needed.

mod admin;
mod base_url;
mod error;
mod open;

#[cfg(test)]
mod tests;

use crate::up::EnvoyAdmin;
use aegis_store::SqliteStore;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use error::ApiError;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// What handlers share.
#[derive(Debug)]
pub(crate) struct Api {
    /// Tokens and upstreams.
    pub store: SqliteStore,
    /// Notified after every committed change.
    pub changed: Arc<Notify>,
    /// The key that the admin API asks for.
    pub gateway_key: SecretString,
    /// Ports from which base URLs are made.
    pub ports: base_url::Ports,
    /// The Envoy under the same supervisor, if there is one.
    pub envoy: Option<EnvoyAdmin>,
    /// When the process started.
    pub started: Instant,
}

pub(crate) use base_url::Ports;

/// Far more than any admin request needs.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

// === impl Api ===

impl Api {
    /// The routes.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/__gw__/register", post(admin::register))
            .route("/__gw__/lookup", post(admin::lookup))
            .route("/__gw__/unregister", post(admin::unregister))
            .route("/", get(open::index))
            .route("/health", get(open::health))
            .route("/ready", get(open::ready))
            .route("/robots.txt", get(open::robots))
            .route("/favicon.ico", get(open::favicon))
            .fallback(async || ApiError::UnknownPath)
            .method_not_allowed_fallback(async || ApiError::WrongMethod)
            .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
            .with_state(Arc::new(self))
    }
}
