//! The phases of an exchange on a fake host: what reaches the upstream, and what reaches the client.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

mod admission;
mod signature;
#[path = "../support/mod.rs"]
mod support;

use aegis_exchange::fake_host::FakeHost;
use aegis_exchange::{Exchange, Gateway, Host, Side, Step};
use aegis_policy::{Direction, Disposition, Mode, Override, Policy, PolicyPart, Slot, TokenRoute};
use std::rc::Rc;
use support::Setup;

const CHAT: &str = "/v1/__gw__/t/TOK/chat/completions";

fn gateway(holds_headers: bool) -> Rc<Gateway> {
    gateway_with(holds_headers, &Policy::only(&["email", "aws-access-key-id"]))
}

fn gateway_with(holds_headers: bool, policy: &Policy) -> Rc<Gateway> {
    build(&[policy], TokenRoute::default(), |part| {
        part.allow_on_headers_stop_iteration = holds_headers;
        part.max_request_body_bytes = 1000;
    })
}

/// A gateway of which the first policy acts, and `edit` may say otherwise.
fn build(policies: &[&Policy], route: TokenRoute, edit: impl Fn(&mut PolicyPart)) -> Rc<Gateway> {
    Setup { route, policies, ..Setup::default() }.gateway(edit)
}

fn exchange() -> Exchange {
    Exchange::new(gateway(true))
}

/// The code of a refusal, wherever its family puts it.
fn refusal(host: &FakeHost) -> (u32, String) {
    let (status, body) = host.replied.as_ref().unwrap();
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let code = body["error"]["code"].as_str().or(body["error"].as_str()).unwrap();
    (*status, code.to_owned())
}

#[test]
fn a_request_is_routed_redacted_and_its_answer_restored() {
    let mut exchange = exchange();
    let body = br#"{"messages":[{"role":"user","content":"I am ada@corp.example"}]}"#;
    let mut host = FakeHost::request("POST", &format!("{CHAT}?trace=1"))
        .with_header(Side::Request, "content-length", &body.len().to_string())
        .with_header(Side::Request, "authorization", "Bearer client-key")
        .with_header(Side::Request, "x-aegis-filter-mode", "passthrough")
        .with_header(Side::Request, "x-upstream-base", "http://evil.example")
        .with_header(Side::Request, "x_aegis_cluster", "other")
        .with_header(Side::Request, "gateway_key", "key")
        .with_header(Side::Request, "accept-encoding", "gzip, br");
    let sent = host.send(&mut exchange, &[&body[..20], &body[20..]]).unwrap();
    let text = String::from_utf8(sent.clone()).unwrap();
    assert!(!text.contains("ada@") && text.contains("_EMAIL_1}}"), "{text}");
    let header = |name| host.text(Side::Request, name);
    assert_eq!(header(":path").unwrap(), "/api/v1/chat/completions?trace=1");
    assert_eq!(header(":authority").unwrap(), "llm.example");
    assert_eq!(header("x-aegis-cluster").unwrap(), "upstream-1");
    assert_eq!(header("x-aegis-request-id").unwrap(), "request-1");
    assert_eq!(header("authorization").unwrap(), "Bearer client-key");
    assert_eq!(header("content-length").unwrap(), sent.len().to_string());
    assert_eq!(header("accept-encoding").unwrap(), "identity");
    for internal in ["x-aegis-filter-mode", "x-upstream-base", "x_aegis_cluster", "gateway_key"] {
        assert_eq!(header(internal), None);
    }

    let placeholder = &text[text.find("{{").unwrap()..text.find("}}").unwrap() + 2];
    let mut host = host
        .with_header(Side::Response, ":status", "200")
        .with_header(Side::Response, "content-type", "application/json; charset=utf-8")
        .with_header(Side::Response, "content-length", "99");
    let answer = format!(r#"{{"choices":[{{"message":{{"content":"Hi {placeholder}"}}}}]}}"#);
    let received = host.answer(&mut exchange, &[answer.as_bytes()]);
    assert_eq!(received.concat(), br#"{"choices":[{"message":{"content":"Hi ada@corp.example"}}]}"#);
    assert_eq!(host.text(Side::Response, "content-length"), None);
    assert_eq!(host.text(Side::Response, "x-aegis-action").unwrap(), "redact");
    assert_eq!(host.text(Side::Response, "x-aegis-request-id").unwrap(), "request-1");
}

#[test]
fn without_findings_neither_body_nor_lengths_change() {
    let mut exchange = exchange();
    let body = b" {\"messages\" : [] }\n";
    let mut host = FakeHost::request("POST", CHAT).with_header(Side::Request, "content-length", "20");
    assert_eq!(host.send(&mut exchange, &[body]).unwrap(), body);
    assert_eq!(host.text(Side::Request, "content-length").unwrap(), "20");
    let mut host = host.with_header(Side::Response, "content-type", "application/json").with_header(
        Side::Response,
        "content-length",
        "4",
    );
    assert_eq!(host.answer(&mut exchange, &[b"{{A", b"G"]), [b"{{A".to_vec(), b"G".to_vec()]);
    assert_eq!(host.text(Side::Response, "content-length").unwrap(), "4");
    assert_eq!(host.text(Side::Response, "x-aegis-action"), None);
}

#[test]
fn an_answer_does_not_repeat_a_prompt_in_which_nothing_was_found() {
    let mut policy = Policy::only(&["email"]);
    policy.rules.push(Override {
        rule: Some("system-prompt-leak".into()),
        family: None,
        kind: None,
        directions: vec![Direction::Response],
        slots: vec![Slot::Assistant],
        action: Disposition::Sanitize,
    });
    let prompt = (0..25).map(|index| format!("say {index} times no. ")).collect::<Vec<_>>().concat();
    let body = format!(r#"{{"messages":[{{"role":"system","content":"{prompt}"}}]}}"#);
    let answer = format!(r#"{{"choices":[{{"message":{{"content":"{prompt}"}}}}]}}"#);
    for (path, repeats) in [(CHAT, false), ("/v1/__gw__/t/TOK__redact/chat/completions", true)] {
        let mut exchange = Exchange::new(gateway_with(true, &policy));
        let mut host = FakeHost::request("POST", path);
        assert_eq!(host.send(&mut exchange, &[body.as_bytes()]).unwrap(), body.as_bytes());
        let mut host = host.with_header(Side::Response, ":status", "200").with_header(
            Side::Response,
            "content-type",
            "application/json",
        );
        let received = String::from_utf8(host.answer(&mut exchange, &[answer.as_bytes()]).concat()).unwrap();
        assert_eq!(received == answer, repeats, "{path}");
        assert_eq!(received.contains("say 24 times"), repeats, "{path}");
    }
}

#[test]
fn refuses_what_it_cannot_route() {
    for (path, status, code) in [
        ("/v1/chat/completions", 403, "token_route_required"),
        ("/v1/models?limit=1", 403, "token_route_required"),
        ("/v2/x", 403, "token_route_required"),
        ("/v1/__gw__/t/NOPE/chat/completions", 404, "token_not_found"),
        ("/v1/__gw__/t/TOK__foo/chat/completions", 400, "invalid_filter_mode"),
        ("/v1/__gw__/t/TOK__passthrough/models", 403, "passthrough_mode_public_restricted"),
    ] {
        let mut host = FakeHost::request("GET", path);
        assert_eq!(host.send(&mut exchange(), &[]), None, "{path}");
        assert_eq!(refusal(&host), (status, code.to_owned()), "{path}");
    }
}

#[test]
fn refuses_bodies_that_it_cannot_read() {
    let large = vec![b' '; 1001];
    for (body, code, status) in [
        (&b"{\"messages\":[}"[..], "invalid_json", 400),
        (b"\xff{}", "invalid_json", 400),
        (b"{\"messages\":[]", "invalid_json", 400),
        (&large, "request_body_too_large", 413),
    ] {
        let mut host = FakeHost::request("POST", CHAT);
        assert_eq!(host.send(&mut exchange(), &[body]), None);
        assert_eq!(refusal(&host), (status, code.to_owned()));
    }
}

#[test]
fn refuses_by_headers_before_a_body_is_sent() {
    let file = "/v1/__gw__/t/TOK/files";
    for (path, header, value, status, code) in [
        (CHAT, "content-length", "1001", 413, "request_body_too_large"),
        (CHAT, "content-encoding", "gzip", 415, "unsupported_content_encoding"),
        (file, "content-type", "image/png", 415, "unsupported_media_type"),
        (file, "content-type", "multipart/form-data", 400, "invalid_multipart"),
    ] {
        let mut host = FakeHost::request("POST", path).with_header(Side::Request, header, value);
        assert_eq!(exchange().on_request_headers(&mut host, false), Step::Pause);
        assert_eq!(refusal(&host), (status, code.to_owned()));
    }
}

#[test]
fn a_path_that_leads_out_of_the_upstreams_is_refused() {
    for rest in ["%2e%2e/admin", "x%2F..%2fadmin"] {
        let mut host = FakeHost::request("GET", &format!("/v1/__gw__/t/TOK/{rest}"));
        assert_eq!(host.send(&mut exchange(), &[]), None);
        assert_eq!(refusal(&host), (400, "invalid_path".to_owned()));
    }
}

#[test]
fn bodies_are_read_as_what_they_are() {
    let form = "content-disposition: form-data; name=";
    let multipart = format!(
        "--B\r\n{form}prompt\r\n\r\nada@corp.example\r\n--B\r\n{form}x; filename=x\r\n\r\n\0ada@corp.example\r\n--B--\r\n"
    );
    for (content_type, body, kept) in [
        ("text/plain; charset=utf-8", "to \"ada@corp.example\"", ["to \"{{AG_", "}}\""]),
        ("application/x-ndjson", "{\"a\":\"ada@corp.example\"}\n[1]\n", ["{\"a\":\"{{AG_", "}}\"}\n[1]\n"]),
        ("application/x-www-form-urlencoded", "to=ada%40corp.example&x=+", ["to=%7B%7BAG_", "%7D%7D&x=+"]),
        ("application/x-www-form-urlencoded", "{\"a\":\"ada@corp.example\"}", ["{\"a\":\"{{AG_", "}}\"}"]),
        (
            "multipart/form-data; boundary=B",
            &multipart,
            ["--B\r\n", "x\r\n\r\n\0ada@corp.example\r\n--B--\r\n"],
        ),
    ] {
        let mut host = FakeHost::request("POST", "/v1/__gw__/t/TOK/files")
            .with_header(Side::Request, "content-type", content_type)
            .with_header(Side::Request, "content-length", &body.len().to_string());
        let sent = String::from_utf8(host.send(&mut exchange(), &[body.as_bytes()]).unwrap()).unwrap();
        assert!(sent.starts_with(kept[0]) && sent.ends_with(kept[1]), "{content_type}: {sent}");
        assert_eq!(sent.matches("ada").count(), body.matches('\0').count(), "{content_type}: {sent}");
        assert_eq!(host.text(Side::Request, "content-length").unwrap(), sent.len().to_string());
    }
}

#[test]
fn bodies_that_are_not_what_they_say_are_refused() {
    for (content_type, body, code) in [
        ("text/plain", &b"\xff"[..], "invalid_text"),
        ("application/octet-stream", b"a\0", "invalid_text"),
        ("application/x-www-form-urlencoded", b"a=%ff", "invalid_text"),
        ("multipart/form-data; boundary=B", b"--B", "invalid_multipart"),
        ("application/json", b"--B--", "invalid_json"),
    ] {
        let mut host = FakeHost::request("POST", "/v1/__gw__/t/TOK/files").with_header(
            Side::Request,
            "content-type",
            content_type,
        );
        assert_eq!(host.send(&mut exchange(), &[body]), None);
        assert_eq!(refusal(&host), (400, code.to_owned()), "{content_type}");
    }
}

#[test]
fn every_limit_of_a_request_has_an_error_of_its_own() {
    let gateway = build(&[&Policy::only(&["email"])], TokenRoute::default(), |part| {
        part.max_request_body_bytes = 10_000_000;
    });
    let messages = |count| format!(r#"{{"messages":[{}]}}"#, vec![r#"{"content":"x"}"#; count].join(","));
    for (body, refused) in [
        (messages(10_000), None),
        (messages(10_001), Some((400, "messages_too_many"))),
        (["[".repeat(200), "]".repeat(200)].concat(), None),
        (["[".repeat(201), "]".repeat(201)].concat(), Some((400, "json_too_deep"))),
        (format!("[{}\"\"]", "\"x\",".repeat(500_001)), Some((413, "request_too_complex"))),
    ] {
        let mut host = FakeHost::request("POST", CHAT);
        let sent = host.send(&mut Exchange::new(Rc::clone(&gateway)), &[body.as_bytes()]);
        assert_eq!(sent.is_none(), refused.is_some());
        if let Some((status, code)) = refused {
            assert_eq!(refusal(&host), (status, code.to_owned()));
        }
    }
}

#[test]
fn what_envoys_decompressors_say_does_not_reach_the_upstream() {
    let mut host = FakeHost::request("POST", CHAT);
    let trailer = |name: &str| (name.to_owned(), b"1".to_vec());
    let trailers = vec![trailer("x-envoy-decompressor-gzip-compressed-bytes"), trailer("x-mine")];
    host.trailers.insert(Side::Request, trailers);
    let sent = host.send(&mut exchange(), &[WITH_MAIL]).unwrap();
    assert!(!String::from_utf8(sent).unwrap().contains("ada@"));
    assert_eq!(host.trailers[&Side::Request], [trailer("x-mine")]);
}

#[test]
fn an_empty_body_carries_nothing_out_and_passes() {
    let mut host = FakeHost::request("DELETE", "/v1/__gw__/t/TOK/files/f1");
    assert_eq!(host.send(&mut exchange(), &[b""]).unwrap(), b"");
}

#[test]
fn other_json_routes_are_redacted_too() {
    let mut host = FakeHost::request("POST", "/v1/__gw__/t/TOK/embeddings");
    let sent = host.send(&mut exchange(), &[br#"{"input":["ada@corp.example"]}"#]).unwrap();
    assert!(!String::from_utf8(sent).unwrap().contains("ada@"));
}

#[test]
fn requests_without_a_body_are_only_routed() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("GET", "/v1/__gw__/t/TOK/v1/models");
    assert_eq!(exchange.on_request_headers(&mut host, true), Step::Continue);
    assert_eq!(host.text(Side::Request, ":path").unwrap(), "/api/v1/models");
}

#[test]
fn where_headers_cannot_wait_the_length_goes_first() {
    let mut exchange = Exchange::new(gateway(false));
    let mut host = FakeHost::request("POST", CHAT).with_header(Side::Request, "content-length", "20");
    assert_eq!(exchange.on_request_headers(&mut host, false), Step::Continue);
    assert_eq!(host.text(Side::Request, "content-length"), None);
    assert!(host.replace_body(Side::Request, br#"{"a":"ada@corp.example"}"#));
    assert_eq!(exchange.on_request_body(&mut host, 24, true), Step::Continue);
    assert_eq!(host.text(Side::Request, "content-length"), None);
    assert!(!String::from_utf8(host.body(Side::Request, 100)).unwrap().contains("ada@"));
}

#[test]
fn trailers_end_a_body_that_never_saw_its_end() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    assert_eq!(exchange.on_request_headers(&mut host, false), Step::Pause);
    assert!(host.replace_body(Side::Request, br#"{"a":"ada@corp.example"}"#));
    assert_eq!(exchange.on_request_body(&mut host, 24, false), Step::Pause);
    assert_eq!(exchange.on_request_trailers(&mut host), Step::Continue);
    assert!(!String::from_utf8(host.body(Side::Request, 100)).unwrap().contains("ada@"));
}

#[test]
fn a_body_that_is_not_all_there_is_refused() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    exchange.on_request_headers(&mut host, false);
    assert!(host.replace_body(Side::Request, b"{}"));
    assert_eq!(exchange.on_request_body(&mut host, 50, true), Step::Pause);
    assert_eq!(refusal(&host), (500, "gateway_internal_error".to_owned()));
}

#[test]
fn the_proxys_own_errors_are_put_into_the_clients_dialect() {
    for (status, code) in [
        ("503", "upstream_unreachable"),
        ("504", "upstream_timeout"),
        ("408", "request_timeout"),
        ("413", "request_body_too_large"),
    ] {
        let mut exchange = exchange();
        let mut host = FakeHost::request("POST", CHAT);
        host.send(&mut exchange, &[b"{}"]).unwrap();
        host.local_reply = true;
        let mut host = host.with_header(Side::Response, ":status", status).with_header(
            Side::Response,
            "content-type",
            "text/plain",
        );
        let received = host.answer(&mut exchange, &[b"upstream connect error", b" or reset"]).concat();
        let body: serde_json::Value = serde_json::from_slice(&received).unwrap();
        assert_eq!(body["error"]["code"], code);
        assert_eq!(host.text(Side::Response, "content-length").unwrap(), received.len().to_string());
        assert_eq!(host.text(Side::Response, "content-type").unwrap(), "application/json");
    }
}

#[test]
fn an_answer_whose_trailers_come_inside_a_placeholder_is_aborted() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    host.send(&mut exchange, &[br#"{"a":"ada@corp.example"}"#]).unwrap();
    let mut host = host.with_header(Side::Response, "content-type", "application/json");
    exchange.on_response_headers(&mut host, false);
    assert!(host.replace_body(Side::Response, br#"{"x":"{{AG"#));
    exchange.on_response_body(&mut host, 10, false);
    exchange.on_response_trailers(&mut host);
    assert!(host.aborted);
}

#[test]
fn upstream_errors_pass_as_they_are() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    host.send(&mut exchange, &[b"{}"]).unwrap();
    let mut host =
        host.with_header(Side::Response, ":status", "429").with_header(Side::Response, "retry-after", "7");
    assert_eq!(host.answer(&mut exchange, &[b"slow down"]).concat(), b"slow down");
    assert_eq!(host.text(Side::Response, "retry-after").unwrap(), "7");
}

#[test]
fn an_answer_beyond_a_limit_ends_with_an_error_that_is_reported() {
    let delta = |index: u32| {
        format!("data: {{\"choices\":[{{\"index\":{index},\"delta\":{{\"content\":\"a\"}}}}]}}\n\n")
    };
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    host.send(&mut exchange, &[br#"{"a":"ada@corp.example"}"#]).unwrap();
    let mut host = host.with_header(Side::Response, "content-type", "text/event-stream");
    let pieces: Vec<String> = (0..1030).map(delta).collect();
    let pieces: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
    let received = host.answer(&mut exchange, &pieces);
    let (passed, ending) = received.split_at(1024);
    assert_eq!(passed, &pieces[..1024]);
    let ending = String::from_utf8(ending.concat()).unwrap();
    assert!(ending.contains("response_too_complex") && ending.ends_with("data: [DONE]\n\n"), "{ending}");
    assert_eq!(host.event()["refused"], "response_too_complex");
    assert!(!host.aborted);
}

#[test]
fn a_document_that_turns_out_too_deep_is_broken_off() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    host.send(&mut exchange, &[br#"{"a":"ada@corp.example"}"#]).unwrap();
    let mut host = host.with_header(Side::Response, "content-type", "application/json");
    let deep = "[".repeat(200);
    let received = host.answer(&mut exchange, &[br#"{"x":"#, deep.as_bytes(), b"0"]);
    assert!(host.aborted && received[0] == br#"{"x":"#);
    assert_eq!(host.event()["refused"], "response_too_deep");
}

#[test]
fn an_answer_in_an_encoding_that_nobody_opens_is_refused() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    host.send(&mut exchange, &[br#"{"messages":[{"role":"user","content":"I am ada@corp.example"}]}"#])
        .unwrap();
    let mut host = host
        .with_header(Side::Response, ":status", "200")
        .with_header(Side::Response, "content-type", "application/json")
        .with_header(Side::Response, "content-encoding", "deflate");
    let answer = host.answer(&mut exchange, &[b"x\x9c", b"\x03\x00"]).concat();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["error"]["code"], "unreadable_upstream_encoding");
    assert_eq!(host.text(Side::Response, ":status").unwrap(), "502");
    assert_eq!(host.text(Side::Response, "content-encoding"), None);
}

#[test]
fn passthrough_is_for_the_internal_network_only() {
    let path = "/v1/__gw__/t/TOK__passthrough/chat/completions";
    let body = br#"{"a":"ada@corp.example"}"#;
    for (peer, forwarded, allowed) in [
        ("127.0.0.1:5000", None, true),
        ("[::1]:5000", None, true),
        ("192.168.1.9:5000", None, true),
        ("[::ffff:10.0.0.1]:5000", None, true),
        ("8.8.8.8:5000", None, false),
        ("127.0.0.1:5000", Some("192.168.1.9"), false),
    ] {
        let mut host = FakeHost::request("POST", path);
        host.peer = Some(peer.to_owned());
        if let Some(forwarded) = forwarded {
            host = host.with_header(Side::Request, "x-forwarded-for", forwarded);
        }
        let sent = host.send(&mut exchange(), &[body]);
        assert_eq!(sent.as_deref(), allowed.then_some(&body[..]), "{peer} {forwarded:?}");
    }
}

#[test]
fn an_event_stream_is_restored_event_by_event() {
    let mut exchange = exchange();
    let mut host = FakeHost::request("POST", CHAT);
    let sent = host
        .send(&mut exchange, &[br#"{"messages":[{"role":"user","content":"ada@corp.example"}]}"#])
        .unwrap();
    let text = String::from_utf8(sent).unwrap();
    let placeholder = &text[text.find("{{").unwrap()..text.find("}}").unwrap() + 2];
    let mut host = host.with_header(Side::Response, "content-type", "text/event-stream");
    let event = |content: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n")
    };
    let (head, tail) = placeholder.split_at(9);
    let events = [event("Hi "), event(head), event(tail), event("."), "data: [DONE]\n\n".to_owned()];
    let pieces: Vec<&[u8]> = events.iter().map(String::as_bytes).collect();
    let received = host.answer(&mut exchange, &pieces);
    let expected =
        [event("Hi "), String::new(), event("ada@corp.example") + &event(""), event("."), events[4].clone()];
    assert_eq!(received, expected.map(String::into_bytes));
}

/// An exchange in which mail addresses have this action.
fn exchange_with(action: Disposition, mode: Mode) -> Exchange {
    let mut policy = Policy { mode, ..Policy::only(&["email"]) };
    policy.rules.push(Override::everywhere(Some("email"), action));
    Exchange::new(gateway_with(true, &policy))
}

const WITH_MAIL: &[u8] = br#"{"messages":[{"role":"user","content":"ada@corp.example"}]}"#;

#[test]
fn what_the_policy_blocks_is_refused_in_the_clients_dialect_without_saying_why() {
    let mut host = FakeHost::request("POST", CHAT);
    assert_eq!(host.send(&mut exchange_with(Disposition::Block, Mode::Enforce), &[WITH_MAIL]), None);
    assert_eq!(refusal(&host), (403, "request_blocked".to_owned()));
    let (_, body) = host.replied.as_ref().unwrap();
    let body = String::from_utf8_lossy(body).to_lowercase();
    assert!(!body.contains("mail") && !body.contains("ada@"), "{body}");
    assert!(body.contains(r#""action":"block""#));
}

#[test]
fn the_policy_chooses_the_status_of_a_refusal() {
    let mut policy = Policy::only(&["email"]);
    policy.rules.push(Override::everywhere(Some("email"), Disposition::Block));
    policy.block_status = 422;
    let mut host = FakeHost::request("POST", CHAT);
    assert_eq!(host.send(&mut Exchange::new(gateway_with(true, &policy)), &[WITH_MAIL]), None);
    assert_eq!(refusal(&host), (422, "request_blocked".to_owned()));
}

#[test]
fn the_answer_says_what_was_done_to_the_request() {
    for (action, mode, sent, header) in [
        (
            Disposition::Sanitize,
            Mode::Enforce,
            &br#"{"messages":[{"role":"user","content":""}]}"#[..],
            Some("sanitize"),
        ),
        (Disposition::Block, Mode::Shadow, WITH_MAIL, None),
    ] {
        let mut exchange = exchange_with(action, mode);
        let mut host = FakeHost::request("POST", CHAT);
        assert_eq!(host.send(&mut exchange, &[WITH_MAIL]).unwrap(), sent);
        let mut host = host.with_header(Side::Response, "content-type", "application/json");
        host.answer(&mut exchange, &[b"{}"]);
        assert_eq!(host.text(Side::Response, "x-aegis-action").as_deref(), header);
    }
}
