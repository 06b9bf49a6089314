//! Test support: one request to the router, without a socket.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;

async fn send(request: Request<Body>) -> (StatusCode, String, String) {
    let response = crate::router().oneshot(request).await.unwrap();
    let status = response.status();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn get(path: &str) -> Value {
    let (status, _, body) = send(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    serde_json::from_str(&body).unwrap()
}

pub(crate) async fn post(path: &str, body: impl ToString) -> (StatusCode, Value) {
    let (status, _, body) = send(Request::post(path).body(Body::from(body.to_string())).unwrap()).await;
    (status, serde_json::from_str(&body).unwrap())
}

/// The payloads of an event stream; one that is not JSON comes as a string.
pub(crate) async fn stream(path: &str, body: &Value) -> Vec<Value> {
    let (status, kind, body) = send(Request::post(path).body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/event-stream"));
    let frames = body.strip_suffix("\n\n").unwrap().split("\n\n");
    frames
        .map(|frame| {
            let (names, data): (Vec<&str>, Vec<&str>) =
                frame.lines().partition(|line| line.starts_with("event: "));
            let payload = data.concat().strip_prefix("data: ").unwrap().to_owned();
            let value = serde_json::from_str(&payload).unwrap_or(Value::String(payload));
            // A named event says its name twice.
            assert!(names.iter().all(|name| name.strip_prefix("event: ") == value["type"].as_str()));
            value
        })
        .collect()
}

/// Every string found at `pointer` in `events`, joined.
pub(crate) fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}
