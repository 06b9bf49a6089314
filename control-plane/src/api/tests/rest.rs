//! What the REST API does.

use super::*;
use crate::policy::PolicyCommand;
use aegis_model::{Event, Events as _};

impl Site {
    /// Status and answer of a call with the gateway key.
    async fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = Request::builder().method(method).uri(format!("/__gw__/api/{path}"));
        let request = request.header("authorization", "Bearer gk").header("content-type", "application/yaml");
        let (status, body) =
            self.send_from("127.0.0.1", request.body(Body::from(body.to_owned())).unwrap()).await;
        (status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn call_as(&self, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(format!("/__gw__/api/{path}"));
        let request = request.header("authorization", format!("Bearer {key}"));
        let (status, body) =
            self.send_from("127.0.0.1", request.body(Body::from(body.to_string())).unwrap()).await;
        (status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
    }
}

#[tokio::test]
async fn a_token_lives_changes_and_dies() {
    let site = Site::new().await;
    let body =
        r#"{"upstream_base":"https://a.test/v1","max_messages":3,"mode":"redact","whitelist_key":["a"]}"#;
    let (status, made) = site.call("POST", "tokens", body).await;
    assert_eq!((status, &made["max_messages"], &made["mode"]), (201, &json!(3), &json!("redact")));
    let id = made["id"].as_str().unwrap();
    let (status, shown) = site.call("GET", &format!("tokens/{id}"), "").await;
    assert_eq!((status, &shown["upstream_base"]), (200, &json!("https://a.test/v1")));
    assert!(shown.get("token").is_none(), "only whoever may see it gets it");
    let (_, again) = site.call("GET", &format!("tokens/{id}/secret"), "").await;
    assert_eq!(again["token"], made["token"]);
    let patch = r#"{"upstream_base":"https://b.test","settings":{"tenant":"acme"}}"#;
    let (_, changed) = site.call("PATCH", &format!("tokens/{id}"), patch).await;
    assert_eq!((&changed["tenant"], changed.get("mode")), (&json!("acme"), None));
    assert_eq!(
        (&changed["upstream_base"], &changed["whitelist_key"]),
        (&json!("https://b.test"), &json!(["a"]))
    );
    assert_eq!(site.call("DELETE", &format!("tokens/{id}"), "").await.0, 204);
    assert_eq!(site.call("DELETE", &format!("tokens/{id}"), "").await.0, 404);
    let (_, journal) = site.call("GET", "journal", "").await;
    let lines: Vec<_> =
        journal.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(lines, ["token.remove", "token.change", "token.add"]);
    assert!(
        journal
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["actor"] == "gateway-key" && entry["target"] == id)
    );
}

#[tokio::test]
async fn a_key_of_a_tenant_sees_nothing_of_others() {
    let site = Site::new().await;
    let (_, key) = site.call("POST", "keys", r#"{"name":"a","role":"admin","tenant":"acme"}"#).await;
    let key = key["key"].as_str().unwrap();
    let (_, other) =
        site.call("POST", "tokens", r#"{"upstream_base":"https://a.test","tenant":"other"}"#).await;
    let base = json!({ "upstream_base": "https://a.test" });
    let (status, own) = site.call_as(key, "POST", "tokens", &base).await;
    assert_eq!((status, &own["tenant"]), (201, &json!("acme")));
    let (_, list) = site.call_as(key, "GET", "tokens", &json!(null)).await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &own["id"]));
    let others = format!("tokens/{}", other["id"].as_str().unwrap());
    for (method, path) in [("GET", others.clone()), ("DELETE", others.clone()), ("GET", others + "/secret")] {
        assert_eq!(site.call_as(key, method, &path, &json!(null)).await.0, 404, "{method} {path}");
    }
    let foreign = json!({ "upstream_base": "https://a.test", "tenant": "other" });
    assert_eq!(site.call_as(key, "POST", "tokens", &foreign).await.1["error"], "scope_forbidden");
    let own = format!("tokens/{}", own["id"].as_str().unwrap());
    let escape = json!({ "settings": { "tenant": "other" } });
    assert_eq!(site.call_as(key, "PATCH", &own, &escape).await.1["error"], "scope_forbidden");
    let escape = json!({ "settings": {} });
    assert_eq!(site.call_as(key, "PATCH", &own, &escape).await.1["error"], "scope_forbidden");
    assert_eq!(
        site.call_as(key, "GET", "tokens?tenant=other", &json!(null)).await.1["error"],
        "scope_forbidden"
    );
}

#[tokio::test]
async fn a_policy_is_tried_taken_and_taken_back() {
    let site = Site::new().await;
    let policy = |level: &str| format!("version: 1\nname: desk\nlevel: {level}\n");
    let (status, first) = site.call("POST", "policies/apply?stage=canary&percent=10", &policy("low")).await;
    assert_eq!(
        (status, &first["rollout"]),
        (200, &json!({ "live": 1 })),
        "there is nothing to try it against"
    );
    let (_, second) = site.call("POST", "policies/apply?stage=canary&percent=12.5", &policy("high")).await;
    let candidate = &second["rollout"]["candidate"];
    assert_eq!(
        (&candidate["version"], &candidate["stage"]),
        (&json!(2), &json!({ "canary": { "share": 1250 } }))
    );
    let (_, same) = site.call("POST", "policies/apply", &policy("high")).await;
    assert_eq!((&same["version"], &same["rollout"]), (&json!(2), &json!({ "live": 2, "previous": 1 })));
    let (_, back) = site.call("POST", "policies/desk/rollback", "").await;
    let taken_back = json!({ "version": 2, "why": "rolled back by gateway-key" });
    assert_eq!(back["rollout"], json!({ "live": 1, "taken_back": taken_back }));
    assert_eq!(site.call("POST", "policies/desk/rollback", "").await.0, 409);
    let (_, shadow) = site.call("PUT", "policies/desk/rollout", r#"{"version":2,"stage":"shadow"}"#).await;
    assert_eq!(shadow["rollout"]["candidate"]["stage"], "shadow");
    let (_, back) = site.call("POST", "policies/desk/rollback", "").await;
    assert_eq!(back["rollout"], json!({ "live": 1, "taken_back": taken_back }));
    for bounds in ["more_blocks=5", "min_requests=1"] {
        let (status, refused) = site.call("POST", &format!("policies/apply?{bounds}"), &policy("high")).await;
        assert_eq!((status, &refused["error"]), (400, &json!("invalid_request")), "{refused}");
    }
    assert_eq!(site.call("PUT", "policies/desk/rollout", r#"{"version":9}"#).await.0, 404);
    assert_eq!(site.call("PUT", "assignments/global", r#"{"policy":"desk"}"#).await.0, 204);
    let (_, all) = site.call("GET", "policies", "").await;
    assert_eq!(
        (all["versions"].as_array().unwrap().len(), &all["assignments"]["global"]),
        (2, &json!("desk"))
    );
    assert_eq!(site.call("GET", "policies/desk/2", "").await.1["level"], "high");
    assert_eq!(site.call("DELETE", "assignments/global", "").await.0, 204);
}

#[tokio::test]
async fn ten_kinds_of_bad_policies_are_refused_with_place_and_reason() {
    let site = Site::new().await;
    let rule = |more: &str| {
        format!(
            "version: 1\nname: x\ncustom_rules:\n  - id: own\n    kind: OWN\n    description: Own.\n    \
             source: own\n    severity: high\n{more}"
        )
    };
    let examples = "    match: [abc, abcabc]\n    no_match: [x, y]\n";
    let large = format!("    cap: 100\n    pattern: '{}'\n{examples}", "(a|b|ab){1,60}".repeat(20));
    let file = site.dir.path().join("policy.yaml");
    for (document, place, reason) in [
        ("version: 1\nname: x\ncolour: red\n".to_owned(), "policy:3:1: ", "colour"),
        ("version: 1\nname: [\n".to_owned(), "policy:", ""),
        ("version: 9\nname: x\n".to_owned(), "policy: version", ""),
        ("version: 1\nname: 'a b'\n".to_owned(), "policy: name", ""),
        ("version: 1\nname: default\n".to_owned(), "policy: ", "default"),
        (
            "version: 1\nname: x\nrules: [{rule: emails, action: redact}]\n".to_owned(),
            "policy: rules[0].rule",
            "email",
        ),
        (
            "version: 1\nname: x\nallow: {keys: [password]}\n".to_owned(),
            "policy: allow.keys[0]",
            "credential",
        ),
        (
            rule(&format!("    cap: 10\n    pattern: '(abc'\n{examples}")),
            "policy: custom_rules[0]",
            "pattern",
        ),
        (rule("    cap: 10\n    pattern: 'abc'\n"), "policy:", "match"),
        (
            rule("    cap: 10\n    pattern: 'abc'\n    match: [abc, x]\n    no_match: [x, y]\n"),
            "policy: custom_rules[0]",
            "",
        ),
        (rule(&large), "policy: ", ""),
        (
            "version: 1\nname: x\nexact_values: [{name: n, kind: K, values: [ab]}]\n".to_owned(),
            "policy: exact_values[0]",
            "",
        ),
    ] {
        for call in ["policies/check", "policies/apply"] {
            let (status, answer) = site.call("POST", call, &document).await;
            let detail = answer["detail"].as_str().unwrap_or_default();
            assert_eq!((status, &answer["error"]), (422, &json!("invalid_policy")), "{document}");
            assert!(detail.starts_with(place) && detail.contains(reason), "{document}\n{detail}");
        }
        // `aegisgate policy check` says the same of a file. There a policy may have any name.
        std::fs::write(&file, &document).unwrap();
        let offline = crate::policy::run(PolicyCommand::Check { files: vec![file.clone()] });
        assert_eq!(offline.is_ok(), document.contains("name: default"), "{document}");
    }
    assert_eq!(site.call("GET", "policies", "").await.1["versions"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn events_are_exported_line_by_line() {
    let site = Site::new().await;
    let event = |at, action: &str| Event {
        at,
        tenant: String::new(),
        action: action.into(),
        body: json!({ "at": at }),
    };
    site.store.add_events(&[event(1, "allow"), event(2, "block")]).await.unwrap();
    let request =
        Request::builder().uri("/__gw__/api/events?action=block").header("authorization", "Bearer gk");
    let (_, lines) = site.send_from("127.0.0.1", request.body(Body::empty()).unwrap()).await;
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&lines).unwrap()["at"], 2);
}

#[tokio::test]
async fn metrics_are_there_for_internal_clients() {
    let site = Site::new().await;
    let get = || Request::builder().uri("/metrics").body(Body::empty()).unwrap();
    let (_, page) = site.send_from("127.0.0.1", get()).await;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("aegisgate_revision{part=\"routes\"} 0\n"), "{page}");
    assert!(page.contains("aegisgate_events_lost_total{where=\"queue\"} 0\n"), "{page}");
    assert_eq!(site.send_from("203.0.113.9", get()).await.0.as_u16(), 403);
}
