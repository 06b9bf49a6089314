//! Promise: a token works within a second of its registration and is gone after its removal, and neither disturbs
//! what is under way.

use aegis_tests::chat::{DONE, delta, finish, last_user_text, request};
use aegis_tests::gateway::chat_path;
use aegis_tests::sse::{joined, payloads};
use aegis_tests::{
    Connection, FakeUpstream, Gate, Gateway, Piece, Reply, Request, chat, eventually, secrets,
};
use serde_json::json;
use std::time::Duration;

/// Starts to echo and goes on when the gate opens.
fn slow_echo(gate: &Gate) -> FakeUpstream {
    let gate = gate.clone();
    FakeUpstream::start(move |recorded| {
        let text = last_user_text(&recorded.json());
        let start = delta(0, &json!({ "content": "started: " }));
        let rest = [delta(0, &json!({ "content": text })), finish(0, "stop"), DONE.to_owned()].concat();
        Reply::events(vec![
            Piece::Bytes(start.into_bytes()),
            Piece::Wait(gate.clone()),
            Piece::Bytes(rest.into_bytes()),
        ])
    })
}

/// A stream that has begun, and what has come of it.
fn begin(gateway: &Gateway, token: &str, text: &str) -> (Connection, Vec<u8>) {
    let mut body = request(text);
    body["stream"] = true.into();
    let mut connection = Connection::open(gateway.port);
    let head = connection.begin(&Request::post(chat_path(token), body.to_string()));
    assert!(head.first_line.contains(" 200 "), "{}", head.first_line);
    let received = connection.read_until("started: ");
    (connection, received)
}

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| Reply::json(&chat::completion(&last_user_text(&recorded.json()))))
}

#[test]
fn registrations_take_effect_within_a_second_while_a_stream_goes_on() {
    let gateway = Gateway::start();
    let gate = Gate::new();
    let slow = slow_echo(&gate);
    let token = gateway.register(&slow.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    let (mut stream, mut received) = begin(&gateway, &token, &secret);

    for path in ["/v1", "/v2", "/v3"] {
        let upstream = echo();
        let other = gateway.register_answer(&upstream.base(path))["token"].as_str().unwrap().to_owned();
        let took = eventually("a new token works", Duration::from_secs(5), || gateway.is_usable(&other));
        assert!(took < Duration::from_secs(1), "a new token took {took:?} to work");
        let answer = gateway.chat(&other, request("hello").to_string());
        assert_eq!(answer.json()["choices"][0]["message"]["content"], "hello");
        gateway.unregister(&other);
        let took = eventually("a removed token stops", Duration::from_secs(5), || {
            gateway.chat(&other, request("hello").to_string()).status == 404
        });
        assert!(took < Duration::from_secs(1), "a removed token took {took:?} to stop");
    }

    gate.open();
    received.extend(stream.read_rest());
    assert_eq!(joined(&payloads(&received), "/choices/0/delta/content"), format!("started: {secret}"));
    assert_eq!(slow.take_only().placeholders().len(), 1, "one request, and redacted");
}

#[test]
fn a_stream_outlives_the_removal_of_its_own_token() {
    let gateway = Gateway::start();
    let gate = Gate::new();
    let slow = slow_echo(&gate);
    let token = gateway.register(&slow.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 2);
    let (mut stream, mut received) = begin(&gateway, &token, &secret);
    gateway.unregister(&token);
    eventually("the token is gone", Duration::from_secs(5), || !gateway.is_usable(&token));
    assert_eq!(gateway.chat(&token, request("hello").to_string()).status, 404);
    gate.open();
    received.extend(stream.read_rest());
    assert_eq!(joined(&payloads(&received), "/choices/0/delta/content"), format!("started: {secret}"));
}

#[test]
fn a_removed_token_is_unknown() {
    let gateway = Gateway::start();
    let upstream = echo();
    let token = gateway.register(&upstream.base("/v1"));
    assert_eq!(gateway.unregister(&token)["ok"], true);
    eventually("the token is gone", Duration::from_secs(1), || !gateway.is_usable(&token));
    let answer = gateway.chat(&token, request("hello").to_string());
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"], "token_not_found");
    assert!(upstream.requests().is_empty());
    let again = gateway.admin(gateway.port, "unregister", json!({ "token": token })).unwrap();
    assert_eq!((again.status, &again.json()["error"]), (404, &json!("token_not_found")));
}

#[test]
fn registering_again_gives_the_same_token() {
    let gateway = Gateway::start();
    let upstream = echo();
    let first = gateway.register_answer(&upstream.base("/v1"));
    assert_eq!(first["already_registered"], json!(null));
    let token = first["token"].as_str().unwrap();
    assert!(token.len() == 24 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    let expected = format!("/v1/__gw__/t/{token}");
    assert!(first["baseUrl"].as_str().unwrap().ends_with(&expected), "{first}");
    // A trailing slash is not another upstream.
    for base in [upstream.base("/v1"), upstream.base("/v1/")] {
        let again = gateway.register_answer(&base);
        assert_eq!((&again["already_registered"], &again["token"]), (&json!(true), &first["token"]));
    }
    let lookup =
        gateway.admin(gateway.port, "lookup", json!({ "upstream_base": upstream.base("/v1") })).unwrap();
    assert_eq!((lookup.status, &lookup.json()["token"]), (200, &first["token"]));
    let other = gateway.register_answer(&upstream.base("/v2"));
    assert_ne!(other["token"], first["token"]);
}

#[test]
fn the_token_api_wants_the_gateway_key() {
    let gateway = Gateway::start();
    let upstream = echo();
    let base = upstream.base("/v1");
    for key in ["wrong", &gateway.key[1..], &gateway.key.to_lowercase()] {
        let body = json!({ "upstream_base": base, "gateway_key": key });
        let answer = Request::post("/__gw__/register", body.to_string()).send(gateway.port);
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (403, &json!("gateway_key_invalid")),
            "key {key:?}"
        );
    }
    let lookup = gateway.admin(gateway.port, "lookup", json!({ "upstream_base": base })).unwrap();
    assert_eq!(
        (lookup.status, &lookup.json()["error"]),
        (404, &json!("not_found")),
        "nothing was registered"
    );
}
