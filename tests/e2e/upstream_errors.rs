//! Promise: what the LLM answers besides a completion passes as it is: status, headers and bytes.

use aegis_tests::chat::{request, stream};
use aegis_tests::gateway::chat_path;
use aegis_tests::{FakeUpstream, Gateway, Piece, Reply, Request, secrets};

/// Headers that clients look at.
const HEADERS: [(&str, &str); 14] = [
    ("retry-after", "7"),
    ("retry-after-ms", "7100"),
    ("x-should-retry", "false"),
    ("x-ratelimit-limit-requests", "60"),
    ("x-ratelimit-remaining-tokens", "0"),
    ("x-ratelimit-reset-tokens", "6m0s"),
    ("anthropic-ratelimit-unified-reset", "2026-11-25T00:00:00Z"),
    ("request-id", "req_011"),
    ("x-request-id", "req_upstream"),
    ("openai-processing-ms", "12"),
    ("www-authenticate", "Bearer error=\"invalid_token\""),
    ("cf-ray", "9a"),
    ("set-cookie", "a=1; Path=/"),
    ("date", "Wed, 25 Nov 2026 10:00:00 GMT"),
];

const BODIES: [(&str, &str); 5] = [
    (
        "application/json",
        "{ \"error\" : {\"message\":\"slow \\u0064own\",\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"} }\n",
    ),
    (
        "application/json",
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},\"request_id\":\"req_011\"}",
    ),
    ("application/problem+json", "not JSON {{ after all"),
    ("text/html", "<html>\r\n<head><title>502 Bad Gateway</title></head>"),
    (
        "text/event-stream",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"x\"}}\n\n",
    ),
];

#[test]
fn errors_pass_to_the_byte_with_all_headers() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(|recorded| {
        let asked = recorded.json();
        let number = |name: &str| usize::try_from(asked[name].as_u64().unwrap()).unwrap();
        let (content_type, body) = BODIES[number("which")];
        let reply = if asked["chunked"] == true {
            Reply::pieces(content_type, body.bytes().map(|byte| Piece::Bytes(vec![byte])).collect())
        } else {
            Reply::whole(content_type, body)
        };
        let reply = HEADERS.iter().fold(reply, |reply, (name, value)| reply.header(name, value));
        reply.header("set-cookie", "b=2").status(u16::try_from(number("status")).unwrap())
    });
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    let mut sent = 0;
    for status in [302, 400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504, 529] {
        for (which, (content_type, body)) in BODIES.iter().enumerate() {
            // With a secret there is something to restore, so the answer is looked at.
            let text = if (status + which as u64).is_multiple_of(2) { "hello" } else { &secret };
            let mut question = request(text);
            question["which"] = which.into();
            question["status"] = status.into();
            question["chunked"] = (which % 2 == 1).into();
            let answer = gateway.chat(&token, question.to_string());
            sent += 1;
            assert_eq!((u64::from(answer.status), answer.text()), (status, *body));
            assert_eq!(answer.header("content-type"), Some(*content_type), "{status}");
            for (name, value) in HEADERS {
                assert_eq!(answer.header(name), Some(value), "{status}: {name}");
            }
            let cookies = answer.head.headers.iter().filter(|(name, _)| name == "set-cookie");
            assert_eq!(cookies.count(), 2);
        }
    }
    assert_eq!(upstream.requests().len(), sent, "something was tried again");
}

#[test]
fn an_answer_without_a_body_stays_without_one() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(|recorded| {
        let status = if recorded.target.ends_with("304") { 304 } else { 204 };
        Reply::whole("application/json", "").status(status).header("etag", "\"x\"")
    });
    let token = gateway.register(&upstream.base("/v1"));
    for status in [204, 304] {
        let answer = Request::get(format!("/v1/__gw__/t/{token}/{status}")).send(gateway.port);
        assert_eq!((answer.status, answer.header("etag"), answer.text()), (status, Some("\"x\""), ""));
    }
}

#[test]
fn an_upstream_that_goes_in_the_middle_is_seen_to_and_hurts_nobody_else() {
    let gateway = Gateway::shared();
    let upstream = FakeUpstream::start(|recorded| {
        let frames = stream(aegis_tests::chat::last_user_text(&recorded.json()).as_str(), 3);
        let mut pieces: Vec<Piece> =
            frames.into_iter().map(|frame| Piece::Bytes(frame.into_bytes())).collect();
        if recorded.json()["break"] == true {
            pieces.truncate(4);
            pieces.push(Piece::Break);
        }
        Reply::events(pieces)
    });
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    for _ in 0..3 {
        let mut broken = request(&secret);
        broken["break"] = true.into();
        let mut connection = aegis_tests::Connection::open(gateway.port);
        connection.begin(&Request::post(chat_path(&token), broken.to_string()));
        assert!(connection.is_cut_off(), "a broken stream looks complete to the client");
        let whole = gateway.chat(&token, request(&secret).to_string());
        let said =
            aegis_tests::sse::joined(&aegis_tests::sse::payloads(&whole.body), "/choices/0/delta/content");
        assert_eq!((whole.status, said), (200, secret.clone()));
    }
    assert_eq!(upstream.requests().len(), 6);
    gateway.assert_no_filter_has_crashed();
}
