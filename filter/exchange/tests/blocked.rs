//! Requests that the policy refuses and answers in the model's place (`block_status: 200`).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

mod support;

use aegis_exchange::fake_host::FakeHost;
use aegis_exchange::{Exchange, Side};
use aegis_policy::{Disposition, Override, Policy};
use serde_json::Value;
use support::Setup;

fn exchange(block_status: u16) -> Exchange {
    let mut policy = Policy::only(&["email"]);
    policy.rules.push(Override::everywhere(Some("email"), Disposition::Block));
    policy.block_status = block_status;
    let setup = Setup { policies: &[&policy], ..Setup::default() };
    Exchange::new(setup.gateway(|_| ()))
}

/// A request that is refused.
fn refused(exchange: &mut Exchange, rest: &str, stream: bool) -> FakeHost {
    let mut host = FakeHost::request("POST", &format!("/v1/__gw__/t/TOK{rest}")).with_header(
        Side::Request,
        "x-aegis-metadata",
        "true",
    );
    let body = format!(
        r#"{{"model":"m","stream":{stream},"input":"ada@corp.example","messages":[{{"role":"user","content":"ada@corp.example"}}]}}"#
    );
    assert_eq!(host.send(exchange, &[body.as_bytes()]), None, "{rest}");
    host
}

/// The kinds and data of the events of the reply.
fn events(host: &FakeHost) -> Vec<(String, Value)> {
    let (_, body) = host.replied.as_ref().unwrap();
    let body = std::str::from_utf8(body).unwrap().replace("\r\n", "\n");
    let event = |event: &str| {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let data = field("data: ").filter(|data| data != "[DONE]")?;
        Some((field("event: ").unwrap_or_default(), serde_json::from_str(&data).unwrap()))
    };
    body.split("\n\n").filter_map(event).collect()
}

fn header<'a>(host: &'a FakeHost, name: &str) -> Option<&'a str> {
    host.reply_headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn body(host: &FakeHost) -> Value {
    serde_json::from_slice(&host.replied.as_ref().unwrap().1).unwrap()
}

#[test]
fn the_model_seems_to_refuse() {
    for (rest, text) in [
        ("/chat/completions", "/choices/0/message/content"),
        ("/completions", "/choices/0/text"),
        ("/responses", "/output/0/content/0/text"),
        ("/messages?beta=true", "/content/0/text"),
        ("/v1beta/models/m:generateContent", "/candidates/0/content/parts/0/text"),
        ("/v1beta/models/m:streamGenerateContent", "/0/candidates/0/content/parts/0/text"),
    ] {
        let host = refused(&mut exchange(200), rest, false);
        assert_eq!(host.replied.as_ref().unwrap().0, 200, "{rest}");
        assert_eq!(header(&host, "content-type"), Some("application/json"));
        assert_eq!(header(&host, "x-aegis-action"), Some("block"));
        assert_eq!(header(&host, "x-aegis-request-id"), Some("request-1"));
        let said = body(&host).pointer(text).unwrap().as_str().unwrap().to_owned();
        assert_eq!(
            said,
            "[AegisGate] request_blocked: The request contains something that this gateway's policy refuses."
        );
        assert!(!body(&host).to_string().contains("email"), "{rest}");
    }
}

#[test]
fn a_stream_has_all_its_events() {
    let kinds = |host: &FakeHost| events(host).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    let stream = |rest: &str| {
        let host = refused(&mut exchange(200), rest, true);
        assert_eq!(header(&host, "content-type"), Some("text/event-stream"), "{rest}");
        host
    };
    for rest in ["/chat/completions", "/completions"] {
        let host = stream(rest);
        let reasons: Vec<Value> =
            events(&host).iter().map(|(_, data)| data["choices"][0]["finish_reason"].clone()).collect();
        assert_eq!(reasons, [Value::Null, "content_filter".into()], "{rest}");
        let ending = String::from_utf8_lossy(&host.replied.as_ref().unwrap().1).into_owned();
        assert!(ending.contains("data: [DONE]\n\n: aegisgate {\"action\":\"block\""), "{ending}");
    }
    assert_eq!(
        kinds(&stream("/messages")),
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let host = stream("/responses");
    assert_eq!(
        kinds(&host),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.incomplete"
        ]
    );
    let events = events(&host);
    assert!(events.iter().enumerate().all(|(number, (_, data))| data["sequence_number"] == number));
    assert_eq!(events[8].1["response"]["output"][0], events[7].1["item"]);
    assert_eq!(events[8].1["response"]["incomplete_details"]["reason"], "content_filter");
    assert!(events.iter().all(|(kind, data)| data["type"] == kind.as_str()));
    stream("/v1beta/models/m:streamGenerateContent?alt=sse");
}

#[test]
fn where_no_assistant_answers_it_is_an_error() {
    for rest in ["/embeddings", "/images/generations", "/messages/count_tokens", "/responses/input_tokens"] {
        let mut host = FakeHost::request("POST", &format!("/v1/__gw__/t/TOK{rest}")).with_header(
            Side::Request,
            "content-type",
            "application/json",
        );
        assert_eq!(host.send(&mut exchange(200), &[br#"{"input":"ada@corp.example"}"#]), None);
        assert_eq!(host.replied.as_ref().unwrap().0, 403, "{rest}");
        assert!(body(&host)["error"].is_object(), "{rest}");
        assert_eq!(header(&host, "x-aegis-action"), None);
    }
    let host = refused(&mut exchange(422), "/chat/completions", true);
    assert_eq!(host.replied.as_ref().unwrap().0, 422);
}

#[test]
fn what_cannot_be_read_is_an_error_all_the_same() {
    let mut host = FakeHost::request("POST", "/v1/__gw__/t/TOK/chat/completions");
    assert_eq!(host.send(&mut exchange(200), &[b"{"]), None);
    assert_eq!(host.replied.as_ref().unwrap().0, 400);
}

#[test]
fn the_gateways_own_answer_is_not_worked_on() {
    let mut exchange = exchange(200);
    let mut host = refused(&mut exchange, "/chat/completions", false);
    host.local_reply = true;
    let (_, sent) = host.replied.clone().unwrap();
    let mut host = host
        .with_header(Side::Response, ":status", "200")
        .with_header(Side::Response, "content-type", "application/json")
        .with_header(Side::Response, "content-length", &sent.len().to_string())
        .with_header(Side::Response, "x-aegis-action", "block");
    assert_eq!(host.answer(&mut exchange, &[&sent]).concat(), sent);
    assert_eq!(host.text(Side::Response, "x-aegis-action").unwrap(), "block");
    assert_eq!(host.text(Side::Response, "content-length").unwrap(), sent.len().to_string());
}
