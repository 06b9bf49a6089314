//! Promise: whatever a client appends to its base URL arrives behind the base that was registered, with every method,
//! byte for byte.

use aegis_tests::{Answer, FakeUpstream, Gateway, Reply, Request, secrets};
use serde_json::json;

const WITHOUT_BODY: [&str; 4] = ["GET", "HEAD", "DELETE", "OPTIONS"];
const WITH_BODY: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

fn upstream() -> FakeUpstream {
    FakeUpstream::start(|recorded| {
        let reply = Reply::json(&json!({ "method": recorded.method }))
            .status(if recorded.method == "DELETE" { 202 } else { 200 });
        reply.header("x-upstream", "yes").header("allow", "GET, HEAD")
    })
}

/// What the LLM received of a request for `rest` behind a base URL with the token.
#[track_caller]
fn target(gateway: &Gateway, upstream: &FakeUpstream, method: &str, prefix: &str, rest: &str) -> String {
    let answer = Request::new(method, format!("{prefix}{rest}"), "").send(gateway.port);
    assert_answered(method, &answer);
    let recorded = upstream.take_only();
    assert_eq!(recorded.method, method);
    recorded.target
}

#[track_caller]
fn assert_answered(method: &str, answer: &Answer) {
    let body = if method == "HEAD" { String::new() } else { json!({ "method": method }).to_string() };
    let status = if method == "DELETE" { 202 } else { 200 };
    assert_eq!((answer.status, answer.text()), (status, body.as_str()), "{method}");
    assert_eq!((answer.header("x-upstream"), answer.header("allow")), (Some("yes"), Some("GET, HEAD")));
}

#[test]
fn paths_of_all_clients_arrive_where_they_would_without_the_gateway() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    // What was registered, what the client appends, what the LLM must see.
    let cases = [
        // The OpenAI SDKs expect the version in the base URL; some clients repeat it.
        ("/v1", "/chat/completions", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions", "/v1/chat/completions"),
        ("/v1", "/models", "/v1/models"),
        ("/v1", "/v1/models", "/v1/models"),
        ("/v1", "/models/org%2Fmodel", "/v1/models/org%2Fmodel"),
        ("/v1", "/responses/resp_1/input_items?limit=2", "/v1/responses/resp_1/input_items?limit=2"),
        ("/api/v1", "/chat/completions", "/api/v1/chat/completions"),
        ("", "/chat/completions", "/chat/completions"),
        // The Anthropic SDKs and Claude Code append it.
        ("", "/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1", "/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/anthropic", "/v1/messages", "/anthropic/v1/messages"),
        ("", "", "/"),
        ("", "/", "/"),
        ("/v1", "", "/v1"),
        // So do those of Gemini.
        ("", "/v1beta/models/m:generateContent?alt=sse", "/v1beta/models/m:generateContent?alt=sse"),
        ("/v1beta", "/v1beta/models/m:generateContent", "/v1beta/models/m:generateContent"),
        ("/v1beta/openai", "/chat/completions", "/v1beta/openai/chat/completions"),
        // Azure, Cohere.
        (
            "",
            "/openai/deployments/d/chat/completions?api-version=2025-01-01",
            "/openai/deployments/d/chat/completions?api-version=2025-01-01",
        ),
        ("", "/v2/chat", "/v2/chat"),
        ("/v2", "/v2/chat", "/v2/chat"),
    ];
    for (base, rest, expected) in cases {
        let token = gateway.register(&upstream.base(base));
        for prefix in ["/v1/__gw__/t/", "/v2/__gw__/t/"] {
            let prefix = format!("{prefix}{token}");
            assert_eq!(target(&gateway, &upstream, "GET", &prefix, rest), expected, "{rest} at {base:?}");
        }
        let prefix = format!("/v1/__gw__/t/{token}__redact");
        assert_eq!(target(&gateway, &upstream, "HEAD", &prefix, rest), expected, "{rest} at {base:?}");
    }
}

#[test]
fn every_method_passes_and_its_body_is_redacted() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let prefix = format!("/v1/__gw__/t/{}", gateway.register(&upstream.base("/v1")));
    for method in WITHOUT_BODY {
        assert_eq!(target(&gateway, &upstream, method, &prefix, "/files/f-1"), "/v1/files/f-1");
    }
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 3);
    for method in WITH_BODY {
        let request = Request::new(
            method,
            format!("{prefix}/assistants/a-1"),
            json!({ "metadata": { "who": secret } }).to_string(),
        );
        let request = request.header("content-type", "application/json");
        for chunked in [false, true] {
            let answer =
                if chunked { request.send_chunked(gateway.port, 5) } else { request.send(gateway.port) };
            assert_answered(method, &answer);
            assert_eq!(answer.header("x-aegis-action"), Some("redact"));
            let recorded = upstream.take_only();
            assert_eq!((recorded.method.as_str(), recorded.target.as_str()), (method, "/v1/assistants/a-1"));
            assert!(!String::from_utf8(recorded.body.clone()).unwrap().contains(&secret));
            assert!(recorded.json()["metadata"]["who"].as_str().unwrap().ends_with("_EMAIL_1}}"));
        }
    }
}

#[test]
fn a_query_passes_byte_for_byte() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let prefix = format!("/v1/__gw__/t/{}", gateway.register(&upstream.base("/v1")));
    for query in [
        "?",
        "?a=b&a=c&&=;",
        "?x=%2F..%2f%7e~&y=a+b%20c",
        "?path=/../../etc//passwd",
        "?q=%zz%",
        "?u=http://h/v1/__gw__/t/x",
    ] {
        let rest = format!("/models{query}");
        assert_eq!(target(&gateway, &upstream, "GET", &prefix, &rest), format!("/v1{rest}"));
    }
}

#[test]
fn fields_of_the_original_gateway_in_a_body_are_forwarded_like_any_other() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let body = r#"{ "model":"m", "metadata" : {"user_id":"u-1"},"session_id":"s","request_id":"r","policy":"p", "messages":[] }"#;
    for mode in ["", "__redact", "__passthrough"] {
        let answer = gateway.chat(&format!("{token}{mode}"), body);
        assert_eq!(answer.status, 200, "{mode}: {}", answer.text());
        assert_eq!(upstream.take_only().body, body.as_bytes(), "{mode}");
    }
}

#[test]
fn a_suffix_of_the_token_chooses_what_the_filter_does() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 4);
    let body = json!({ "messages": [{ "role": "user", "content": secret }] }).to_string();
    for (suffix, passes) in [("", false), ("__redact", false), ("__passthrough", true)] {
        let answer = gateway.chat(&format!("{token}{suffix}"), body.clone());
        assert_eq!(answer.status, 200, "{suffix}: {}", answer.text());
        let recorded = upstream.take_only();
        assert_eq!(recorded.body == body.as_bytes(), passes, "{suffix}");
        assert_eq!(String::from_utf8(recorded.body).unwrap().contains(&secret), passes, "{suffix}");
    }
    // Whoever comes through a proxy is not of the internal network.
    let path = format!("/v1/__gw__/t/{token}__passthrough/chat/completions");
    let answer = Request::post(path, body).header("x-forwarded-for", "203.0.113.9").send(gateway.port);
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (403, &json!("passthrough_mode_public_restricted"))
    );
    assert!(upstream.requests().is_empty());
}

#[test]
fn the_values_of_allowed_keys_stay_in_bodies_of_every_kind() {
    let gateway = Gateway::with_policy("{version: 1, name: keys, allow: {keys: [contact]}}");
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let bodies = [
        ("application/json", format!(r#"{{"contact":"{secret}"}}"#), format!(r#"{{"other":"{secret}"}}"#)),
        (
            "application/x-ndjson",
            format!("[]\n{{\"contact\":\"{secret}\"}}"),
            format!("[]\n{{\"other\":\"{secret}\"}}"),
        ),
        ("text/plain", format!("contact={secret}"), format!("other={secret}")),
        ("application/x-www-form-urlencoded", format!("a=b&contact={secret}"), format!("a=b&other={secret}")),
    ];
    for (content_type, allowed, other) in bodies {
        for (body, stays) in [(&allowed, true), (&other, false)] {
            let request = Request::new("POST", format!("/v1/__gw__/t/{token}/documents"), body.as_bytes());
            assert_eq!(request.header("content-type", content_type).send(gateway.port).status, 200);
            assert_eq!(upstream.take_only().body == body.as_bytes(), stays, "{content_type}: {body}");
        }
    }
}
