mod matrix;
mod rest;

use super::*;
use crate::publisher::Publisher;
use aegis_model::Store as _;
use aegis_store::{Database, EncryptionKey};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tempfile::TempDir;
use tower::ServiceExt as _;

const REQUESTS_PER_MINUTE: u32 = 30;

struct Site {
    router: Router,
    store: SqlStore,
    changed: Arc<Notify>,
    dir: TempDir,
}

/// Name of a file that stands for the filter's module.
const MODULE: &str = "filter.wasm";

/// What a publisher publishes of `store`.
async fn published(store: &SqlStore, dir: &std::path::Path) -> Published {
    let key = aegis_engine::MasterKey::from_hex(&"b".repeat(64)).unwrap();
    let (compiler, policy) = crate::policy::Compiler::new(key, None).unwrap();
    std::fs::write(dir.join(MODULE), "").unwrap();
    let settings = aegis_xds::RenderSettings {
        wasm: dir.join(MODULE),
        ca_bundle: "ca.crt".into(),
        policy,
        max_request_body_bytes: 1,
        destinations: Destinations { private: true },
        withdrawn: std::collections::BTreeSet::new(),
        attempt: 0,
        access: aegis_xds::Access::default(),
        field_digest: aegis_xds::FieldDigest::new(str::to_owned),
    };
    let publisher = Publisher::start(store.clone(), settings, compiler, &Fleet::default()).await.unwrap();
    publisher.published()
}

impl Site {
    async fn new() -> Site {
        Site::with(|_| ()).await
    }

    /// A site whose API is a little different.
    async fn with(edit: impl FnOnce(&mut Api)) -> Site {
        let dir = TempDir::new().unwrap();
        let changed = Arc::new(Notify::new());
        let key = EncryptionKey::from_hex(&"a".repeat(64)).unwrap();
        let database = Database::Sqlite(dir.path().join("aegisgate.db"));
        let store = SqlStore::open(&database, &key).await.unwrap();
        let mut api = Api {
            store: store.clone(),
            changed: Arc::clone(&changed),
            fleet: Fleet::default(),
            destinations: Destinations { private: true },
            loopback_only: false,
            proxies: TrustedProxies::new(vec!["10.1.0.0/16".parse().unwrap()]),
            requests: Limiter::new(REQUESTS_PER_MINUTE),
            failures: Limiter::new(FAILURES_PER_MINUTE),
            published: published(&store, dir.path()).await,
            tallies: Arc::default(),
            sink: ReportSink::new(1).0,
            gateway_key: "gk".into(),
            ports: Ports { gateway: 18080, admin: 18081 },
            envoy: None,
            started: Instant::now(),
        };
        edit(&mut api);
        Site { router: api.router(), store, changed, dir }
    }

    async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> (StatusCode, Vec<u8>) {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:18080");
        self.send_from("127.0.0.1", request.body(body.into()).unwrap()).await
    }

    async fn send_from(&self, peer: &str, mut request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
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
    let (_, known) = site.post("register", registration("https://up.test/v1")).await;
    let with = |members: Value| {
        let mut body = json!({ "gateway_key": "gk", "token": known["token"], "whitelist_key": ["a"] });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    for (action, body, status, code) in [
        ("add", with(json!({ "whitelist_key": "a, b" })), 400, "missing_params"),
        ("add", with(json!({ "token": "missing" })), 404, "token_not_found"),
        ("add", with(json!({ "upstream_base": "https://other.test/v1" })), 409, "upstream_pair_conflict"),
        ("remove", with(json!({ "whitelist_key": {} })), 400, "missing_params"),
        ("remove", with(json!({ "gateway_key": "no" })), 403, "gateway_key_invalid"),
        ("register", registration("http://169.254.169.254/latest"), 400, "invalid_upstream_base"),
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
    let checks = json!({ "storage": "ok", "xds": "ok", "module": "ok", "policy": "ok" });
    assert_eq!(ready, json!({ "status": "ready", "checks": checks }));
}

#[tokio::test]
async fn what_is_not_ready_is_named() {
    let site = Site::new().await;
    let ready = async || {
        let (status, body) = site.send("GET", "/ready", "").await;
        (status.as_u16(), serde_json::from_slice::<Value>(&body).unwrap())
    };
    std::fs::remove_file(site.dir.path().join(MODULE)).unwrap();
    let (status, body) = ready().await;
    assert_eq!((status, &body["status"]), (503, &json!("degraded")));
    assert!(body["checks"]["module"].as_str().unwrap().starts_with("error: "), "{body}");
    site.store.close().await;
    let (status, body) = ready().await;
    let failed = |name: &str| body["checks"][name].as_str().unwrap().starts_with("error: ");
    assert_eq!((status, failed("storage"), failed("policy")), (503, true, false), "{body}");
}

#[tokio::test]
async fn field_names_are_added_and_removed_one_by_one() {
    let site = Site::new().await;
    let (_, known) = site.post("register", registration("https://up.test/v1")).await;
    let body = |keys: Value, base: Option<&str>| {
        let mut body = json!({ "gateway_key": "gk", "token": known["token"], "whitelist_key": keys });
        if let Some(base) = base {
            body["upstream_base"] = base.into();
        }
        body
    };
    let (status, added) = site.post("add", body(json!(["A", "b", "a"]), Some("https://UP.test/v1/"))).await;
    assert_eq!(
        (status, &added["added"], &added["whitelist_key"]),
        (200, &json!(["a", "b"]), &json!(["a", "b"]))
    );
    assert_eq!(added["upstream_base"], "https://up.test/v1");
    let before = site.store.revisions().await.unwrap();
    let (_, again) = site.post("add", body(json!(["b"]), None)).await;
    assert_eq!((&again["added"], &again["whitelist_key"]), (&json!([]), &json!(["a", "b"])));
    assert_eq!(site.store.revisions().await.unwrap(), before, "nothing has changed");
    let (_, removed) = site.post("remove", body(json!(["a", "c"]), None)).await;
    assert_eq!((&removed["removed"], &removed["whitelist_key"]), (&json!(["a"]), &json!(["b"])));
}
