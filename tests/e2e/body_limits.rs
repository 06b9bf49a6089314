//! Promise: every limit of a request has an error of its own, and what a body repeats hides nothing.

use aegis_tests::chat::request;
use aegis_tests::{FakeUpstream, Gateway, Reply, secrets, sse};
use serde_json::json;

fn upstream() -> FakeUpstream {
    FakeUpstream::start(|_| Reply::json(&json!({})))
}

#[test]
fn every_limit_is_named() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let messages =
        |count| format!(r#"{{"messages":[{}]}}"#, vec![r#"{"role":"user","content":"x"}"#; count].join(","));
    let nested = |depth| format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let cases = [
        (messages(10_000), None),
        (messages(10_001), Some((400, "messages_too_many", "10000 messages"))),
        (nested(199), None),
        (nested(200), Some((400, "json_too_deep", "nested"))),
        (format!("[{}0]", "\"x\",".repeat(500_001)), Some((413, "request_too_complex", "500000 strings"))),
        (
            request(&"x".repeat(12_000_001)).to_string(),
            Some((413, "request_body_too_large", "12000000 bytes")),
        ),
    ];
    for (body, refused) in cases {
        let length = body.len();
        let answer = gateway.chat(&token, body.clone());
        if let Some((status, code, says)) = refused {
            assert_eq!(answer.status, status, "{length} bytes: {}", answer.text());
            let error = &answer.json()["error"];
            assert_eq!(error["code"], code);
            assert!(error["message"].as_str().unwrap().contains(says), "{error}");
            assert!(upstream.requests().is_empty(), "{code}");
        } else {
            assert_eq!(answer.status, 200, "{length} bytes: {}", answer.text());
            assert!(upstream.take_only().body == body.as_bytes());
        }
    }
    gateway.assert_no_filter_has_crashed();
}

#[test]
fn every_limit_of_an_answer_is_named() {
    let gateway = Gateway::shared();
    let choice =
        |index: u32| sse::frame(&json!({ "choices": [{ "index": index, "delta": { "content": "so" } }] }));
    let choices = |count| (0..count).map(choice).collect::<String>();
    let nested =
        |depth: usize| format!("data: {{\"x\":{}{}}}\n\n", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let sized = |size: usize| format!("data: \"{}\"\n\n", "y".repeat(size - "data: \"\"\n\n".len()));
    let streams = [
        (choices(1024), None),
        (choices(1025), Some("response_too_complex")),
        (nested(200), None),
        (nested(201), Some("response_too_deep")),
        (sized(8 << 20), None),
        (sized((8 << 20) + 1), Some("response_too_large")),
    ];
    let answers: Vec<String> = streams.iter().map(|(stream, _)| format!("{}{stream}", choice(0))).collect();
    let served = answers.clone();
    let upstream = FakeUpstream::start(move |recorded| {
        let which = usize::try_from(recorded.json()["seed"].as_u64().unwrap()).unwrap();
        Reply::frames(&[served[which].clone()])
    });
    let token = gateway.register(&upstream.base("/v1"));
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    for (which, ((_, code), sent)) in streams.iter().zip(answers).enumerate() {
        let mut body = request(&mail);
        body["seed"] = json!(which);
        let received = gateway.chat(&token, body.to_string());
        let text = received.text();
        let Some(code) = code else {
            assert!(text.starts_with(&sent), "{which}");
            continue;
        };
        let last = sent.split_inclusive("\n\n").last().unwrap();
        assert!(text.starts_with(&choice(0)) && !text.contains(last), "{which}");
        let payloads = sse::payloads(text.as_bytes());
        assert_eq!(payloads.last().unwrap()["error"]["code"], **code, "{which}");
        assert!(text.ends_with("data: [DONE]\n\n"));
    }
    gateway.assert_no_filter_has_crashed();
}

#[test]
fn keys_that_stand_twice_hide_nothing() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    let message = format!(r#"{{"role":"user","content":"{secret}"}}"#);
    let escaped = r#""\u0063ontent""#;
    let bodies = [
        format!(r#"{{"messages":[{message}],"messages":[]}}"#),
        format!(r#"{{"messages":[],"messages":[{message}]}}"#),
        format!(r#"{{"messages":"none","messages":[{message}]}}"#),
        format!(r#"{{"messages":[{{"role":"user","content":"a","content":"{secret}"}}]}}"#),
        format!(r#"{{"messages":[{{"role":"user","content":"{secret}","content":"a"}}]}}"#),
        format!(r#"{{"messages":[{{"role":"user","content":"a",{escaped}:"{secret}"}}]}}"#),
        format!(r#"{{"messages":[{{"role":"system","role":"user","content":"{secret}"}}]}}"#),
        format!(r#"{{"messages":[{{"role":"tool","content":"{secret}","role":"assistant"}}]}}"#),
        format!(r#"{{"model":"m","model":{{"content":"{secret}"}},"messages":[]}}"#),
        format!(r#"{{"messages":[{{"content":[{{"type":"text","type":{{"text":"{secret}"}}}}]}}]}}"#),
        format!(r#"{{"":"{secret}","":"{secret}"}}"#),
    ];
    for body in bodies {
        let answer = gateway.chat(&token, body.clone());
        assert_eq!(answer.status, 200, "{body}");
        let recorded = upstream.take_only();
        let [placeholder] = &recorded.placeholders()[..] else { panic!("{body}") };
        let sent = String::from_utf8(recorded.body).unwrap();
        assert_eq!(sent.replace(placeholder, &secret), body);
        assert!(!sent.contains(&secret), "{body}");
    }
}

#[test]
fn a_request_has_to_arrive_in_time_and_an_answer_may_take_longer() {
    let gateway = Gateway::shared();
    let dump = gateway.envoy_admin("/config_dump?resource=static_listeners").text().to_owned();
    for setting in [
        r#""request_timeout": "300s""#,
        r#""request_headers_timeout": "30s""#,
        r#""stream_idle_timeout": "600s""#,
    ] {
        assert!(dump.contains(setting), "{setting}");
    }
    // A limit for the whole stream would cut long answers off.
    assert!(dump.contains(r#""timeout": "0s""#) && !dump.contains("max_stream_duration"));
}
