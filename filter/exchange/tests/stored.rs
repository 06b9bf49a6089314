//! Answers in conversations that the provider stores: their placeholders are sealed, and the values came in an earlier
//! exchange.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

mod support;

use aegis_exchange::fake_host::FakeHost;
use aegis_exchange::{Exchange, Gateway, Side};
use aegis_policy::{Mode, Policy};
use serde_json::json;
use std::rc::Rc;
use support::Setup;

const VALUE: &str = "ada@corp.example";

/// A gateway of its own, with a placeholder key of this byte.
fn gateway(key: &str, sealed: bool, mode: Mode) -> Rc<Gateway> {
    let mut policy = Policy::only(&["email"]);
    policy.restore.sealed = sealed;
    policy.mode = mode;
    let tokens = &["TOK", "OTHER"];
    Setup { key, tokens, policies: &[&policy], ..Setup::default() }.gateway(|_| ())
}

/// What reaches the upstream of a request.
fn sent(gateway: &Rc<Gateway>, body: &str) -> String {
    let mut host = FakeHost::request("POST", "/v1/__gw__/t/TOK/responses");
    let sent = host.send(&mut Exchange::new(Rc::clone(gateway)), &[body.as_bytes()]);
    String::from_utf8(sent.unwrap()).unwrap()
}

/// What the client of a request gets, if the upstream answers with `answer`.
fn received(gateway: &Rc<Gateway>, path: &str, body: Option<&str>, answer: &str) -> (FakeHost, String) {
    let mut exchange = Exchange::new(Rc::clone(gateway));
    let method = if body.is_some() { "POST" } else { "GET" };
    let mut host = FakeHost::request(method, path);
    let pieces: Vec<&[u8]> = body.iter().map(|body| body.as_bytes()).collect();
    assert_eq!(host.send(&mut exchange, &pieces).unwrap(), body.unwrap_or_default().as_bytes());
    let mut host = host
        .with_header(Side::Response, ":status", "200")
        .with_header(Side::Response, "content-length", &answer.len().to_string())
        .with_header(Side::Response, "content-type", "application/json");
    let bytes: Vec<&[u8]> = answer.as_bytes().chunks(1).collect();
    let received = host.answer(&mut exchange, &bytes).concat();
    (host, String::from_utf8(received).unwrap())
}

fn answer(text: &str) -> String {
    format!(
        r#"{{"id":"resp_1","output":[{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}]}}"#
    )
}

const FIRST: &str = r#"{"input":"I am ada@corp.example","store":true}"#;
const SECOND: &str = r#"{"input":"Who am I?","previous_response_id":"resp_1"}"#;
const RESPONSES: &str = "/v1/__gw__/t/TOK/responses";
const STORED: &str = "/v1/__gw__/t/TOK/responses/resp_1";

fn placeholder(sent: &str) -> &str {
    &sent[sent.find("{{").unwrap()..sent.find("}}").unwrap() + 2]
}

#[test]
fn a_later_turn_is_restored_without_the_value() {
    let first = sent(&gateway("c3", true, Mode::Enforce), FIRST);
    assert!(!first.contains("ada@"), "{first}");
    let placeholder = placeholder(&first);
    assert_eq!(sent(&gateway("c3", true, Mode::Enforce), FIRST), first, "the same in every turn and worker");

    let other = gateway("c3", true, Mode::Enforce);
    let redacting = RESPONSES.replace("TOK", "TOK__redact");
    for (path, body) in
        [(RESPONSES, Some(SECOND)), (&redacting, Some(SECOND)), (STORED, None), (RESPONSES, Some(""))]
    {
        let (host, received) = received(&other, path, body, &answer(placeholder));
        assert_eq!(received, answer(VALUE), "{path}");
        assert_eq!(host.text(Side::Response, "content-length"), None);
    }
}

#[test]
fn what_does_not_open_stays_to_the_byte() {
    let first = sent(&gateway("c3", true, Mode::Enforce), FIRST);
    let placeholder = placeholder(&first);
    let altered = placeholder.replace("_EMAIL_", "_PHONE_");
    let ours = gateway("c3", true, Mode::Enforce);
    let other_tenant = STORED.replace("TOK", "OTHER");
    let foreign = gateway("c4", true, Mode::Enforce);
    for (gateway, path, placeholder) in [
        (&ours, STORED, altered.as_str()),
        (&ours, &other_tenant, placeholder),
        (&foreign, STORED, placeholder),
        (&gateway("c3", false, Mode::Enforce), STORED, placeholder),
        (&gateway("c3", true, Mode::Shadow), STORED, placeholder),
    ] {
        let answer = answer(placeholder);
        assert_eq!(received(gateway, path, None, &answer).1, answer);
    }
}

#[test]
fn without_sealing_an_answer_to_nothing_keeps_its_length() {
    let gateway = gateway("c3", false, Mode::Enforce);
    let answer = answer("hello");
    let (host, _) = received(&gateway, STORED, None, &answer);
    assert_eq!(host.text(Side::Response, "content-length").unwrap(), answer.len().to_string());
}

#[test]
fn hosts_that_a_later_request_does_not_name_get_no_value() {
    let first = sent(&gateway("c3", true, Mode::Enforce), FIRST);
    let link = |value: &str| answer(&format!("[x](https://evil.example/?q={value})"));
    let gateway = gateway("c3", true, Mode::Enforce);
    let (_, kept) = received(&gateway, RESPONSES, Some(SECOND), &link(placeholder(&first)));
    assert_eq!(kept, link(placeholder(&first)));
    let naming = r#"{"input":"Link me at evil.example","previous_response_id":"resp_1"}"#;
    let (_, restored) = received(&gateway, RESPONSES, Some(naming), &link(placeholder(&first)));
    assert_eq!(restored, link(VALUE));
}

#[test]
fn placeholders_in_requests_stay_as_they_are() {
    // A rule that finds what is sealed, if nobody says that it is.
    let letters = json!({
        "id": "letters", "kind": "LETTERS", "description": "Letters and digits.", "source": "own",
        "pattern": "_[A-Z2-7]{24,}", "cap": 100, "severity": "high",
        "match": ["_{base32:24}", "a _{base32:30}"], "no_match": ["_{base32:23}", "letters"],
    });
    let mut policy = Policy::only(&["email", "letters"]);
    policy.restore.sealed = true;
    policy.custom_rules = vec![serde_json::from_value(letters).unwrap()];
    let setup = Setup { policies: &[&policy], ..Setup::default() };
    let gateway = setup.gateway(|_| ());
    let once = sent(&gateway, FIRST);
    assert_eq!(sent(&gateway, &once), once);
    let ordinary = r#"{"input":"{{AG_ABCDEFGH_EMAIL_1}} and {{AG_ABCDEFGH_EMAIL_ABCDEFGHIJKLMNOPQRSTUVW}}"}"#;
    assert_eq!(sent(&gateway, ordinary), ordinary);
    // What only looks sealed hides nothing.
    let forged = once.replacen("_EMAIL_", "_PHONE_", 1);
    let redacted = sent(&gateway, &forged);
    assert!(redacted.contains("_PHONE{{AG_"), "{redacted}");
}
