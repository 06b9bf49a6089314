//! Promise: however a request is carried, and wherever either side breaks off, exchanges do not mix and the gateway goes
//! on.

use aegis_tests::chat::{completion, delta, last_user_text, request};
use aegis_tests::client::chunk;
use aegis_tests::gateway::chat_path;
use aegis_tests::http2::Http2;
use aegis_tests::{
    Connection, FakeUpstream, Gate, Gateway, Piece, Recorded, Reply, Request, eventually, secrets,
};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn echo(recorded: &Recorded) -> Reply {
    Reply::json(&completion(&last_user_text(&recorded.json())))
}

fn secret(seed: u64) -> String {
    secrets::lookalike("{lower:7}@{lower:8}.org", seed)
}

#[track_caller]
fn assert_says(body: &[u8], text: &str) {
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["choices"][0]["message"]["content"], text);
}

/// A whole round trip, to see that the gateway goes on.
#[track_caller]
fn assert_goes_on(gateway: &Gateway, token: &str) {
    let answer = gateway.chat(token, request(&secret(99)).to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_says(&answer.body, &secret(99));
    gateway.assert_no_filter_has_crashed();
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secret(1)).to_string();
    let mut connection = Connection::open(gateway.port);
    let question = Request::post(chat_path(&token), body.clone()).header("expect", "100-continue");
    connection.write(&question.head(Some(body.len())));
    assert!(connection.read_head().first_line.contains(" 100 "));
    connection.write(body.as_bytes());
    assert!(connection.read_head().first_line.contains(" 200 "));
    assert_says(&connection.read_rest(), &secret(1));
    assert!(!String::from_utf8(upstream.take_only().body).unwrap().contains(&secret(1)));
}

#[test]
fn trailers_and_extensions_of_chunks_change_nothing() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secret(2)).to_string();
    let mut connection = Connection::open(gateway.port);
    // Twice on one connection: the end of the first must be found.
    for _ in 0..2 {
        connection.write(&Request::post(chat_path(&token), "").header("trailer", "x-checksum").head(None));
        let (head, tail) = body.as_bytes().split_at(30);
        connection.write(b"1e;name=\"value\"\r\n");
        connection.write(head);
        connection.write(b"\r\n");
        connection.write(&chunk(tail));
        connection.write(b"0\r\nx-checksum: 1\r\n\r\n");
        assert!(connection.read_head().first_line.contains(" 200 "));
        assert_says(&connection.read_rest(), &secret(2));
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn a_body_that_trickles_in_is_read_whole() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secret(3)).to_string();
    let mut connection = Connection::open(gateway.port);
    let question = Request::post(chat_path(&token), body.clone());
    for byte in question.head(Some(body.len())).into_iter().chain(body.bytes()) {
        connection.write(&[byte]);
        connection.wait_until_read();
    }
    assert!(connection.read_head().first_line.contains(" 200 "));
    assert_says(&connection.read_rest(), &secret(3));
}

#[test]
fn http2_clients_are_served_with_and_without_trailers() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let mut client = Http2::open(gateway.port);
    for seed in 10..13 {
        let body = request(&secret(seed)).to_string();
        let (head, tail) = body.as_bytes().split_at(33);
        for (pieces, trailers) in [
            (&[body.as_bytes()][..], &[][..]),
            (&[head, tail], &[]),
            (&[head, tail, b""], &[("x-checksum", "1")]),
        ] {
            let answer = client.post(&chat_path(&token), pieces, trailers);
            assert_eq!(answer.status, 200);
            assert_eq!(answer.headers["x-aegis-action"], "redact");
            assert_says(&answer.body, &secret(seed));
        }
        // Refusals come in good order too, and leave the connection open.
        assert_eq!(client.post(&chat_path(&token), &[head], &[("x", "y")]).status, 400);
        assert_eq!(client.post(&chat_path(&format!("{token}x")), &[head], &[]).status, 404);
    }
    for recorded in upstream.requests() {
        assert!(!String::from_utf8(recorded.body).unwrap().contains('@'));
    }
    assert_eq!(upstream.requests().len(), 9);
    gateway.assert_no_filter_has_crashed();
}

#[test]
fn nothing_reaches_the_llm_of_a_request_whose_client_goes_away() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secret(4)).to_string();
    let half = &body.as_bytes()[..body.len() / 2];
    for chunked in [false, true] {
        for reset in [false, true] {
            let mut connection = Connection::open(gateway.port);
            let question = Request::post(chat_path(&token), "");
            connection.write(&question.head((!chunked).then_some(body.len())));
            connection.write(&if chunked { chunk(half) } else { half.to_vec() });
            connection.wait_until_read();
            if reset {
                connection.reset();
            }
        }
    }
    let mut client = Http2::open(gateway.port);
    client.post_and_reset(&chat_path(&token), half);
    // On the same connection, so behind it.
    assert_eq!(client.post(&chat_path(&token), &[body.as_bytes()], &[]).status, 200);
    assert_eq!(upstream.take_only().json()["messages"].as_array().unwrap().len(), 1);
    assert_goes_on(&gateway, &token);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_an_answer_ends_it() {
    let gateway = Gateway::shared();
    let gate = Gate::new();
    let waiting = gate.clone();
    let upstream = FakeUpstream::start(move |recorded| {
        if recorded.json()["stream"] != true {
            return echo(recorded);
        }
        let text = last_user_text(&recorded.json());
        // Inside a placeholder, so that something is waiting.
        let (head, tail) = text.split_at(9);
        let frame = |text: &str| Piece::Bytes(delta(0, &json!({ "content": text })).into_bytes());
        Reply::events(vec![frame("start "), frame(head), Piece::Wait(waiting.clone()), frame(tail)])
    });
    let token = gateway.register(&upstream.base("/v1"));
    let active = || {
        let stats = gateway.envoy_admin("/stats?filter=^cluster.upstream-.*upstream_rq_active$");
        stats.text().lines().any(|line| !line.ends_with(": 0"))
    };
    for reset in [false, true] {
        let mut question = request(&secret(5));
        question["stream"] = true.into();
        let mut connection = Connection::open(gateway.port);
        connection.begin(&Request::post(chat_path(&token), question.to_string()));
        connection.read_until("start");
        if reset {
            connection.reset();
        } else {
            drop(connection);
        }
        assert_goes_on(&gateway, &token);
    }
    gate.open();
    eventually("Envoy forgets the streams", SOON, || !active());
    assert_goes_on(&gateway, &token);
}

#[test]
fn an_llm_that_hangs_up_is_reported_and_the_next_request_is_answered() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(|recorded| match last_user_text(&recorded.json()).as_str() {
        "hang up" => Reply::close(),
        "break off" => {
            Reply::pieces("application/json", vec![Piece::Bytes(b"{\"choices\":[".to_vec()), Piece::Break])
        }
        _ => echo(recorded),
    });
    let token = gateway.register(&upstream.base("/v1"));
    for _ in 0..2 {
        let answer = gateway.chat(&token, request("hang up").to_string());
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["error"]["code"], "upstream_unreachable");
        let mut connection = Connection::open(gateway.port);
        connection.begin(&Request::post(chat_path(&token), request("break off").to_string()));
        assert!(connection.is_cut_off());
        assert_goes_on(&gateway, &token);
    }
}

#[test]
fn a_connection_serves_on_after_answers_of_every_kind() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let mut connection = Connection::open(gateway.port);
    for seed in 20..25 {
        connection.begin(&Request::post(chat_path(&token), request(&secret(seed)).to_string()));
        assert_says(&connection.read_rest(), &secret(seed));
        connection.begin(&Request::get(format!("/v1/__gw__/t/{token}x/models")));
        let refused: Value = serde_json::from_slice(&connection.read_rest()).unwrap();
        assert_eq!(refused["error"], "token_not_found");
    }
}
