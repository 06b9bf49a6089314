//! Promise: a long session of a coding agent goes through the gateway with its values replaced, the same way in every
//! turn, and with nothing else changed; what the LLM does with the placeholders comes back with the values.
//!
//! The sessions are made up, in the shapes that real agents send (`tests/agents` runs those).

mod messages;
mod responses;
mod text;

use aegis_tests::script_messages::{self, Block};
use aegis_tests::script_responses::{self, Item};
use aegis_tests::substitution::{self, Substitutions};
use aegis_tests::{Answer, Connection, FakeUpstream, Gateway, Recorded, Reply, Request, secrets};
use serde_json::Value;
use std::sync::LazyLock;

/// Messages in the session when it is sent and characters per delta of the answer. The last session is longer than
/// fifty messages, and its answer is not split.
const TURNS: [(usize, usize); 4] = [(1, 1), (12, 4), (31, 23), (56, 100_000)];

static MESSAGES: LazyLock<Vec<Turn>> = LazyLock::new(|| session(&claude()));
static RESPONSES: LazyLock<Vec<Turn>> = LazyLock::new(|| session(&codex()));

/// How an agent talks to its LLM.
struct Dialect {
    /// What follows the token, and what the LLM should see of it.
    paths: [&'static str; 2],
    headers: Vec<(&'static str, String)>,
    request: fn(&[String], usize) -> String,
    answer: fn(&Recorded, usize) -> Vec<String>,
}

/// A request and its answer.
struct Turn {
    messages: usize,
    split: usize,
    sent: String,
    recorded: Recorded,
    answer: Answer,
}

/// The session, sent again and again as it grows.
fn session(dialect: &Dialect) -> Vec<Turn> {
    let gateway = Gateway::start();
    let answer = dialect.answer;
    let upstream = FakeUpstream::start(move |recorded| {
        let split = recorded.header("x-split").and_then(|size| size.parse().ok());
        Reply::frames(&answer(recorded, split.expect("characters per delta")))
    });
    let token = gateway.register(&upstream.base("/v1"));
    let [path, _] = dialect.paths;
    let turn = |(messages, split): (usize, usize)| {
        let sent = (dialect.request)(&values(), messages);
        let post = Request::post(format!("/v1/__gw__/t/{token}{path}"), sent.clone());
        let request = dialect.headers.iter().fold(post, |request, (name, value)| request.header(name, value));
        let request = request.header("accept-encoding", "gzip, deflate, br, zstd");
        let answer = request.header("x-split", &split.to_string()).send(gateway.port);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-aegis-action"), Some("redact"));
        Turn { messages, split, sent, recorded: upstream.take_only(), answer }
    };
    TURNS.into_iter().map(turn).collect()
}

/// Checks that the LLM saw what was sent with values replaced, the same way in every turn, and nothing else changed.
#[track_caller]
fn assert_redacted(dialect: &Dialect, session: &[Turn]) {
    let values = values();
    let mut broken = Vec::new();
    let mut known = Substitutions::new();
    for turn in session {
        let (recorded, messages) = (&turn.recorded, turn.messages);
        assert_eq!(recorded.target, dialect.paths[1]);
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(dialect.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        headers.push(("x-split".to_owned(), turn.split.to_string()));
        assert_eq!(recorded.own_headers(), headers);
        assert!(recorded.has_its_length());
        let received = std::str::from_utf8(&recorded.body).unwrap();
        for secret in &values {
            let leak = secrets::fragments(secret).into_iter().find(|fragment| received.contains(fragment));
            assert_eq!(leak, None, "{messages} messages");
        }
        match substitution::between(&turn.sent, received, &values) {
            Ok(found) => {
                assert_eq!(found.len(), values.len(), "values in {messages} messages");
                assert!(known.is_empty() || known == found, "other placeholders in {messages} messages");
                known = found;
            }
            Err(error) => broken.push(format!("{messages} messages: {error}")),
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn values() -> Vec<String> {
    secrets::one_of_each(31).into_iter().map(|(_, value)| value).collect()
}

/// What the user asks for in the first message: every value.
fn given() -> String {
    let lines: Vec<String> = values().iter().map(|value| format!("- {value}!\n")).collect();
    format!("\"Für\" 🦀:\n{}", lines.concat())
}

/// What the LLM says: what it was given, as it received it, and somebody of whom nobody else spoke.
fn said(asked: &str) -> String {
    let inside = asked.split_once("<<<").and_then(|(_, rest)| rest.split_once(">>>"));
    format!("{} {}", inside.expect("<<<…>>>").0, secrets::lookalike("{lower:6}@{lower:9}.org", 41))
}

/// What the client should hear.
fn expected() -> String {
    said(&format!("<<<{}>>>", given()))
}

fn claude() -> Dialect {
    Dialect {
        paths: ["/v1/messages?beta=true", "/v1/messages?beta=true"],
        headers: vec![
            ("user-agent", "claude-cli/2.1.332 (external, sdk-cli)".to_owned()),
            ("x-claude-code-session-id", text::uuid(1)),
            ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14".to_owned()),
            ("anthropic-version", "2023-06-01".to_owned()),
            ("x-api-key", "none".to_owned()),
        ],
        request: |values, count| messages::request(&given(), values, count),
        answer: |recorded, split| script_messages::stream(&blocks(recorded), split),
    }
}

fn blocks(recorded: &Recorded) -> [Block; 3] {
    let asked = recorded.json()["messages"][0]["content"][1]["text"].clone();
    let text = said(asked.as_str().expect("the first message"));
    let input = format!(r#"{{"file_path": "/home/me/out.txt", "content": {}}}"#, text::quoted(&text));
    [
        Block::Thinking { thinking: text.clone(), signature: text::base64(51) },
        Block::Text(text),
        Block::ToolUse { name: "Write".to_owned(), input },
    ]
}

fn codex() -> Dialect {
    let agent = "codex_exec/0.169.0 (Debian 12.0.0; x86_64) unknown (codex_exec; 0.169.0)";
    Dialect {
        paths: ["/responses", "/v1/responses"],
        headers: vec![
            ("x-codex-beta-features", "remote_compaction_v2".to_owned()),
            ("x-codex-turn-metadata", responses::turn_metadata()),
            ("session-id", text::uuid(2)),
            ("accept", "text/event-stream".to_owned()),
            ("authorization", "Bearer none".to_owned()),
            ("user-agent", agent.to_owned()),
        ],
        request: |values, count| responses::request(&given(), values, count),
        answer: |recorded, split| script_responses::stream(&items(recorded), split),
    }
}

fn items(recorded: &Recorded) -> [Item; 4] {
    let request = recorded.json();
    let mut input = request["input"].as_array().expect("input").iter();
    let asked = input.find(|item| item["role"] == "user").expect("a user message");
    let text = said(asked["content"][0]["text"].as_str().expect("its text"));
    let arguments = format!(r#"{{"cmd": {}}}"#, text::quoted(&text));
    [
        Item::Reasoning { encrypted: text::encrypted(51) },
        Item::Text(text.clone()),
        Item::FunctionCall { name: "exec_command".to_owned(), arguments },
        Item::CustomCall { name: "apply_patch".to_owned(), input: text },
    ]
}

#[test]
fn a_session_of_messages_is_redacted() {
    assert_redacted(&claude(), &MESSAGES);
}

#[test]
fn a_session_of_responses_is_redacted() {
    assert_redacted(&codex(), &RESPONSES);
}

#[test]
fn answers_of_messages_are_restored() {
    for turn in MESSAGES.iter() {
        let place = format!("{} characters per delta", turn.split);
        let heard = script_messages::heard(&turn.answer.body);
        let [thinking, text, Block::ToolUse { input, .. }] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(*thinking, blocks(&turn.recorded)[0], "signed blocks are not touched, {place}");
        assert_eq!(*text, Block::Text(expected()), "{place}");
        let input: Value = serde_json::from_str(input).expect("a tool's input is JSON");
        assert_eq!(input["content"], expected(), "{place}");
    }
}

#[test]
fn answers_of_responses_are_restored() {
    let sealed = format!(r#""encrypted_content":"{}""#, text::encrypted(51));
    for turn in RESPONSES.iter() {
        let heard = script_responses::heard(&turn.answer.body);
        for (telling, texts) in [
            ("deltas", heard.deltas),
            ("done", heard.done),
            ("items", heard.items),
            ("response", heard.response),
        ] {
            let place = format!("{telling}, {} characters per delta", turn.split);
            let [text, arguments, input] = texts.as_slice() else { panic!("{place}: {texts:?}") };
            assert_eq!((text, input), (&expected(), &expected()), "{place}");
            let arguments = serde_json::from_str::<Value>(arguments);
            let arguments = arguments.unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(arguments["cmd"], expected(), "{place}");
        }
        assert_eq!(turn.answer.text().matches(&sealed).count(), 3, "encrypted reasoning is not touched");
    }
}

#[test]
fn a_request_without_a_body_goes_through_as_it_is() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::whole("text/plain", "hello").status(203));
    let token = gateway.register(&upstream.base(""));
    for (path, target) in
        [("", "/"), ("/", "/"), ("/api/hello", "/api/hello"), ("/v1/models?a=b", "/v1/models?a=b")]
    {
        let mut connection = Connection::open(gateway.port);
        let head = connection.begin(&Request::head_of(format!("/v1/__gw__/t/{token}{path}")));
        assert!(head.first_line.contains(" 203"), "{path}: {}", head.first_line);
        assert_eq!(head.header("content-length"), Some("5"));
        let recorded = upstream.take_only();
        assert_eq!((recorded.method.as_str(), recorded.target.as_str()), ("HEAD", target));
        assert!(recorded.body.is_empty());
    }
}

#[test]
fn a_websocket_which_nobody_would_read_is_refused() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::whole("text/plain", "hello"));
    let token = gateway.register(&upstream.base("/v1"));
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    let get = Request::get(format!("/v1/__gw__/t/{token}/responses"));
    let request = upgrade.iter().fold(get, |request, (name, value)| request.header(name, value));
    let answer = request.send(gateway.port);
    assert_eq!(answer.status, 426);
    assert!(upstream.requests().is_empty());
}
