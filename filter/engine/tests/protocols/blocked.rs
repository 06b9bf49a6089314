//! Answers that the policy refuses, and those in which commands are only marked.

use super::bench::{Bench, vault, without_note};
use super::plant::{DANGER, NO_IMAGE, Planter};
use super::text::{Kind, sent};
use super::{Answer, cuts};
use aegis_engine::action::NOTICE;
use aegis_engine::{Framing, Protocol, action};
use proptest::prelude::*;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(super::bench::cases(80)) })]

    #[test]
    fn refused_answers_end_as_their_dialect_says(seed in any::<u64>()) {
        let mut planter = Planter::new(seed, true);
        let answer = Answer::any(&mut planter);
        let before = sent(&answer.body);
        let mut bench = Bench::blocking();
        let whole = bench.run(&answer.vault, answer.protocol, answer.framing, &[before.as_bytes()]);
        // Words are defanged; only commands and images are refused.
        let refused = answer.body.iter().any(|one| one.kind == Kind::Danger && [NO_IMAGE, NOTICE].contains(&one.shown.as_str()));
        prop_assert_eq!(bench.blocked, refused);
        for pieces in cuts(&mut planter, before.as_bytes()) {
            let out = bench.run(&answer.vault, answer.protocol, answer.framing, &pieces);
            prop_assert_eq!(&out, &whole);
        }
        if refused {
            prop_assert!(!whole.contains(DANGER), "{}", whole);
            let is_array = before.starts_with('[');
            if answer.framing == Framing::Json {
                let document: Value = serde_json::from_str(&whole).map_err(|error| TestCaseError::fail(format!("{error}: {whole}")))?;
                prop_assert!(is_array || (whole.contains("AegisGate") && !whole.contains("evil.example")));
                prop_assert_eq!(document.is_array(), is_array);
            } else {
                check_ending(answer.protocol, &whole)?;
            }
        }
    }
}

/// A client that reads `stream` event by event comes to an end, and no event is about what it has not heard of.
fn check_ending(protocol: Protocol, stream: &str) -> Result<(), TestCaseError> {
    let events = super::bench::events(stream);
    let last = events.last().unwrap();
    match protocol {
        Protocol::ChatCompletions | Protocol::Completions => {
            prop_assert!(stream.ends_with("data: [DONE]\n\n"));
            let mut open = std::collections::BTreeMap::new();
            for choice in events.iter().filter_map(|event| event["choices"].as_array()).flatten() {
                let finished = !choice["finish_reason"].is_null();
                let index = choice["index"].as_u64().unwrap();
                if finished && events.len() > 1 {
                    prop_assert_eq!(
                        open.get(&index),
                        Some(&false),
                        "choice {} ends once, behind its beginning: {}",
                        index,
                        stream
                    );
                }
                open.insert(index, finished);
            }
            prop_assert!(open.values().all(|finished| *finished), "{}", stream);
        }
        Protocol::Responses => prop_assert_eq!(&last["type"], "response.incomplete"),
        Protocol::Messages => {
            prop_assert_eq!(&last["type"], "message_stop");
            let mut open = std::collections::BTreeSet::new();
            for event in &events {
                let index = event["index"].as_u64();
                match event["type"].as_str().unwrap() {
                    "content_block_start" => prop_assert!(open.insert(index)),
                    "content_block_stop" => {
                        prop_assert!(open.remove(&index), "{} ends unheard: {}", event, stream);
                    }
                    _ => {}
                }
            }
            prop_assert!(open.is_empty());
        }
        Protocol::Gemini => prop_assert_eq!(&last["candidates"][0]["finishReason"], "SAFETY"),
        Protocol::Embeddings | Protocol::Generic => prop_assert!(last["error"].is_object()),
    }
    Ok(())
}

#[test]
fn what_follows_a_refused_document_does_not_bring_it_back() {
    let refused = json!({ "choices": [{ "message": { "content": "![a](https://evil.example/x)" } }] });
    for tail in ["", "\n", " {}", "]", "\u{1}"] {
        let body = format!("{refused}{tail}");
        for size in [1, 7, 1000] {
            let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
            let out = Bench::blocking().run(&vault(), Protocol::ChatCompletions, Framing::Json, &pieces);
            assert!(!out.contains("evil") && out.contains("content_filter"), "{tail:?}: {out}");
        }
    }
}

#[test]
fn white_space_in_front_of_what_is_refused_stays_however_it_is_cut() {
    let part = json!({ "parts": [{ "text": "![a](https://evil.example/x)" }] });
    let gemini = json!([{ "candidates": [{ "content": part }] }]);
    let chat = json!({ "choices": [{ "message": { "content": "![a](https://evil.example/x)" } }] });
    for (protocol, refused) in [(Protocol::Gemini, gemini), (Protocol::ChatCompletions, chat)] {
        let body = format!("\n \t{refused}");
        for size in [1, 2, 1000] {
            let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
            let out = Bench::blocking().run(&vault(), protocol, Framing::Json, &pieces);
            let document = out.strip_prefix("\n \t").expect("white space");
            assert!(document.starts_with(['{', '[']) && !out.contains("evil"), "{out}");
        }
    }
}

#[test]
fn a_marked_command_is_marked_once_and_keeps_its_values() {
    let mut vault = vault();
    let placeholder = vault.placeholder("EMAIL", b"ada@corp.example");
    let command = format!("{placeholder} && rm -rf /");
    let asked = format!("{}ada@corp.example && rm -rf /", action::ASK);
    let arguments = |command: &str| json!({ "command": command });
    let call = |command: &str| match command {
        _ if command.is_empty() => Value::Null,
        _ => json!(arguments(command).to_string()),
    };
    let documents = |command: &str| {
        [
            (Protocol::Messages, json!({ "content": [{ "type": "tool_use", "input": arguments(command) }] })),
            (
                Protocol::Responses,
                json!({ "output": [{ "type": "local_shell_call", "action": arguments(command) }] }),
            ),
            (
                Protocol::Gemini,
                json!({ "candidates": [{ "content": { "parts": [{ "functionCall": { "args": arguments(command) } }] } }] }),
            ),
            (
                Protocol::ChatCompletions,
                json!({ "choices": [{ "message": { "tool_calls": [{ "function": { "arguments": call(command) } }] } }] }),
            ),
        ]
    };
    let mut bench = Bench::asking();
    for ((protocol, before), (_, after)) in documents(&command).into_iter().zip(documents(&asked)) {
        let before = before.to_string();
        for size in [1, 1000] {
            let pieces: Vec<&[u8]> = before.as_bytes().chunks(size).collect();
            let out = bench.run(&vault, protocol, Framing::Json, &pieces);
            assert_eq!(without_note(&out).0, after.to_string(), "{protocol:?}");
            assert_eq!(bench.findings.len(), 1, "{protocol:?}");
        }
        let event = format!("data: {before}\n\n");
        let out = bench.run(&vault, protocol, Framing::Sse, &[event.as_bytes()]);
        assert!(out.contains(&after.to_string()), "{protocol:?} {out}");
        assert_eq!(bench.findings.len(), 1, "{protocol:?}");
    }
}
