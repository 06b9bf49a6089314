//! Promise: what the gateway refuses, it refuses in a shape that the client knows, before anything reaches an LLM; and
//! an LLM's own errors pass as they are.

use aegis_tests::gateway::chat_path;
use aegis_tests::{Answer, FakeUpstream, Gateway, Reply, Request, chat, ports, secrets};
use serde_json::{Value, json};

const LIMIT: usize = 100_000;

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| Reply::json(&chat::completion(&chat::last_user_text(&recorded.json()))))
}

/// The original's family of errors at the boundary.
#[track_caller]
fn assert_boundary(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["error"]["type"], "aegisgate_error");
    assert_eq!(body["error"]["code"], code);
    assert!(body["error"]["message"].is_string());
    assert_eq!(body["error_code"], code);
    assert!(body["detail"].is_string());
    assert_eq!(body["aegisgate"]["action"], "block");
    assert_eq!(body["aegisgate"]["risk_score"], 1.0);
    assert_eq!(body["aegisgate"]["reasons"], json!([code]));
}

/// The original's simple errors.
#[track_caller]
fn assert_simple(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["error"], code);
    assert!(body["detail"].is_string(), "{body}");
}

/// What an OpenAI client reads as an API error.
#[track_caller]
fn assert_openai(answer: &Answer, statuses: &[u16]) -> Value {
    assert!(statuses.contains(&answer.status), "{}: {}", answer.status, answer.text());
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    let error = answer.json()["error"].clone();
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    assert!(error["type"].is_string(), "{error}");
    for member in ["param", "code"] {
        assert!(
            error.get(member).is_some_and(|value| value.is_string() || value.is_null()),
            "{member} in {error}"
        );
    }
    error
}

#[test]
fn requests_without_a_good_token_route_are_refused() {
    let gateway = Gateway::start();
    let upstream = echo();
    let token = gateway.register(&upstream.base("/v1"));
    let body = chat::request("hello").to_string();
    let post = |path: String| Request::post(path, body.clone()).send(gateway.port);

    for unknown in
        [secrets::lookalike("{alnum:24}", 1), "x".into(), token[1..].into(), token.to_lowercase() + "x"]
    {
        assert_simple(&post(chat_path(&unknown)), 404, "token_not_found");
    }
    for suffix in ["__foo", "__", "__REDACT", "__redact__redact"] {
        assert_simple(&post(chat_path(&format!("{token}{suffix}"))), 400, "invalid_filter_mode");
    }
    for path in ["/v1/chat/completions", "/v1/models", "/v1/anything?x=1"] {
        assert_boundary(&post(path.into()), 403, "token_route_required");
    }
    assert!(upstream.requests().is_empty());
    assert_eq!(post(chat_path(&token)).status, 200);
}

#[test]
fn a_token_reaches_nothing_outside_its_upstreams_path() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::json(&json!({})));
    let token = gateway.register(&upstream.base("/tenant/v1"));
    let rests = [
        "../../admin",
        "../..//admin",
        "%2e%2e/%2E%2e/admin",
        "..%2f..%2Fadmin",
        "x/../../../admin",
        "./../admin",
    ];
    for rest in rests {
        for prefix in ["", "v1/"] {
            let path = format!("/v1/__gw__/t/{token}/{prefix}{rest}");
            // Refused or kept inside; what matters is what the upstream sees.
            Request::post(path, chat::request("hello").to_string()).send(gateway.port);
        }
    }
    for recorded in upstream.requests() {
        let decoded = recorded.target.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/");
        assert!(decoded.starts_with("/tenant/v1/"), "{}", recorded.target);
        assert!(!decoded.split('/').any(|segment| segment == ".."), "{}", recorded.target);
    }
    assert_eq!(gateway.chat(&token, chat::request("hello").to_string()).status, 200);
    assert_eq!(upstream.requests().last().unwrap().target, "/tenant/v1/chat/completions");
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let gateway = Gateway::with_environment([("AEGIS_MAX_REQUEST_BODY_BYTES", &LIMIT.to_string())]);
    let upstream = echo();
    let token = gateway.register(&upstream.base("/v1"));
    let body = |length: usize| {
        let empty = chat::request("").to_string().len();
        chat::request(&secrets::lookalike("{lower:1}", 1).repeat(length - empty)).to_string()
    };
    let large = Request::post(chat_path(&token), body(LIMIT + 1));
    for answer in [large.send(gateway.port), large.send_chunked(gateway.port, 10_000)] {
        assert_eq!(answer.status, 413);
        assert_eq!(answer.json()["error"]["code"], "request_body_too_large");
    }
    assert!(upstream.requests().is_empty(), "part of a refused body reached the LLM");
    let largest = Request::post(chat_path(&token), body(LIMIT));
    for answer in [largest.send(gateway.port), largest.send_chunked(gateway.port, 10_000)] {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn a_body_that_is_not_json_is_refused_and_nothing_reaches_the_llm() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::json(&json!({})));
    let token = gateway.register(&upstream.base("/v1"));
    let good = chat::request("hello").to_string();
    let bodies = [
        " ",
        "hello",
        "{",
        &good[..good.len() - 1],
        &format!("{good}}}"),
        &format!("{good}{good}"),
        r#"{"messages":[{"role":"user","content":"a"b"}]}"#,
        r#"{"messages":[{"role":"user","content":"\x"}]}"#,
        r#"{"messages":[{"role":"user","content":"\u12"}]}"#,
        r#"{"messages":[],}"#,
        r#"{"messages" [] }"#,
        r"{'messages':[]}",
        r#"{"messages":[],"n":01}"#,
        r#"{"messages":[],"n":NaN}"#,
        "{\"messages\":[{\"role\":\"user\",\"content\":\"line\nbreak\"}]}",
    ];
    for body in bodies {
        let request = Request::post(chat_path(&token), body);
        for answer in [request.send(gateway.port), request.send_chunked(gateway.port, 3)] {
            assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
            assert_openai(&answer, &[400]);
        }
    }
    let not_utf8 = Request::post(chat_path(&token), b"{\"messages\":[{\"content\":\"\xff\xfe\"}]}".to_vec());
    assert_openai(&not_utf8.send(gateway.port), &[400]);
    assert!(upstream.requests().is_empty());
}

#[test]
fn nesting_without_end_is_answered_and_does_not_hurt_the_next_request() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::json(&json!({})));
    let token = gateway.register(&upstream.base("/v1"));
    let deep = "[".repeat(200_000);
    let closed = format!("{deep}{}", "]".repeat(200_000));
    let in_content = format!(r#"{{"messages":[{{"role":"user","content":{closed}}}]}}"#);
    for body in [deep, closed, in_content] {
        let answer = gateway.chat(&token, body.clone());
        match answer.status {
            // Valid JSON may pass, but then whole.
            200 => assert!(upstream.take_only().body == body.as_bytes(), "half processed"),
            _ => drop(assert_openai(&answer, &[400])),
        }
        assert!(upstream.requests().is_empty());
    }
    assert_eq!(gateway.chat(&token, chat::request("hello").to_string()).status, 200);
}

#[test]
fn an_llm_that_is_not_there_is_reported_in_the_clients_dialect() {
    let gateway = Gateway::start();
    let closed = format!("http://127.0.0.1:{}/v1", ports::free_port());
    let rude = FakeUpstream::start(|_| Reply::close());
    for base in [closed, rude.base("/v1")] {
        let token = gateway.register(&base);
        for stream in [false, true] {
            let mut body = chat::request("hello");
            body["stream"] = stream.into();
            let answer = gateway.chat(&token, body.to_string());
            let error = assert_openai(&answer, &[502, 503]);
            assert_eq!(error["code"], "upstream_unreachable", "{base}");
        }
    }
}

#[test]
fn errors_of_the_llm_pass_as_they_are() {
    let gateway = Gateway::start();
    let body = "{ \"error\" : {\"message\":\"slow down\",\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"} }\n";
    for status in [400, 401, 404, 429, 500, 503, 529] {
        let upstream = FakeUpstream::start(move |_| {
            let reply = Reply::whole("application/json", body).status(status);
            reply.header("retry-after", "7").header("x-ratelimit-remaining-requests", "0")
        });
        let token = gateway.register(&upstream.base("/v1"));
        let answer = gateway.chat(&token, chat::request("hello").to_string());
        assert_eq!((answer.status, answer.text()), (status, body));
        assert_eq!(answer.header("retry-after"), Some("7"));
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("0"));
        assert_eq!(upstream.requests().len(), 1, "{status} was tried again");
    }
}

#[test]
fn an_llm_that_breaks_off_is_not_tried_again() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| {
        let start = chat::delta(0, &json!({ "content": "half" }));
        Reply::events(vec![aegis_tests::Piece::Bytes(start.into_bytes()), aegis_tests::Piece::Break])
    });
    let token = gateway.register(&upstream.base("/v1"));
    let mut body = chat::request("hello");
    body["stream"] = true.into();
    let mut connection = aegis_tests::Connection::open(gateway.port);
    connection.begin(&Request::post(chat_path(&token), body.to_string()));
    connection.read_until("half");
    assert!(connection.is_cut_off(), "a broken stream looks complete to the client");
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn the_gateways_own_headers_cannot_be_sent_by_clients() {
    let gateway = Gateway::start();
    let (right, wrong) = (echo(), echo());
    let token = gateway.register(&right.base("/v1"));
    gateway.register(&wrong.base("/v1"));
    let mut request = Request::post(chat_path(&token), chat::request("hello").to_string());
    let names = [
        "x-aegis-cluster",
        "x-aegis-upstream",
        "x-aegis-filter-mode",
        "x-aegis-request-id",
        "x-aegis-action",
    ];
    for name in names {
        request = request.header(name, "upstream-2");
    }
    let answer =
        request.header("x-upstream-base", &wrong.base("/v1")).header("gateway-key", "k").send(gateway.port);
    assert_eq!(answer.status, 200);
    assert!(wrong.requests().is_empty());
    let recorded = right.take_only();
    for (name, value) in &recorded.head.headers {
        let allowed = name == "x-aegis-request-id" && value != "upstream-2";
        assert!(!name.starts_with("x-aegis-") || allowed, "{name}: {value} reached the LLM");
        assert!(!["x-upstream-base", "gateway-key"].contains(&name.as_str()), "{name} reached the LLM");
    }
    assert_ne!(answer.header("x-aegis-request-id"), Some("upstream-2"));
}
