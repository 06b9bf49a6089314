//! Who may do what: every call, from everywhere, with every key.

use super::*;
use crate::api::rest::openapi;

/// Every call of the REST API, and the role that it needs; whether a key of a tenant may have it.
const CALLS: [(&str, &str, &str, bool); 21] = [
    ("GET", "tokens", "viewer", true),
    ("POST", "tokens", "editor", true),
    ("POST", "tokens/bulk", "editor", true),
    ("GET", "tokens/{id}", "viewer", true),
    ("GET", "tokens/{id}/secret", "admin", true),
    ("PATCH", "tokens/{id}", "editor", true),
    ("DELETE", "tokens/{id}", "editor", true),
    ("GET", "policies", "viewer", false),
    ("GET", "policies/{name}/{version}", "editor", false),
    ("POST", "policies/check", "viewer", false),
    ("POST", "policies/apply", "editor", false),
    ("PUT", "policies/{name}/rollout", "editor", false),
    ("POST", "policies/{name}/rollback", "editor", false),
    ("PUT", "assignments/{scope}", "editor", false),
    ("DELETE", "assignments/{scope}", "editor", false),
    ("GET", "keys", "admin", false),
    ("POST", "keys", "admin", false),
    ("DELETE", "keys/{name}", "admin", false),
    ("GET", "journal", "viewer", false),
    ("GET", "nodes", "viewer", false),
    ("GET", "events", "viewer", true),
];

const ROLES: [&str; 3] = ["viewer", "editor", "admin"];

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let path = path.replace("{id}", &"A".repeat(22)).replace("{name}", "x").replace("{version}", "1");
    let path = path.replace("{scope}", "global");
    let mut request = Request::builder().method(method).uri(format!("/__gw__/api/{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from("{}")).unwrap()
}

impl Site {
    /// The code of a refusal; nothing if it was none.
    async fn refusal(&self, peer: &str, request: Request<Body>) -> (u16, String) {
        let (status, body) = self.send_from(peer, request).await;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        (status.as_u16(), body["error"].as_str().unwrap_or_default().to_owned())
    }

    async fn key(&self, name: &str, role: &str, tenant: Option<&str>) -> String {
        let body = json!({ "name": name, "role": role, "tenant": tenant }).to_string();
        let mut request = request("POST", "keys", &[("authorization", "Bearer gk")]);
        *request.body_mut() = Body::from(body);
        let (status, body) = self.send_from("127.0.0.1", request).await;
        assert_eq!(status.as_u16(), 201);
        let answer: Value = serde_json::from_slice(&body).unwrap();
        format!("Bearer {}", answer["key"].as_str().unwrap())
    }
}

#[tokio::test]
async fn every_call_needs_its_role() {
    let site = Site::new().await;
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).unwrap();
    for role in ROLES {
        let key = site.key(role, role, None).await;
        let scoped = site.key(&format!("{role}-of-acme"), role, Some("acme")).await;
        for (method, path, needed, for_tenants) in CALLS {
            let enough = rank(role) >= rank(needed);
            let (status, code) =
                site.refusal("127.0.0.1", request(method, path, &[("authorization", &key)])).await;
            assert_eq!(code == "role_forbidden", !enough, "{role} {method} {path}: {status} {code}");
            assert_eq!(status == 403, !enough, "{role} {method} {path}: {status} {code}");
            assert!(
                !matches!(status, 401 | 404 | 405 | 500) || path.contains('{'),
                "{method} {path}: {status}"
            );
            let (_, code) =
                site.refusal("127.0.0.1", request(method, path, &[("authorization", &scoped)])).await;
            let expected = enough && !for_tenants;
            assert_eq!(code == "scope_forbidden", expected, "{role} of a tenant, {method} {path}: {code}");
        }
    }
}

#[tokio::test]
async fn every_call_is_refused_without_the_right_key() {
    let site = Site::new().await;
    let good = site.key("ops", "admin", None).await;
    let gone = site.key("gone", "admin", None).await;
    let request_to_remove = request("DELETE", "keys/gone", &[("authorization", "Bearer gk")]);
    assert_eq!(site.send_from("127.0.0.1", request_to_remove).await.0.as_u16(), 204);
    let cut = good.strip_suffix(char::is_alphanumeric).unwrap_or("Bearer x");
    let other = good.replace(":ops:", ":nobody:");
    for (header, code) in [
        (None, "admin_key_missing"),
        (Some("gk"), "admin_key_missing"),
        (Some("Basic gk"), "admin_key_missing"),
        (Some("Bearer "), "admin_key_invalid"),
        (Some("Bearer gkk"), "admin_key_invalid"),
        (Some(cut), "admin_key_invalid"),
        (Some(other.as_str()), "admin_key_invalid"),
        (Some(gone.as_str()), "admin_key_invalid"),
        (Some("Bearer aegis-admin:ops:"), "admin_key_invalid"),
    ] {
        for (index, (method, path, ..)) in CALLS.iter().enumerate() {
            let headers: Vec<_> = header.iter().map(|value| ("authorization", *value)).collect();
            // Each from a peer of its own, so that nobody has tried too often.
            let peer = format!("10.0.{index}.{}", header.map_or(0, str::len));
            let refusal = site.refusal(&peer, request(method, path, &headers)).await;
            assert_eq!(refusal, (401, code.to_owned()), "{method} {path} {header:?}");
        }
    }
}

#[tokio::test]
async fn only_the_internal_network_may_ask_and_nobody_can_pretend_to_be_there() {
    let site = Site::new().await;
    let refused = (403, "admin_endpoint_network_restricted".to_owned());
    let original =
        ["register", "lookup", "unregister", "add", "remove"].map(|action| ("POST", format!("../{action}")));
    let calls = CALLS.iter().map(|(method, path, ..)| (*method, (*path).to_owned()));
    let metrics = [("GET", "../../metrics".to_owned())];
    for (method, path) in calls.chain(original).chain(metrics) {
        for (peer, headers, allowed) in [
            ("127.0.0.1", &[][..], true),
            ("::ffff:192.168.1.9", &[], true),
            ("fd00::1", &[], true),
            ("203.0.113.9", &[], false),
            ("2001:db8::1", &[], false),
            ("203.0.113.9", &[("x-forwarded-for", "127.0.0.1")], false),
            ("203.0.113.9", &[("x-aegis-client", "127.0.0.1")], false),
            ("127.0.0.1", &[("x-aegis-client", "203.0.113.9")], false),
            ("127.0.0.1", &[("x-forwarded-for", "127.0.0.1")], false),
            ("10.1.0.1", &[("x-forwarded-for", "203.0.113.9")], false),
            ("10.1.0.1", &[("x-forwarded-for", "127.0.0.1, 203.0.113.9")], false),
            ("10.1.0.1", &[("x-forwarded-for", "192.168.1.9")], true),
        ] {
            let mut request = request(method, "x", headers);
            let target = match (path.strip_prefix("../../"), path.strip_prefix("../")) {
                (Some(path), _) => format!("/{path}"),
                (None, Some(action)) => format!("/__gw__/{action}"),
                (None, None) => super::matrix::request(method, &path, &[]).uri().to_string(),
            };
            *request.uri_mut() = target.parse().unwrap();
            let refusal = site.refusal(peer, request).await;
            assert_eq!(
                refusal != refused,
                allowed,
                "{method} {path} from {peer} with {headers:?}: {refusal:?}"
            );
        }
    }
}

#[tokio::test]
async fn who_asks_too_often_or_tries_keys_has_to_wait() {
    let site = Site::new().await;
    let limited = (429, "admin_rate_limited".to_owned());
    let register = |peer: &'static str, client: Option<&str>| {
        let mut request = Request::builder().method("POST").uri("/__gw__/register");
        if let Some(client) = client {
            request = request.header("x-aegis-client", client);
        }
        (peer, request.body(Body::from("{}")).unwrap())
    };
    for count in 0..40 {
        let (peer, request) = register("10.0.0.1", None);
        assert_eq!(site.refusal(peer, request).await == limited, count >= REQUESTS_PER_MINUTE, "{count}");
    }
    let (peer, request) = register("10.0.0.2", None);
    assert_ne!(site.refusal(peer, request).await, limited, "somebody else");
    // Whoever makes up new clients is known by the connection.
    for count in 0..120 {
        let client = format!("10.9.0.{count}");
        let headers = [("authorization", "Bearer wrong"), ("x-aegis-client", client.as_str())];
        let refusal = site.refusal("10.0.0.3", super::matrix::request("GET", "tokens", &headers)).await;
        assert_eq!(refusal == limited, count >= FAILURES_PER_MINUTE, "{count}: {refusal:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_or_no_sense_is_refused_with_its_code() {
    let site = Site::new().await;
    let send = async |method: &str, path: &str, body: Vec<u8>| {
        let mut request = request(method, path, &[("authorization", "Bearer gk")]);
        *request.body_mut() = Body::from(body);
        site.refusal("127.0.0.1", request).await
    };
    let large = vec![b' '; 70_000];
    // Every call that reads a body, unless it is one for many tokens or for a document.
    for (method, path, ..) in CALLS {
        if matches!(method, "GET" | "DELETE") || path.ends_with("/rollback") {
            continue;
        }
        let bytes = if matches!(path, "tokens/bulk" | "policies/check" | "policies/apply") {
            65 << 20
        } else {
            70_000
        };
        let refusal = send(method, path, vec![b' '; bytes]).await;
        assert_eq!(refusal, (413, "request_body_too_large".to_owned()), "{method} {path}");
        for body in [&b"{"[..], b"[1]", b"\xff\xfe", b"{\"colour\":1}"] {
            let (status, code) = send(method, path, body.to_vec()).await;
            let codes = ["invalid_request", "invalid_policy"];
            assert!(
                matches!(status, 400 | 422) && codes.contains(&code.as_str()),
                "{method} {path}: {status} {code}"
            );
        }
    }
    for (method, path, body, status, code) in [
        ("POST", "tokens", large.clone(), 413, "request_body_too_large"),
        ("POST", "keys", large.clone(), 413, "request_body_too_large"),
        ("PATCH", "tokens/{id}", large, 413, "request_body_too_large"),
        ("POST", "tokens", b"{".to_vec(), 400, "invalid_request"),
        ("POST", "tokens", b"[]".to_vec(), 400, "invalid_request"),
        (
            "POST",
            "tokens",
            br#"{"upstream_base":"https://a.test","colour":1}"#.to_vec(),
            400,
            "invalid_request",
        ),
        ("POST", "tokens", br#"{"upstream_base":"ftp://a.test"}"#.to_vec(), 400, "invalid_upstream_base"),
        (
            "POST",
            "tokens",
            br#"{"upstream_base":"http://[fd00:ec2::254]"}"#.to_vec(),
            400,
            "invalid_upstream_base",
        ),
        (
            "POST",
            "tokens",
            br#"{"upstream_base":"https://a.test","mode":"x"}"#.to_vec(),
            400,
            "invalid_request",
        ),
        (
            "POST",
            "tokens",
            br#"{"upstream_base":"https://a.test","tenant":"a b"}"#.to_vec(),
            400,
            "invalid_settings",
        ),
        ("POST", "keys", br#"{"name":"a b","role":"admin"}"#.to_vec(), 400, "invalid_request"),
        ("POST", "keys", br#"{"name":"a","role":"king"}"#.to_vec(), 400, "invalid_request"),
        ("GET", "tokens?limit=x", vec![], 400, "invalid_request"),
        ("GET", "tokens?colour=1", vec![], 400, "invalid_request"),
        ("GET", "tokens/short", vec![], 404, "token_not_found"),
        ("GET", "events?limit=-1", vec![], 400, "invalid_request"),
        ("PUT", "assignments/moon", br#"{"policy":"x"}"#.to_vec(), 400, "invalid_request"),
        ("PUT", "assignments/global", br#"{"policy":"x"}"#.to_vec(), 404, "not_found"),
        ("POST", "policies/apply?stage=canary", b"{}".to_vec(), 422, "invalid_policy"),
        ("POST", "policies/x/rollback", vec![], 404, "not_found"),
        ("GET", "nothing", vec![], 404, "not_found"),
        ("DELETE", "tokens", vec![], 405, "method_not_allowed"),
    ] {
        assert_eq!(send(method, path, body).await, (status, code.to_owned()), "{method} {path}");
    }
}

#[tokio::test]
async fn the_description_has_every_call_and_is_the_committed_one() {
    let document = openapi().unwrap();
    let described: Value = serde_json::from_str(&document).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/__gw__/api/").unwrap();
        let methods = methods.as_object().unwrap().keys();
        found.extend(methods.map(|method| (method.to_uppercase(), path.to_owned())));
    }
    let mut expected: Vec<_> =
        CALLS.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    expected.push(("GET".into(), "openapi.json".into()));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(committed).unwrap_or_default();
    assert!(committed == document, "run `aegisgate openapi > control-plane/openapi.json`");
}

#[tokio::test]
async fn a_gateway_for_its_own_machine_looks_at_the_other_end_of_the_connection() {
    let site = Site::with(|api| {
        api.loopback_only = true;
        api.proxies = TrustedProxies::new(vec!["10.1.0.0/16".parse().unwrap()]);
    })
    .await;
    let envoy = "x-aegis-client";
    for (peer, header, code) in [
        ("127.0.0.1", None, ""),
        ("::1", None, ""),
        ("127.0.0.1", Some((envoy, "127.0.0.1")), ""),
        ("10.0.0.1", None, "loopback_only_reject"),
        ("127.0.0.1", Some((envoy, "10.0.0.1")), "loopback_only_reject"),
        ("203.0.113.9", Some((envoy, "127.0.0.1")), "loopback_only_reject"),
        // Nor does it help whom a trusted proxy speaks for.
        ("10.1.2.3", Some(("x-forwarded-for", "127.0.0.1")), "loopback_only_reject"),
    ] {
        let mut headers = vec![("authorization", "Bearer gk")];
        headers.extend(header);
        let (_, refused) = site.refusal(peer, request("GET", "tokens", &headers)).await;
        assert_eq!(refused, code, "{peer} {header:?}");
    }
}
