//! Promise: compression is no way around the gateway, in either direction.

use aegis_tests::chat::{completion, last_user_text, request, stream};
use aegis_tests::coding::{CODINGS, bomb, brotli, gzip, zstd};
use aegis_tests::gateway::chat_path;
use aegis_tests::sse::{joined, payloads};
use aegis_tests::{Connection, FakeUpstream, Gateway, Piece, Recorded, Reply, Request, secrets};
use serde_json::json;

fn secret() -> String {
    secrets::lookalike("{lower:7}@{lower:8}.org", 1)
}

/// What `recorded` is answered with by an LLM that echoes: content type and body.
fn echo(recorded: &Recorded) -> (&'static str, String) {
    let request = recorded.json();
    let text = last_user_text(&request);
    if request["stream"] == true {
        ("text/event-stream", stream(&text, 4).concat())
    } else {
        ("application/json", completion(&text).to_string())
    }
}

/// Echoes, in gzip if that is welcome.
fn compressing_echo(recorded: &Recorded) -> Reply {
    let (content_type, body) = echo(recorded);
    if recorded.header("accept-encoding").is_some_and(|codings| codings.contains("gzip")) {
        Reply::whole(content_type, gzip(body.as_bytes())).header("content-encoding", "gzip")
    } else {
        Reply::whole(content_type, body)
    }
}

fn plain(_: &Recorded) -> Reply {
    Reply::json(&json!({}))
}

#[track_caller]
fn assert_hides(recorded: &Recorded) {
    let leaked = recorded.body.windows(secret().len()).any(|window| window == secret().as_bytes());
    assert!(!leaked, "passed unread: {}", recorded.body.escape_ascii());
}

/// Asks with the secret, streamed or not, and takes what comes back apart.
#[track_caller]
fn said(gateway: &Gateway, token: &str, streamed: bool) -> String {
    let mut body = request(&secret());
    body["stream"] = streamed.into();
    let question = Request::post(chat_path(token), body.to_string());
    let answer = question.header("accept-encoding", "gzip, deflate, br, zstd").send(gateway.port);
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
    if streamed {
        joined(&payloads(&answer.body), "/choices/0/delta/content")
    } else {
        answer.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_answer_is_restored_although_the_client_takes_compressed_ones() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(compressing_echo);
    let token = gateway.register(&upstream.base("/v1"));
    for streamed in [false, true] {
        assert_eq!(said(&gateway, &token, streamed), secret());
    }
    for recorded in upstream.requests() {
        assert_eq!(recorded.header("accept-encoding"), Some("identity"));
        assert_hides(&recorded);
    }
}

#[test]
fn an_answer_that_is_compressed_unasked_is_restored() {
    let gateway = Gateway::shared();
    for (name, code) in CODINGS {
        let upstream = FakeUpstream::start(move |recorded| {
            let (content_type, body) = echo(recorded);
            let reply = Reply::whole(content_type, code(body.as_bytes())).header("content-encoding", name);
            reply.header("cache-control", "no-cache, no-transform")
        });
        let token = gateway.register(&upstream.base("/v1"));
        for streamed in [false, true] {
            assert_eq!(said(&gateway, &token, streamed), secret(), "{name}");
        }
    }
}

/// Envoy's decompressors end an answer with trailers, and Envoy dies if a filter resets a stream while they pass.
#[test]
fn a_compressed_answer_that_ends_inside_a_placeholder_is_cut_off_and_hurts_nobody() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(|recorded| {
        let body = recorded.body.clone();
        let placeholder = body.windows(2).position(|two| two == b"}}").unwrap();
        Reply::whole("application/json", gzip(&body[..placeholder])).header("content-encoding", "gzip")
    });
    let token = gateway.register(&upstream.base("/v1"));
    let envoy = gateway.envoy_pid();
    for _ in 0..3 {
        let mut connection = Connection::open(gateway.port);
        connection.begin(&Request::post(chat_path(&token), request(&secret()).to_string()));
        assert!(connection.is_cut_off());
    }
    assert_eq!(gateway.envoy_pid(), envoy, "Envoy was started again");
}

#[test]
fn a_compressed_request_is_redacted() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(compressing_echo);
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secret()).to_string();
    for (name, code) in CODINGS.into_iter().chain([("GZIP", gzip as fn(&[u8]) -> _)]) {
        // Stored blocks: the secret stands in the compressed bytes as it is, so it can be looked for in what arrives.
        let compressed = code(body.as_bytes());
        assert!(compressed.windows(secret().len()).any(|window| window == secret().as_bytes()));
        let question = Request::post(chat_path(&token), compressed)
            .header("content-encoding", name)
            .header("cache-control", "no-transform");
        for answer in [question.send(gateway.port), question.send_chunked(gateway.port, 7)] {
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            assert_eq!(answer.json()["choices"][0]["message"]["content"], secret(), "{name}");
        }
    }
    assert_eq!(upstream.requests().len(), 8);
    for recorded in upstream.requests() {
        assert_eq!(recorded.header("content-encoding"), None);
        assert_hides(&recorded);
        assert!(recorded.head.headers.iter().all(|(name, _)| !name.contains("decompressor")));
    }
}

#[test]
fn a_large_compressed_request_arrives_as_it_was_before() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(plain);
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secrets::lookalike("{lower:1000}", 5).repeat(1000)).to_string();
    for (name, code) in CODINGS {
        let question =
            Request::post(chat_path(&token), code(body.as_bytes())).header("content-encoding", name);
        assert_eq!(question.send(gateway.port).status, 200, "{name}");
        assert!(upstream.take_only().body == body.as_bytes(), "{name}: 1 MB came out differently");
    }
}

#[test]
fn what_cannot_be_decompressed_is_refused() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(plain);
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secret()).to_string().into_bytes();
    let cut = |coded: Vec<u8>| coded[..coded.len() / 2].to_vec();
    let notes = format!("/v1/__gw__/t/{token}/notes");
    let chat = chat_path(&token);
    let json = "application/json";
    let cases: [(&str, &str, &str, Vec<u8>); 11] = [
        (&chat, json, "deflate", body.clone()),
        (&chat, json, "compress", body.clone()),
        (&chat, json, "identity, gzip", gzip(&body)),
        (&chat, json, "gzip, gzip", gzip(&gzip(&body))),
        (&chat, json, "gzip, zstd", zstd(&gzip(&body))),
        (&chat, json, "gzip", body.clone()),
        (&chat, json, "br", body.clone()),
        (&chat, json, "zstd", body.clone()),
        (&chat, json, "gzip", cut(gzip(&body))),
        (&chat, json, "zstd", cut(zstd(&body))),
        // Nobody could tell whether this is all of it.
        (&notes, "text/plain", "br", cut(brotli(&body))),
    ];
    for (path, content_type, coding, body) in cases {
        let question = Request::new("POST", path, body);
        let question = question.header("content-type", content_type).header("content-encoding", coding);
        for answer in [question.send(gateway.port), question.send_chunked(gateway.port, 50)] {
            assert!(matches!(answer.status, 400 | 415), "{coding}: {} {}", answer.status, answer.text());
            let code = answer.json()["error"]["code"].clone();
            assert!(code == "unsupported_content_encoding" || code == "invalid_json", "{coding}: {code}");
        }
    }
    assert!(upstream.requests().is_empty());
}

#[test]
fn a_bomb_is_refused_and_the_next_request_is_answered() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(plain);
    let token = gateway.register(&upstream.base("/v1"));
    // A ratio of 32,768, whole and in pieces, for one that expands to 2 MB and one that would expand to 1 GB.
    for blocks in [16, 8192] {
        let question = Request::post(chat_path(&token), bomb(blocks)).header("content-encoding", "zstd");
        for answer in [question.send(gateway.port), question.send_chunked(gateway.port, 1000)] {
            assert!(matches!(answer.status, 400 | 413 | 415), "{blocks}: {}", answer.status);
            let code = answer.json()["error"]["code"].clone();
            let codes = ["request_body_too_large", "invalid_json", "unsupported_content_encoding"];
            assert!(codes.iter().any(|known| code == *known), "{code}");
        }
    }
    assert!(upstream.requests().is_empty());
    assert_eq!(gateway.chat(&token, request("hello").to_string()).status, 200);
}

#[test]
fn what_passes_through_stays_compressed() {
    let gateway = Gateway::shared();
    let answered = zstd(b"{ \"a\": 1 }");
    let reply = answered.clone();
    let upstream = FakeUpstream::start(move |_| {
        let piece = Piece::Bytes(reply.clone());
        Reply::pieces("application/json", vec![piece]).header("content-encoding", "zstd")
    });
    let token = gateway.register(&upstream.base("/v1"));
    let sent = gzip(request(&secret()).to_string().as_bytes());
    let path = chat_path(&format!("{token}__passthrough"));
    let question = Request::post(path, sent.clone()).header("content-encoding", "gzip");
    let answer = question.header("accept-encoding", "zstd").send(gateway.port);
    assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("zstd")));
    assert_eq!(answer.body, answered);
    let recorded = upstream.take_only();
    assert_eq!(
        (recorded.header("content-encoding"), recorded.header("accept-encoding")),
        (Some("gzip"), Some("zstd"))
    );
    assert_eq!(recorded.body, sent);
}
