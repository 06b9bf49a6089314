//! What holds for every text: a value that leaves as a placeholder comes back to the letter, and nothing else changes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

use aegis_engine::limits::MAX_SEALED_VALUE;
use aegis_engine::{Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, compile, redact_request};
use aegis_policy::{Policy, example};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::rc::Rc;

const CHAT: Protocol = Protocol::ChatCompletions;

/// Templates of values, each with the rule that finds it.
const VALUES: &[(&str, &str)] = &[
    ("email", "{lower:4}.{lower:6}@{lower:8}.example"),
    ("phone-e164", "+49 30 {digit:4} {digit:4}"),
    ("payment-card", "5555-5555-5555-4444"),
    ("ipv4", "203.0.113.{nonzero:2}"),
    ("openai-api-key", "sk-proj-{alnum:48}"),
    ("anthropic-api-key", "sk-ant-api03-{alnum:93}AA"),
    ("github-token", "ghp_{alnum:36}"),
    // Few of its letters are drawn: one of many thousands is too plain for the rule, and another rule's in real policies.
    ("aws-access-key-id", "AKIAZQ7TXW3H{base32:8}"),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9.{base64url:40}.{base64url:43}"),
    ("private-key-pem", "-----BEGIN PRIVATE KEY-----\n{base64:64}\n{base64:20}==\n-----END PRIVATE KEY-----"),
];

thread_local! {
    /// Compiled once for all cases of a property.
    static ENGINE: Rc<Engine> = Rc::new(compiled(false));
    /// The same with sealed placeholders.
    static SEALING: Rc<Engine> = Rc::new(compiled(true));
}

fn compiled(sealed: bool) -> Engine {
    let rules: Vec<&str> = VALUES.iter().map(|(rule, _)| *rule).collect();
    let mut policy = Policy::only(&rules);
    policy.restore.sealed = sealed;
    Engine::new(&compile(&policy, &key()).unwrap(), &key()).unwrap()
}

fn key() -> MasterKey {
    MasterKey::from_hex(&"77".repeat(32)).unwrap()
}

fn engine(sealed: bool) -> Rc<Engine> {
    if sealed { SEALING.with(Rc::clone) } else { ENGINE.with(Rc::clone) }
}

fn vault(engine: &Engine) -> Vault {
    engine.vault(key().tenant(b"properties"))
}

/// Text around values: quotes, backslashes, line breaks, braces, other scripts.
fn around() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(" ".to_owned()),
        Just(" \"\\ ".to_owned()),
        Just("\n\t".to_owned()),
        Just("{{ {".to_owned()),
        Just("} }}".to_owned()),
        Just("密码：😀 ".to_owned()),
        Just(" \\n \\u0041 ".to_owned()),
        "[ a-z<>&,;]{0,12}",
    ]
}

/// A text with planted values, and the values.
fn planted() -> impl Strategy<Value = (String, Vec<String>)> {
    let part = (around(), 0..VALUES.len(), "[a-z]{3}");
    (proptest::collection::vec(part, 1..5), around()).prop_map(|(parts, last)| {
        let mut text = String::new();
        let mut values = Vec::new();
        for (before, index, seed) in parts {
            let value = example::expand(VALUES[index].1, &seed);
            text.push_str(&before);
            // What touches a value could belong to it; what stands in for another character could not.
            text.push_str(if seed.starts_with(['a', 'b', 'c', 'd', 'e', 'f']) { "\\n" } else { " " });
            text.push_str(&value);
            text.push(' ');
            values.push(value);
        }
        text.push_str(&last);
        (text, values)
    })
}

/// Writes JSON with some characters escaped that need not be.
fn write_json(value: &Value, escape: bool) -> String {
    let text = value.to_string();
    if escape {
        text.replace('/', "\\/").replace('码', "\\u7801").replace('😀', "\\ud83d\\ude00")
    } else {
        text
    }
}

fn event(delta: &Value) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": delta }] }))
}

/// The text of a stream's deltas for choice 0, and the concatenated arguments of its tool call.
fn read_stream(stream: &[u8]) -> (String, String) {
    let (mut content, mut arguments) = (String::new(), String::new());
    for line in std::str::from_utf8(stream).unwrap().lines() {
        let Some(data) = line.strip_prefix("data: ").filter(|data| *data != "[DONE]") else { continue };
        let event: Value = serde_json::from_str(data).unwrap();
        let delta = &event["choices"][0]["delta"];
        content.push_str(delta["content"].as_str().unwrap_or_default());
        arguments.push_str(delta["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default());
    }
    (content, arguments)
}

/// Cuts `text` into deltas at character boundaries near `cuts`.
fn pieces(text: &str, cuts: &[usize]) -> Vec<String> {
    let mut edges: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    edges.extend([0, text.len()]);
    for edge in &mut edges {
        while !text.is_char_boundary(*edge) {
            *edge -= 1;
        }
    }
    edges.sort_unstable();
    edges.windows(2).map(|pair| text.get(pair[0]..pair[1]).unwrap().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_leaves_as_placeholders_comes_back_to_the_letter(
        (text, values) in planted(),
        escape in any::<bool>(),
        cuts in proptest::collection::vec(0usize..2000, 0..12),
        chunk in 1usize..200,
        sealed in any::<bool>(),
    ) {
        let engine = engine(sealed);
        let mut vault = vault(&engine);
        let mut caches = engine.caches();
        let arguments = write_json(&json!({ "x": &text, (&text): 1 }), escape);
        let request = write_json(&json!({ "messages": [
            { "role": "user", "content": &text },
            { "role": "assistant", "tool_calls": [{ "id": "a", "function": { "name": "f", "arguments": &arguments } }] },
        ] }), escape);
        let redacted = redact_request(&engine, &mut caches, CHAT, request.as_bytes(), &mut vault).unwrap();
        let body: Value = serde_json::from_slice(&redacted.body.unwrap()).unwrap();
        let sent = body.to_string() + &body["messages"][0]["content"].to_string();
        for value in &values {
            prop_assert!(!sent.contains(value.as_str()), "{value} leaves in {sent}");
        }

        // What was not too long to be sealed comes back in another exchange as well, and stays as it is on its way there.
        let content = body["messages"][0]["content"].as_str().unwrap();
        if sealed && values.iter().all(|value| value.len() <= MAX_SEALED_VALUE) {
            vault = self::vault(&engine);
            let again = redact_request(&engine, &mut caches, CHAT, body.to_string().as_bytes(), &mut vault).unwrap();
            prop_assert_eq!(again.body, None);
        }

        // The model repeats what it saw, in deltas cut anywhere, and the network cuts the stream anywhere.
        let seen = body["messages"][1]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
        let mut stream = String::new();
        for piece in pieces(content, &cuts) {
            stream += &event(&json!({ "content": piece }));
        }
        for piece in pieces(seen, &cuts) {
            let call = json!([{ "index": 0, "function": { "arguments": piece } }]);
            stream += &event(&json!({ "tool_calls": call }));
        }
        stream += "data: [DONE]\n\n";
        let mut answer = ResponseStream::new(CHAT, Framing::Sse);
        let mut out = Vec::new();
        for chunk in stream.as_bytes().chunks(chunk) {
            answer.push(&engine, &mut caches, &vault, chunk, &mut out);
        }
        answer.finish(&engine, &mut caches, &vault, &mut out);
        let (content, called) = read_stream(&out);
        prop_assert_eq!(&content, &text);
        let called: Value = serde_json::from_str(&called).unwrap();
        prop_assert_eq!(&called, &serde_json::from_str::<Value>(&arguments).unwrap());

        // The same answer as one document.
        let document = json!({ "choices": [{ "message": { "content": body["messages"][0]["content"] } }] }).to_string();
        let mut answer = ResponseStream::new(CHAT, Framing::Json);
        let mut out = Vec::new();
        for chunk in document.as_bytes().chunks(chunk) {
            answer.push(&engine, &mut caches, &vault, chunk, &mut out);
        }
        answer.finish(&engine, &mut caches, &vault, &mut out);
        let restored: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(restored["choices"][0]["message"]["content"].as_str().unwrap(), &text);
    }

    #[test]
    fn any_bytes_pass_a_stream_unchanged(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'{'), Just(b'"'), Just(b'\n'), Just(b':')], 0..300),
        chunk in 1usize..50,
        sse in any::<bool>(),
    ) {
        let engine = engine(true);
        let vault = vault(&engine);
        let mut caches = engine.caches();
        let mut stream = ResponseStream::new(CHAT, if sse { Framing::Sse } else { Framing::Json });
        let mut out = Vec::new();
        for chunk in bytes.chunks(chunk) {
            stream.push(&engine, &mut caches, &vault, chunk, &mut out);
        }
        stream.finish(&engine, &mut caches, &vault, &mut out);
        prop_assert_eq!(out, bytes);
    }

    #[test]
    fn any_bytes_are_refused_or_valid_json(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let engine = engine(false);
        let mut vault = vault(&engine);
        let accepted = redact_request(&engine, &mut engine.caches(), CHAT, &bytes, &mut vault).is_ok();
        prop_assert_eq!(accepted, serde_json::from_slice::<&serde_json::value::RawValue>(&bytes).is_ok());
    }
}
