//! Promise: bytes that the gateway has no reason to change are bytes that it does not touch, in both directions.

use aegis_tests::gateway::chat_path;
use aegis_tests::{FakeUpstream, Gateway, Piece, Reply, Request, secrets};

/// Requests that a parser would write differently. Nothing in them is a secret.
const REQUESTS: [(&str, &str); 10] = [
    (
        "white space",
        "\r\n{ \"model\" :\t\"m\" ,\n\n  \"messages\":[ { \"content\" : \"hi\" ,\"role\":\"user\" } ] } \n\t ",
    ),
    (
        "key order and duplicates",
        r#"{"z":1,"a":2,"model":"x","model":"m","a":3,"messages":[{"role":"user","role":"user","content":"hi"}]}"#,
    ),
    (
        "number spellings",
        r#"{"model":"m","temperature":1.0e+2,"top_p":0.10,"n":1E0,"seed":-0,"big":123456789012345678901234567890.5,"messages":[]}"#,
    ),
    (
        "escapes",
        r#"{"model":"m","messages":[{"role":"user","content":"\u0068\u00E9\u00e9 \/ \ud83e\udd80 \b\f\n\r\t \" \\ \u0000"}]}"#,
    ),
    (
        "raw Unicode",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"张伟 🦀 \u{2028} \u{FEFF} e\u{301}\"}]}",
    ),
    ("a lone surrogate", r#"{"model":"m","messages":[{"role":"user","content":"broken \ud83e half"}]}"#),
    (
        "thinking blocks",
        r#"{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"Let me  see…","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk="},{"type":"text","text":"ok","cache_control":{"type":"ephemeral"}}]}]}"#,
    ),
    (
        "baits",
        r#"{"model":"m","messages":[{"role":"user","content":"id 019abf3e-7c1d-7b52-9f0e-2c64a1d0b7e5 at 1763634000123 (2026-11-20T10:30:00Z), v1.2.3, 127.0.0.1:8080, 12:34:56, task-runner-skills, main@HEAD, 5000+ lines"}]}"#,
    ),
    (
        "e-mail in a tool's description",
        r#"{"model":"m","tools":[{"type":"function","function":{"name":"git","description":"Add: Co-Authored-By: Bot <noreply@anthropic.com>"}}],"messages":[{"role":"user","content":"hi"}]}"#,
    ),
    (
        "text that almost is a placeholder",
        r#"{"model":"m","messages":[{"role":"user","content":"{{AG_}} {{ AG_X {{user}} {{{AG_ABC_EMAIL_}}"}]}"#,
    ),
];

/// Answers that a parser would write differently: content type, the pieces they come in.
fn answers() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        (
            "application/json",
            vec![
                "\n{ \"choices\" : [ {\"message\":{\"content\":\"\\u0068i \\/ 张\"},\"index\":0.0e0} ],\r\n",
                "\"id\":1.50} ",
            ],
        ),
        (
            "text/event-stream",
            vec!["data: {\"choices\":[{\"delta\":{\"content\":\"h", "i\"}}]}\n\n", "data: [DONE]\n\n"],
        ),
        (
            "text/event-stream; charset=utf-8",
            vec![
                ": keep-alive\r\n\r\n",
                "event: x\r\nid: 7\r\nretry: 10\r\ndata: {\"choices\":\r",
                "\ndata:[{\"delta\":{\"content\":\"multi-line\"}}]}\r\n\r\n",
                "data:  two spaces\r\rdata\rdata: [DONE]\n\n: end without an empty line",
            ],
        ),
        (
            "text/event-stream",
            vec![
                "data: not JSON {{ at all\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"{{AG_NOT\"},\"finish_reason\":\"length\"}]}\n\n",
            ],
        ),
        ("text/plain", vec!["plain {{", "AG_ text"]),
    ]
}

#[test]
fn a_request_with_nothing_to_redact_arrives_as_it_was_sent() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::whole("application/json", "{}"));
    let token = gateway.register(&upstream.base("/v1"));
    for (what, body) in REQUESTS {
        let request = Request::post(chat_path(&token), body);
        for answer in [request.send(gateway.port), request.send_chunked(gateway.port, 7)] {
            assert_eq!(answer.status, 200, "{what}: {}", answer.text());
            assert_eq!(answer.header("x-aegis-action"), None, "{what}");
        }
        let requests = upstream.requests();
        let [whole, chunked] = &requests[requests.len() - 2..] else { panic!("two requests") };
        assert_eq!(
            whole.body.escape_ascii().to_string(),
            body.as_bytes().escape_ascii().to_string(),
            "{what}"
        );
        assert_eq!(whole.body, chunked.body, "{what}, sent in chunks");
        assert_eq!(whole.header("content-length"), Some(body.len().to_string().as_str()), "{what}");
    }
    assert_eq!(upstream.requests().len(), 2 * REQUESTS.len());
}

#[test]
fn a_large_request_arrives_as_it_was_sent() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::whole("application/json", "{}"));
    let token = gateway.register(&upstream.base("/v1"));
    let text = secrets::lookalike("{lower:10000}", 5).repeat(200);
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    assert_eq!(gateway.chat(&token, body.clone()).status, 200);
    assert!(upstream.take_only().body == body.as_bytes(), "2 MB came out differently");
}

#[test]
fn an_answer_with_nothing_to_restore_arrives_as_it_was_sent() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|recorded| {
        let index = recorded.json()["seed"].as_u64().and_then(|seed| usize::try_from(seed).ok()).unwrap();
        let (content_type, pieces) = answers().swap_remove(index);
        if recorded.json()["stream"] == true {
            let steps =
                pieces.iter().flat_map(|piece| [Piece::Bytes(piece.as_bytes().to_vec()), Piece::Drain]);
            Reply::pieces(content_type, steps.collect())
        } else {
            Reply::whole(content_type, pieces.concat())
        }
    });
    let token = gateway.register(&upstream.base("/v1"));
    // With a secret in the request there is something that could be restored, so the answer is looked at.
    let secret = secrets::lookalike("{lower:9}@{lower:9}.org", 1);
    for content in ["hello", secret.as_str()] {
        for (index, (content_type, pieces)) in answers().into_iter().enumerate() {
            for stream in [true, false] {
                let messages = serde_json::json!([{ "role": "user", "content": content }]);
                let body = serde_json::json!({ "seed": index, "stream": stream, "messages": messages });
                let answer = gateway.chat(&token, body.to_string());
                let expected = pieces.concat();
                assert_eq!(answer.text(), expected, "{content_type} {index}, stream {stream}");
                assert_eq!(answer.header("content-type"), Some(content_type));
            }
        }
    }
}

#[test]
fn other_methods_headers_and_routes_pass_untouched() {
    let gateway = Gateway::start();
    let upstream =
        FakeUpstream::start(|_| Reply::whole("application/json", "{}").header("x-request-id", "up-1"));
    let token = gateway.register(&upstream.base("/v1"));
    let answer = Request::get(format!("/v1/__gw__/t/{token}/models?limit=2&after=a%20b"))
        .header("openai-organization", "org-1")
        .header("x-stainless-lang", "python")
        .send(gateway.port);
    assert_eq!((answer.status, answer.header("x-request-id")), (200, Some("up-1")));
    let recorded = upstream.take_only();
    assert_eq!(
        (recorded.method.as_str(), recorded.target.as_str()),
        ("GET", "/v1/models?limit=2&after=a%20b")
    );
    assert_eq!(recorded.header("openai-organization"), Some("org-1"));
    assert_eq!(recorded.header("x-stainless-lang"), Some("python"));
    // Envoy announces a time limit if it has one; its default of 15 seconds would cut long answers off.
    assert_eq!(recorded.header("x-envoy-expected-rq-timeout-ms"), None);
}
