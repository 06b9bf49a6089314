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

/// What a check says that has passed.
const OK: &str = "ok";

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

/// `GET /ready`: the store answers, what is in it is published, the filter's module is there, a policy acts, and the Envoy
/// under the same supervisor runs the current revision.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let mut checks = Map::new();
    let mut ready = true;
    let mut check = |name: &str, passed: bool, otherwise: &str| {
        checks.insert(name.to_owned(), if passed { OK } else { otherwise }.into());
        ready &= passed;
    };
    let revisions = api.store.revisions().await;
    check("storage", revisions.is_ok(), "error: the database does not answer");
    check("xds", !api.published.is_failing(), "error: changes cannot be published, see the log");
    check("module", api.published.has_module(), "error: the filter's module is gone, start again");
    check("policy", api.published.counts().policies > 0, "error: no policy acts");
    if let Some(envoy) = &api.envoy {
        let running = envoy.applied().await;
        let current =
            matches!((&running, &revisions), (Ok(Some(running)), Ok(current)) if running.is(current));
        let verdict = match running {
            _ if current => OK,
            Ok(Some(_)) => "applying the current configuration",
            Ok(None) => "waiting for the filter",
            Err(_) => "not running",
        };
        check("envoy", current, verdict);
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
