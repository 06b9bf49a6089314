//! Promise: uploads, forms and plain text leave as redacted as chats, and files that are no text leave untouched.

use aegis_tests::{Answer, FakeUpstream, Gateway, Recorded, Reply, Request, secrets};
use serde_json::json;

fn upstream() -> FakeUpstream {
    FakeUpstream::start(|_| Reply::json(&json!({ "id": "file-1" })))
}

fn secret() -> String {
    secrets::lookalike("{lower:7}@{lower:8}.org", 2)
}

/// A PNG's head with a secret in it, and everything that a careless parser could take for an end.
fn picture() -> Vec<u8> {
    [&b"\x89PNG\r\n\x1a\n\0\0\r\n--\r\n--bound\r\n\xff"[..], secret().as_bytes(), b"\r\n\r\n\0"].concat()
}

fn part(head: &str, content: &[u8]) -> Vec<u8> {
    [b"--boundary-7\r\n", head.as_bytes(), b"\r\n\r\n", content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [&parts.concat()[..], b"--boundary-7--\r\n"].concat()
}

fn field(name: &str, value: &str) -> Vec<u8> {
    part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
}

fn file(name: &str, content_type: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {content_type}"
    );
    part(&head, content)
}

fn post(gateway: &Gateway, token: &str, path: &str, content_type: &str, body: &[u8]) -> [Answer; 2] {
    let request = Request::new("POST", format!("/v1/__gw__/t/{token}{path}"), body)
        .header("content-type", content_type);
    [request.send(gateway.port), request.send_chunked(gateway.port, 100)]
}

const MULTIPART: &str = "multipart/form-data; boundary=boundary-7";

/// `body` with every secret replaced by the one placeholder that `recorded` has.
#[track_caller]
fn assert_redacted(recorded: &Recorded, body: &[u8], kept: usize) {
    let [placeholder] = &recorded.placeholders()[..] else { panic!("{}", recorded.body.escape_ascii()) };
    let restored = String::from_utf8_lossy(&recorded.body).replace(placeholder, &secret());
    assert_eq!(restored, String::from_utf8_lossy(body));
    let text = String::from_utf8_lossy(&recorded.body).into_owned();
    assert_eq!(text.matches(&secret()).count(), kept, "{text}");
}

#[test]
fn fields_and_text_files_are_redacted_and_other_files_arrive_to_the_byte() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let line = |text: &str| {
        json!({ "custom_id": "1", "body": { "messages": [{ "role": "user", "content": text }] } }).to_string()
    };
    let batch = format!("{}\n{}\n", line("hello"), line(&format!("I am \"{}\"\n", secret())));
    let prompt = format!("a portrait of {}\r\nin oil", secret());
    let csv = format!("\u{feff}name,mail\nx,{}\n", secret());
    let bodies = [
        (
            "/files",
            form(&[field("purpose", "batch"), file("b.jsonl", "application/octet-stream", batch.as_bytes())]),
            0,
        ),
        (
            "/images/edits",
            form(&[field("prompt", &prompt), file("a.png", "image/png", &picture()), field("n", "1")]),
            1,
        ),
        (
            "/audio/transcriptions",
            form(&[file("a.txt", "application/octet-stream", &picture()), field("prompt", &prompt)]),
            1,
        ),
        ("/files", form(&[file("x.csv", "text/csv", csv.as_bytes())]), 0),
        (
            "/vector_stores/v/files",
            form(&[part("content-type: application/json", line(&secret()).as_bytes())]),
            0,
        ),
    ];
    for (path, body, kept) in bodies {
        for answer in post(&gateway, &token, path, MULTIPART, &body) {
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert_eq!(answer.header("x-aegis-action"), Some("redact"));
        }
        let requests = upstream.requests();
        let [whole, chunked] = &requests[requests.len() - 2..] else { panic!("two requests") };
        assert_redacted(whole, &body, kept);
        assert_eq!(whole.body, chunked.body);
        assert_eq!(whole.header("content-length"), Some(whole.body.len().to_string().as_str()));
        assert_eq!(whole.header("content-type"), Some(MULTIPART));
    }
    assert_eq!(upstream.requests().len(), 10);
}

#[test]
fn an_upload_with_nothing_to_redact_arrives_as_it_was_sent() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let body = form(&[
        field("purpose", "user_data"),
        field("", ""),
        file("a.png", "image/png", &picture()),
        file("e.txt", "text/plain", b""),
    ]);
    let padded = [b"\r\n", &body[..], b"\r\n"].concat();
    for body in [body, padded] {
        for answer in post(&gateway, &token, "/files", MULTIPART, &body) {
            assert_eq!((answer.status, answer.header("x-aegis-action")), (200, None));
        }
        for recorded in upstream.requests() {
            assert!(recorded.body.len() != body.len() || recorded.body == body, "came out differently");
        }
    }
    assert_eq!(upstream.requests().len(), 4);
}

#[test]
fn plain_text_lines_of_json_and_forms_are_redacted() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let quoted = format!("She said \"write to {}\" {{\n", secret());
    let lines = format!("{{\"a\":\"{0}\"}}\r\n\r\n[\"{0}\\n\"]", secret());
    for (content_type, body) in [
        ("text/plain; charset=utf-8", &quoted),
        ("application/x-ndjson", &lines),
        ("application/jsonl", &lines),
        ("application/octet-stream", &quoted),
        ("text/markdown", &quoted),
    ] {
        for answer in post(&gateway, &token, "/documents", content_type, body.as_bytes()) {
            assert_eq!(answer.status, 200, "{content_type}: {}", answer.text());
        }
        assert_redacted(upstream.requests().last().unwrap(), body.as_bytes(), 0);
    }
    let form = format!("to={}&note=a+b%2Fc&x", secret().replace('@', "%40"));
    for answer in post(&gateway, &token, "/documents", "application/x-www-form-urlencoded", form.as_bytes()) {
        assert_eq!(answer.status, 200);
    }
    let sent = String::from_utf8(upstream.requests().last().unwrap().body.clone()).unwrap();
    let rest =
        sent.strip_prefix("to=%7B%7BAG_").and_then(|sent| sent.strip_suffix("_EMAIL_1%7D%7D&note=a+b%2Fc&x"));
    assert!(rest.is_some_and(|tag| tag.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{sent}");
}

#[test]
fn what_cannot_be_read_is_refused_before_it_reaches_an_llm() {
    let gateway = Gateway::shared();
    let upstream = upstream();
    let token = gateway.register(&upstream.base("/v1"));
    let good = form(&[field("prompt", &secret())]);
    let cut = &good[..good.len() - 5];
    let latin = form(&[file("a.txt", "text/plain", b"\xe4 text")]);
    let encoded =
        form(&[part("content-disposition: form-data; name=x\r\ncontent-transfer-encoding: base64", b"eA==")]);
    let utf16: Vec<u8> = secret().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let inside = form(&[field("prompt", "a --boundary-7 b")]);
    let cases: [(&str, &[u8], u16, &str); 12] = [
        ("multipart/form-data", &good, 400, "invalid_multipart"),
        ("multipart/form-data; boundary=other", &good, 400, "invalid_multipart"),
        ("multipart/form-data; boundary=a; boundary=boundary-7", &good, 400, "invalid_multipart"),
        (MULTIPART, cut, 400, "invalid_multipart"),
        (MULTIPART, b"{}", 400, "invalid_multipart"),
        (MULTIPART, &encoded, 400, "invalid_multipart"),
        (MULTIPART, &inside, 400, "invalid_multipart"),
        (MULTIPART, &latin, 400, "invalid_text"),
        ("text/plain; charset=utf-16", &utf16, 400, "invalid_text"),
        ("text/plain", b"\xff", 400, "invalid_text"),
        ("image/png", &good, 415, "unsupported_media_type"),
        ("application/json", &good, 400, "invalid_json"),
    ];
    for (content_type, body, status, code) in cases {
        for answer in post(&gateway, &token, "/files", content_type, body) {
            assert_eq!(answer.status, status, "{content_type}: {}", answer.text());
            assert_eq!(answer.json()["error"]["code"], code, "{content_type}");
            assert!(!answer.text().contains(&secret()));
        }
    }
    // Chat completions are JSON, whatever a client calls them.
    let chat = format!(r#"{{"messages":[{{"role":"user","content":"{}"}}]}}"#, secret());
    assert!(upstream.requests().is_empty());
    for content_type in ["text/plain", "application/octet-stream", MULTIPART, "nonsense"] {
        for answer in post(&gateway, &token, "/chat/completions", content_type, chat.as_bytes()) {
            assert_eq!(answer.status, 200, "{content_type}");
        }
        assert_redacted(upstream.requests().last().unwrap(), chat.as_bytes(), 0);
    }
}
