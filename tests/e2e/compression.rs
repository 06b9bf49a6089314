//! Promise: compression is no way around the gateway, in either direction.

use aegis_tests::chat::{completion, last_user_text, request, stream};
use aegis_tests::gateway::chat_path;
use aegis_tests::sse::{joined, payloads};
use aegis_tests::{FakeUpstream, Gateway, Recorded, Reply, Request, gzip, secrets};

fn secret() -> String {
    secrets::lookalike("{lower:7}@{lower:8}.org", 1)
}

/// Echoes, in gzip if that is welcome.
fn compressing_echo(recorded: &Recorded) -> Reply {
    let request = recorded.json();
    let text = last_user_text(&request);
    let (content_type, body) = if request["stream"] == true {
        ("text/event-stream", stream(&text, 4).concat())
    } else {
        ("application/json", completion(&text).to_string())
    };
    if recorded.header("accept-encoding").is_some_and(|codings| codings.contains("gzip")) {
        Reply::whole(content_type, gzip::stored(body.as_bytes())).header("content-encoding", "gzip")
    } else {
        Reply::whole(content_type, body)
    }
}

#[test]
fn an_answer_is_restored_although_the_client_takes_compressed_ones() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(compressing_echo);
    let token = gateway.register(&upstream.base("/v1"));
    for streamed in [false, true] {
        let mut body = request(&secret());
        body["stream"] = streamed.into();
        let question = Request::post(chat_path(&token), body.to_string());
        let answer = question.header("accept-encoding", "gzip, deflate, br, zstd").send(gateway.port);
        assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
        let said = if streamed {
            joined(&payloads(&answer.body), "/choices/0/delta/content")
        } else {
            answer.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
        };
        assert_eq!(said, secret());
    }
    for recorded in upstream.requests() {
        assert!(!String::from_utf8(recorded.body).unwrap().contains(&secret()));
    }
}

#[test]
fn a_compressed_request_is_read_or_refused() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::whole("application/json", "{}"));
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&secret()).to_string();
    // Stored blocks: the secret stands in the compressed bytes as it is, so it can be looked for in what arrives.
    let compressed = gzip::stored(body.as_bytes());
    assert!(compressed.windows(secret().len()).any(|window| window == secret().as_bytes()));
    for coding in ["gzip", "GZIP", "identity, gzip", "br"] {
        let question =
            Request::post(chat_path(&token), compressed.clone()).header("content-encoding", coding);
        let answer = question.send(gateway.port);
        assert!(answer.status == 200 || (400..500).contains(&answer.status), "{coding}: {}", answer.status);
        for recorded in upstream.requests() {
            let leaked = recorded.body.windows(secret().len()).any(|window| window == secret().as_bytes());
            assert!(!leaked, "{coding}: passed unread");
        }
    }
    assert_eq!(gateway.chat(&token, body).status, 200);
}
