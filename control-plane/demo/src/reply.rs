//! HTTP answers: JSON, refusals, and server-sent events at a readable pace.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio_stream::StreamExt as _;

/// The pause between two events: fast enough to read along, slow enough to see that it streams.
const PACE: Duration = Duration::from_millis(10);

/// The request's JSON, or the refusal to send.
pub(crate) fn parse(body: &Bytes) -> Result<Value, Box<Response>> {
    serde_json::from_slice(body).map_err(|error| {
        let body = json!({ "error": {
            "message": format!("the body is not valid JSON: {error}"),
            "type": "invalid_request_error",
            "param": null,
            "code": null,
        }});
        Box::new((StatusCode::BAD_REQUEST, Json(body)).into_response())
    })
}

/// Events, one HTTP chunk each.
pub(crate) fn events(frames: Vec<String>) -> Response {
    let stream = tokio_stream::iter(frames).throttle(PACE).map(Ok::<_, Infallible>);
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}

/// An event without a name.
pub(crate) fn data(payload: &Value) -> String {
    format!("data: {payload}\n\n")
}

/// An event named by its payload's `type`, as OpenAI Responses and Anthropic do.
pub(crate) fn named(payload: &Value) -> String {
    let name = payload.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {name}\ndata: {payload}\n\n")
}

/// Seconds since 1970, for `created`.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// A token count for `usage`: words, which is all that a mock needs.
pub(crate) fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}
