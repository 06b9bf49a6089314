//! The control plane's HTTP API.
//!
//! * [`admin`]: the original's API for tokens, which asks for the gateway key in the body.
//! * [`rest`]: everything else, which asks for a key of its own.
//! * [`guard`]: who may ask at all, and how often; [`peer`], [`limiter`].
//! * [`metrics`]: for Prometheus.
//! * [`open`]: health, readiness and what a browser or crawler asks for; no key needed.

mod admin;
mod base_url;
mod caller;
mod error;
mod guard;
mod limiter;
mod metrics;
mod open;
mod peer;
mod rest;

#[cfg(test)]
mod tests;

pub(crate) use base_url::Ports;
pub(crate) use limiter::Limiter;
pub(crate) use peer::{Network, TrustedProxies};
pub(crate) use rest::openapi;

use crate::collector::Tallies;
use crate::publisher::Published;
use crate::up::EnvoyAdmin;
use aegis_model::Destinations;
use aegis_store::{SqlStore, StoreError};
use aegis_xds::{Fleet, ReportSink};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use error::ApiError;
use secrecy::SecretString;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// What handlers share.
#[derive(Debug)]
pub(crate) struct Api {
    /// Everything that is kept.
    pub store: SqlStore,
    /// Notified after every committed change.
    pub changed: Arc<Notify>,
    /// The connected Envoys.
    pub fleet: Fleet,
    /// The key that the admin API asks for.
    pub gateway_key: SecretString,
    /// Ports from which base URLs are made.
    pub ports: base_url::Ports,
    /// Where upstreams may be.
    pub destinations: Destinations,
    /// Whether only clients of this machine are served.
    pub loopback_only: bool,
    /// Whose word about their clients counts.
    pub proxies: TrustedProxies,
    /// Requests to the original's API, by client.
    pub requests: Limiter<IpAddr>,
    /// Wrong keys, by who is connected: a client may make up where it comes from.
    pub failures: Limiter<IpAddr>,
    /// What Envoys are told.
    pub published: Published,
    /// What was reported.
    pub tallies: Arc<Tallies>,
    /// Where reports go.
    pub sink: ReportSink,
    /// The Envoy under the same supervisor, if there is one.
    pub envoy: Option<EnvoyAdmin>,
    /// When the process started.
    pub started: Instant,
}

/// Far more than any admin request needs.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// Wrong keys that one peer may try per minute.
pub(crate) const FAILURES_PER_MINUTE: u32 = 100;

// === impl Api ===

impl Api {
    /// The routes.
    pub(crate) fn router(self) -> Router {
        let api = Arc::new(self);
        let original = Router::new()
            .route("/__gw__/register", post(admin::register))
            .route("/__gw__/lookup", post(admin::lookup))
            .route("/__gw__/unregister", post(admin::unregister))
            .route("/__gw__/add", post(admin::add))
            .route("/__gw__/remove", post(admin::remove))
            .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
            .route_layer(axum::middleware::from_fn_with_state(Arc::clone(&api), guard::limit));
        Router::new()
            .merge(original)
            .nest("/__gw__/api", rest::router())
            .route("/metrics", get(metrics::scrape))
            .route_layer(axum::middleware::from_fn_with_state(Arc::clone(&api), guard::internal))
            .route("/", get(open::index))
            .route("/health", get(open::health))
            .route("/ready", get(open::ready))
            .route("/robots.txt", get(open::robots))
            .route("/favicon.ico", get(open::favicon))
            .fallback(async || ApiError::UnknownPath)
            .method_not_allowed_fallback(async || ApiError::WrongMethod)
            .with_state(api)
    }

    /// Carries out `change` and has it published, even if the caller hangs up in between.
    async fn commit<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let changed = Arc::clone(&self.changed);
        let task = tokio::spawn(async move {
            let outcome = change.await;
            changed.notify_one();
            outcome
        });
        Ok(task.await.map_err(|_| ApiError::Storage)??)
    }
}
