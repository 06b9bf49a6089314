//! Health, readiness and what a browser or crawler asks for.

use super::Api;
use aegis_model::Store as _;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `GET /`
pub(super) async fn index(State(api): State<Arc<Api>>) -> Json<Value> {
    Json(json!({
        "name": "AegisGate",
        "version": env!("CARGO_PKG_VERSION"),
        "status": "ok",
        "uptime_seconds": api.started.elapsed().as_secs(),
        "routes": ["/v1/*", "/v2/*"],
    }))
}

/// `GET /health`: the process answers.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /ready`: the store answers, and the Envoy under the same supervisor runs the current revision.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let mut checks = Map::new();
    let revisions = api.store.revisions().await;
    let storage = if revisions.is_ok() { "ok" } else { "error: the database does not answer" };
    checks.insert("storage".to_owned(), storage.into());
    let mut ready = revisions.is_ok();
    if let Some(envoy) = &api.envoy {
        let running = envoy.applied().await;
        let current =
            matches!((&running, &revisions), (Ok(Some(running)), Ok(current)) if running.is(current));
        let verdict = match running {
            _ if current => "ok",
            Ok(Some(_)) => "applying the current configuration",
            Ok(None) => "waiting for the filter",
            Err(_) => "not running",
        };
        checks.insert("envoy".to_owned(), verdict.into());
        ready &= current;
    }
    let (status, word) =
        if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "degraded") };
    (status, Json(json!({ "status": word, "checks": checks })))
}

/// `GET /robots.txt`
pub(super) async fn robots() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], "User-agent: *\nDisallow: /\n")
}

/// `GET /favicon.ico`
pub(super) async fn favicon() -> StatusCode {
    StatusCode::NO_CONTENT
}
