//! What holds for every body that is no JSON document: text in it leaves redacted, wherever it stands, and every other
//! byte as it was.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

use aegis_engine::{Engine, MasterKey, Media, Protocol, RequestError, Vault, compile, redact_body};
use aegis_policy::Policy;
use proptest::prelude::*;
use std::cell::RefCell;

const MAIL: &str = "ada@corp.example";

struct Bench {
    engine: Engine,
    vault: RefCell<Vault>,
}

thread_local! {
    /// Compiling the rules takes longer than any case.
    static BENCH: Bench = Bench::new();
}

impl Bench {
    fn new() -> Bench {
        let key = MasterKey::from_hex(&"5b".repeat(32)).unwrap();
        let policy = compile(&Policy::only(&["email"]), &key).unwrap();
        let vault = RefCell::new(Vault::new(key.tenant(b"uploads")));
        Bench { engine: Engine::new(&policy, &key).unwrap(), vault }
    }

    fn send(&self, content_type: &str, body: &[u8]) -> Result<Vec<u8>, RequestError> {
        let media = Media::of_content_type(Some(content_type)).unwrap();
        let (caches, vault) = (&mut self.engine.caches(), &mut self.vault.borrow_mut());
        let redacted = redact_body(&self.engine, caches, Protocol::Generic, &media, body, vault, &[])?;
        assert_eq!(redacted.body.is_some(), !redacted.findings.is_empty());
        Ok(redacted.body.unwrap_or_else(|| body.to_vec()))
    }
}

fn send(content_type: &str, body: &[u8]) -> Result<Vec<u8>, RequestError> {
    BENCH.with(|bench| bench.send(content_type, body))
}

fn placeholder() -> String {
    BENCH.with(|bench| bench.vault.borrow_mut().placeholder("EMAIL", MAIL.as_bytes()))
}

#[derive(Debug, Clone)]
enum Content {
    Text(String),
    Binary(Vec<u8>),
}

/// Text with the value in it, or bytes with a NUL and the value.
fn content() -> impl Strategy<Value = Content> {
    let text = "([ a-z\"\\\\{}\\[\\]:,\r\n]{0,9}\n)?";
    prop_oneof![
        (text, text).prop_map(|(before, behind)| Content::Text(format!("{before} {MAIL} {behind}"))),
        Just(Content::Text(format!("{{\"a\":\"{MAIL}\"}}\n[\"{MAIL}\"]\n"))),
        Just(Content::Text(String::new())),
        proptest::collection::vec(any::<u8>(), 0..20)
            .prop_map(|bytes| Content::Binary([&bytes[..], b"\0", MAIL.as_bytes()].concat())),
    ]
}

/// What parsers of these bodies look for.
const PIECES: &[&[u8]] = &[
    b"--B",
    b"--B--",
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b"a: b",
    b"content-type: text/plain",
    b"\n",
    b"{\"a\":",
    b"%4",
    b"&=+",
    b" ada%40corp.example ",
    b" ada@corp.example ",
    b"\0",
    b"\xff",
];

proptest! {
    #[test]
    fn text_in_parts_is_redacted_and_binary_parts_are_not_touched(
        parts in proptest::collection::vec((content(), any::<bool>()), 0..5),
    ) {
        let placeholder = placeholder();
        let (mut body, mut expected) = (Vec::new(), Vec::new());
        for (content, named) in &parts {
            let file = *named || matches!(content, Content::Binary(_));
            let name = if file { "; filename=\"f\"" } else { "" };
            let head = format!("--B-1\r\nContent-Disposition: form-data; name=\"n\"{name}\r\n\r\n");
            let (before, after) = match content {
                Content::Text(text) => (text.clone().into_bytes(), text.replace(MAIL, &placeholder).into_bytes()),
                Content::Binary(bytes) => (bytes.clone(), bytes.clone()),
            };
            body.extend([head.as_bytes(), &before, b"\r\n"].concat());
            expected.extend([head.as_bytes(), &after, b"\r\n"].concat());
        }
        body.extend(b"--B-1--\r\n");
        expected.extend(b"--B-1--\r\n");
        let sent = send("multipart/form-data; boundary=B-1", &body).unwrap();
        prop_assert_eq!(sent.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn text_is_redacted_and_every_other_byte_stays(content in content()) {
        let placeholder = placeholder();
        match content {
            Content::Text(text) => {
                let sent = send("text/plain", text.as_bytes()).unwrap();
                prop_assert_eq!(String::from_utf8(sent).unwrap(), text.replace(MAIL, &placeholder));
            }
            Content::Binary(bytes) => {
                prop_assert!(matches!(send("text/plain", &bytes), Err(RequestError::NotUtf8(_))));
            }
        }
    }

    #[test]
    fn no_bytes_are_too_much(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24),
    ) {
        let body = pieces.concat();
        for content_type in ["multipart/mixed; boundary=B", "text/plain", "application/x-www-form-urlencoded"] {
            if let Ok(sent) = send(content_type, &body) {
                let decoded = String::from_utf8_lossy(&sent).replace("%40", "@");
                let binary = content_type.starts_with("multipart") && decoded.contains(['\0', '\u{fffd}']);
                prop_assert!(binary || !decoded.contains(MAIL), "{}", decoded);
            }
        }
    }
}
