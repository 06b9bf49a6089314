use super::*;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

struct Site {
    router: Router,
    changed: Arc<Notify>,
    _dir: TempDir,
}

impl Site {
    async fn new() -> Site {
        let dir = TempDir::new().unwrap();
        let changed = Arc::new(Notify::new());
        let api = Api {
            store: SqliteStore::open(&dir.path().join("aegisgate.db")).await.unwrap(),
            changed: Arc::clone(&changed),
            gateway_key: "gk".into(),
            ports: Ports { gateway: 18080, admin: 18081 },
            envoy: None,
            started: Instant::now(),
        };
        Site { router: api.router(), changed, _dir: dir }
    }

    async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> (StatusCode, Vec<u8>) {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:18080");
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    async fn post(&self, action: &str, body: Value) -> (u16, Value) {
        let (status, body) = self.send("POST", &format!("/__gw__/{action}"), body.to_string()).await;
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    async fn error(&self, action: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.post(action, body).await;
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    }
}

fn registration(base: &str) -> Value {
    json!({ "upstream_base": base, "gateway_key": "gk" })
}

#[tokio::test]
async fn registers_an_upstream_once() {
    let site = Site::new().await;
    let (status, first) = site.post("register", registration("https://up.test/v1/")).await;
    let token = first["token"].as_str().unwrap();
    assert_eq!((status, token.len()), (200, 24));
    let base_url = format!("http://127.0.0.1:18080/v1/__gw__/t/{token}");
    assert_eq!(first, json!({ "token": token, "baseUrl": base_url, "whitelist_key": [] }));
    site.changed.notified().await;

    let (status, second) = site.post("register", registration("https://up.test/v1")).await;
    assert_eq!(
        (status, &second["already_registered"], &second["token"]),
        (200, &json!(true), &first["token"])
    );
    assert!(second["detail"].is_string());
    assert_eq!(site.post("lookup", registration("https://up.test/v1")).await, (200, first));
}

#[tokio::test]
async fn a_whitelist_is_replaced_when_given_and_kept_when_not() {
    let site = Site::new().await;
    for (list, expected) in [(Some(json!(["a"])), "a"), (Some(json!(["b"])), "b"), (None, "b")] {
        let mut body = registration("https://up.test/v1/");
        if let Some(list) = list {
            body["whitelist_key"] = list;
        }
        assert_eq!(site.post("register", body).await.1["whitelist_key"], json!([expected]));
    }
}

#[tokio::test]
async fn removes_a_token() {
    let site = Site::new().await;
    let (_, registered) = site.post("register", registration("https://up.test/v1")).await;
    let body = json!({ "token": registered["token"], "gateway_key": "gk" });
    let removed = json!({ "ok": true, "message": "token removed" });
    assert_eq!(site.post("unregister", body.clone()).await, (200, removed));
    assert_eq!(site.error("unregister", body).await, (404, "token_not_found".to_owned()));
    assert_eq!(site.error("lookup", registration("https://up.test/v1")).await, (404, "not_found".to_owned()));
}

#[tokio::test]
async fn every_refusal_has_its_code() {
    let site = Site::new().await;
    for (action, body, status, code) in [
        ("register", json!("text"), 400, "invalid_json"),
        ("register", json!([1]), 400, "invalid_json"),
        ("register", json!({ "gateway_key": "gk" }), 400, "missing_params"),
        ("register", json!({ "upstream_base": "https://up.test" }), 400, "missing_params"),
        ("register", json!({ "upstream_base": 5, "gateway_key": "gk" }), 400, "missing_params"),
        ("unregister", json!({ "gateway_key": "gk" }), 400, "missing_params"),
        (
            "register",
            json!({ "upstream_base": "https://up.test", "gateway_key": "no" }),
            403,
            "gateway_key_invalid",
        ),
        ("lookup", json!({ "upstream_base": "nonsense", "gateway_key": "no" }), 403, "gateway_key_invalid"),
        (
            "register",
            registration("https://your-upstream.example.com/v1/"),
            400,
            "example_upstream_forbidden",
        ),
        ("register", registration("ftp://up.test/v1"), 400, "invalid_upstream_base"),
        ("lookup", registration("http://h/v1?x=1"), 400, "invalid_upstream_base"),
        ("lookup", registration("https://never.test/v1"), 404, "not_found"),
        ("unregister", json!({ "token": "missing", "gateway_key": "gk" }), 404, "token_not_found"),
        ("nothing", json!({}), 404, "not_found"),
        ("register", json!("x".repeat(70_000)), 413, "request_body_too_large"),
    ] {
        assert_eq!(site.error(action, body).await, (status, code.to_owned()), "{action} {code}");
    }
    let (status, body) = site.send("POST", "/__gw__/register", "not json").await;
    assert_eq!(
        (status.as_u16(), body.starts_with(br#"{"detail""#) || body.starts_with(br#"{"error""#)),
        (400, true)
    );
    assert_eq!(site.send("GET", "/__gw__/register", "").await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_open_paths_answer_get_and_head() {
    let site = Site::new().await;
    for (path, status) in
        [("/", 200), ("/health", 200), ("/ready", 200), ("/robots.txt", 200), ("/favicon.ico", 204)]
    {
        for method in ["GET", "HEAD"] {
            assert_eq!(site.send(method, path, "").await.0.as_u16(), status, "{method} {path}");
        }
    }
    assert_eq!(site.send("GET", "/health", "").await.1, br#"{"status":"ok"}"#);
    let (_, ready) = site.send("GET", "/ready", "").await;
    let ready: Value = serde_json::from_slice(&ready).unwrap();
    assert_eq!(ready, json!({ "status": "ready", "checks": { "storage": "ok" } }));
}
