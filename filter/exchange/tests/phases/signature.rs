//! Requests that must be signed.

use super::support::Setup;
use super::{CHAT, WITH_MAIL, refusal};
use aegis_exchange::fake_host::{FakeHost, Shared};
use aegis_exchange::{Exchange, Gateway, Host as _, Side, Step, nonce_keys};
use aegis_policy::{FilterMode, Policy, RequestHmac, TokenRoute};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::rc::Rc;

const SECRET: &str = "a secret that clients and gateway have";
const NOW: u64 = 1_800_000_000;

fn gateway(secret: Option<&str>, route: TokenRoute, holds_headers: bool) -> Rc<Gateway> {
    let policy = Policy::only(&["email"]);
    Setup { route, secret, policies: &[&policy], ..Setup::default() }.gateway(|part| {
        part.request_hmac = Some(RequestHmac { window_seconds: 300, nonce_cache_size: 50_000 });
        part.allow_on_headers_stop_iteration = holds_headers;
        part.max_request_body_bytes = 1000;
    })
}

fn memory() -> Shared {
    let shared = Shared::default();
    shared.borrow_mut().extend(nonce_keys().map(|key| (key, (Vec::new(), 1))));
    shared
}

/// A request that is signed with `secret` at `time`.
struct Client<'a> {
    method: &'a str,
    path: &'a str,
    body: &'a [u8],
    secret: &'a str,
    time: u64,
    nonce: &'a str,
}

const CHATTING: Client<'_> =
    Client { method: "POST", path: CHAT, body: WITH_MAIL, secret: SECRET, time: NOW, nonce: "n-1" };

impl Client<'_> {
    fn host(&self, shared: &Shared) -> FakeHost {
        let (path, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        let head =
            [&self.time.to_string(), self.nonce, self.method, path, query, "application/json"].join("\n");
        let signature = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .unwrap()
            .chain_update(head + "\n\n")
            .chain_update(self.body)
            .finalize()
            .into_bytes();
        let mut host = FakeHost::request(self.method, self.path)
            .with_peer("127.0.0.1:5000")
            .with_header(Side::Request, "content-type", "application/json")
            .with_header(Side::Request, "x-aegis-timestamp", &self.time.to_string())
            .with_header(Side::Request, "x-aegis-nonce", self.nonce)
            .with_header(Side::Request, "x-aegis-signature", &data_encoding::HEXLOWER.encode(&signature));
        host.now = NOW;
        host.shared = Rc::clone(shared);
        host
    }

    /// What the upstream gets, or why it gets nothing.
    fn send(&self, gateway: &Rc<Gateway>, shared: &Shared) -> Result<Vec<u8>, (u32, String)> {
        let mut host = self.host(shared);
        let pieces: &[&[u8]] = if self.body.is_empty() { &[] } else { &[self.body] };
        let sent = host.send(&mut Exchange::new(Rc::clone(gateway)), pieces);
        for header in ["x-aegis-timestamp", "x-aegis-nonce", "x-aegis-signature"] {
            assert!(sent.is_none() || host.text(Side::Request, header).is_none(), "{header} went on");
        }
        sent.ok_or_else(|| refusal(&host))
    }
}

fn refused<T>(status: u32, code: &str) -> Result<T, (u32, String)> {
    Err((status, code.to_owned()))
}

#[test]
fn only_what_is_signed_passes_and_only_once() {
    let (gateway, shared) = (gateway(Some(SECRET), TokenRoute::default(), true), memory());
    let sent = String::from_utf8(CHATTING.send(&gateway, &shared).unwrap()).unwrap();
    assert!(sent.contains("{{AG_") && !sent.contains("ada@"), "{sent}");
    assert_eq!(CHATTING.send(&gateway, &shared), refused(409, "replay_nonce_detected"));
    let other = Client { body: b"{}", ..CHATTING };
    assert_eq!(other.send(&gateway, &shared), refused(409, "replay_nonce_detected"));
    for (client, code) in [
        (Client { secret: "another", nonce: "n-2", ..CHATTING }, "hmac_signature_invalid"),
        (Client { time: NOW - 301, nonce: "n-2", ..CHATTING }, "hmac_timestamp_out_of_window"),
        (Client { time: NOW + 301, nonce: "n-2", ..CHATTING }, "hmac_timestamp_out_of_window"),
    ] {
        assert_eq!(client.send(&gateway, &shared), refused(401, code));
    }
    for time in [NOW - 300, NOW + 300] {
        let nonce = &format!("at {time}");
        assert!(Client { time, nonce, ..CHATTING }.send(&gateway, &shared).is_ok(), "{time}");
    }
    assert!(Client { nonce: "n-2", ..CHATTING }.send(&gateway, &shared).is_ok(), "nobody has used it up");
}

#[test]
fn requests_without_a_body_and_those_that_nobody_reads_are_checked_too() {
    let gateway = gateway(Some(SECRET), TokenRoute::default(), true);
    let chat = |suffix: &str| CHAT.replace("TOK", &format!("TOK{suffix}"));
    let (redact, passthrough) = (chat("__redact"), chat("__passthrough"));
    for (client, sent) in [
        (Client { method: "GET", path: "/v1/__gw__/t/TOK/models?limit=2", body: b"", ..CHATTING }, None),
        (Client { path: &redact, ..CHATTING }, None),
        (Client { path: &passthrough, ..CHATTING }, Some(WITH_MAIL)),
    ] {
        let shared = memory();
        let forged = Client { secret: "another", ..client };
        assert_eq!(forged.send(&gateway, &shared), refused(401, "hmac_signature_invalid"), "{}", client.path);
        let received = client.send(&gateway, &shared).unwrap();
        assert!(sent.is_none_or(|sent| received == sent), "{}", client.path);
        assert_eq!(client.send(&gateway, &shared), refused(409, "replay_nonce_detected"), "{}", client.path);
    }
}

#[test]
fn a_body_that_nobody_reads_waits_for_its_signature() {
    for route in
        [TokenRoute::default(), TokenRoute { mode: FilterMode::Passthrough, ..TokenRoute::default() }]
    {
        let gateway = gateway(Some(SECRET), route, true);
        let path = CHAT.replace("TOK", "TOK__passthrough");
        let client = Client { path: &path, ..CHATTING };
        let (mut host, mut exchange) = (client.host(&memory()), Exchange::new(Rc::clone(&gateway)));
        assert_eq!(exchange.on_request_headers(&mut host, false), Step::Pause);
        assert!(host.replace_body(Side::Request, &WITH_MAIL[..10]));
        assert_eq!(exchange.on_request_body(&mut host, 10, false), Step::Pause);
        assert!(host.replace_body(Side::Request, WITH_MAIL));
        assert_eq!(exchange.on_request_body(&mut host, WITH_MAIL.len(), true), Step::Continue);
        assert_eq!(host.replied, None);
        // It has to fit into memory, as other bodies do.
        assert_eq!(
            Client { body: &[b' '; 1001], ..client }.send(&gateway, &memory()),
            refused(413, "request_body_too_large")
        );
    }
}

#[test]
fn a_body_that_came_too_late_is_refused() {
    let gateway = gateway(Some(SECRET), TokenRoute::default(), true);
    let (mut host, mut exchange) = (CHATTING.host(&memory()), Exchange::new(gateway));
    assert_eq!(exchange.on_request_headers(&mut host, false), Step::Pause);
    assert!(host.replace_body(Side::Request, WITH_MAIL));
    // By then the nonce of the first such request may be forgotten.
    host.now = NOW + 301;
    assert_eq!(exchange.on_request_body(&mut host, WITH_MAIL.len(), true), Step::Pause);
    assert_eq!(refusal(&host), (401, "hmac_timestamp_out_of_window".to_owned()));
}

#[test]
fn an_announced_body_that_is_empty_is_signed_as_empty() {
    let gateway = gateway(Some(SECRET), TokenRoute::default(), true);
    for (body, expected) in [(&b""[..], None), (b"{}", Some((401, "hmac_signature_invalid".to_owned())))] {
        let client = Client { method: "DELETE", body, ..CHATTING };
        let mut host = client.host(&memory());
        host.send(&mut Exchange::new(Rc::clone(&gateway)), &[b""]);
        assert_eq!(host.replied.is_some().then(|| refusal(&host)), expected);
    }
}

#[test]
fn where_headers_cannot_wait_the_body_does() {
    let gateway = gateway(Some(SECRET), TokenRoute::default(), false);
    let path = CHAT.replace("TOK", "TOK__passthrough");
    let client = Client { path: &path, secret: "another", ..CHATTING };
    let (mut host, mut exchange) = (client.host(&memory()), Exchange::new(gateway));
    assert_eq!(exchange.on_request_headers(&mut host, false), Step::Continue);
    assert!(host.replace_body(Side::Request, WITH_MAIL));
    assert_eq!(exchange.on_request_body(&mut host, WITH_MAIL.len(), true), Step::Pause);
    assert_eq!(refusal(&host), (401, "hmac_signature_invalid".to_owned()));
}

#[test]
fn refusals_come_in_the_clients_dialect_before_a_body_is_sent() {
    let path = "/v1/__gw__/t/TOK/v1/messages";
    for (secret, code, kind) in [
        (Some(SECRET), "hmac_header_missing", "authentication_error"),
        (None, "hmac_misconfigured", "api_error"),
        (Some(""), "hmac_misconfigured", "api_error"),
    ] {
        let mut host = FakeHost::request("POST", path);
        let mut exchange = Exchange::new(gateway(secret, TokenRoute::default(), true));
        assert_eq!(exchange.on_request_headers(&mut host, false), Step::Pause);
        let (_, body) = host.replied.as_ref().unwrap();
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!((&body["error"]["type"], &body["aegisgate"]["reasons"][0]), (&kind.into(), &code.into()));
        assert_eq!(host.event()["refused"], code);
    }
}
