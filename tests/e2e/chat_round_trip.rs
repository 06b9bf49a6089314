//! Promise: no secret reaches the LLM, its placeholders are the same wherever and whenever it is said, and the answer comes
//! back with the real values, to the letter. What the official clients see of it is in `sdk_*.rs`.

use aegis_tests::gateway::{START, chat_path};
use aegis_tests::{
    Answer, FakeUpstream, Gateway, Recorded, Reply, Request, chat, eventually, placeholder, secrets, sse,
};
use serde_json::{Value, json};

/// Echoes the last user message: as tool arguments if tools are on offer, streamed if asked, `echo-<n>` with n
/// characters per delta.
fn echo(recorded: &Recorded) -> Reply {
    let request = recorded.json();
    let text = chat::last_user_text(&request);
    let size =
        request["model"].as_str().and_then(|model| model.strip_prefix("echo-")?.parse().ok()).unwrap_or(5);
    match (request["tools"].is_array(), request["stream"] == true) {
        (false, false) => Reply::json(&chat::completion(&text)),
        (false, true) => Reply::frames(&chat::stream(&text, size)),
        (true, false) => Reply::json(&chat::tool_completion(&chat::python_arguments(&text))),
        (true, true) => Reply::frames(&chat::tool_stream(&chat::python_arguments(&text), size)),
    }
}

/// Adds every string of a document, unescaped; strings that are JSON themselves are opened once more.
fn collect_strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            found.push(text.clone());
            if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                collect_strings(&inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_strings(item, found)),
        Value::Object(fields) => {
            found.extend(fields.keys().cloned());
            fields.values().for_each(|value| collect_strings(value, found));
        }
        _ => {}
    }
}

fn assert_holds_no_secret(recorded: &Recorded, kinds: &[(&str, String)]) {
    let raw = String::from_utf8(recorded.body.clone()).unwrap();
    let mut strings = Vec::new();
    collect_strings(&recorded.json(), &mut strings);
    for (kind, secret) in kinds {
        for fragment in secrets::fragments(secret) {
            assert!(!raw.contains(fragment), "{kind} reached the LLM");
            assert!(!strings.iter().any(|text| text.contains(fragment)), "{kind} reached the LLM, escaped");
            assert!(!recorded.target.contains(fragment), "{kind} reached the LLM in the path");
        }
    }
}

#[test]
fn the_second_turn_carries_the_placeholders_of_the_first() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let kinds = secrets::one_of_each(2);
    let prompt = secrets::prompt(&kinds);
    let arguments = chat::python_arguments(&prompt);
    let first = json!({ "role": "user", "content": prompt });
    let function = json!({ "name": "save", "arguments": arguments });
    let history = json!([
        first,
        { "role": "assistant", "content": null, "tool_calls": [{ "id": "c", "type": "function", "function": function }] },
        { "role": "tool", "tool_call_id": "c", "content": prompt },
        { "role": "user", "content": [{ "type": "text", "text": format!("Again: {prompt}") }] },
    ]);
    for messages in [json!([first]), history] {
        let answer = gateway.chat(&token, json!({ "model": "echo", "messages": messages }).to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    let requests: Vec<Value> = upstream.requests().iter().map(Recorded::json).collect();
    let (once, twice) = (&requests[0]["messages"], &requests[1]["messages"]);
    let expected = placeholder::all_in(&chat::content_text(&once[0]["content"]));
    assert_eq!(expected.len(), kinds.len());
    assert_eq!(once[0], twice[0], "the prompt cache of the LLM needs the same text");
    let arguments = twice[1]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert_eq!(placeholder::all_in(arguments), expected);
    serde_json::from_str::<Value>(arguments).expect("redacted arguments are still JSON");
    assert_eq!(placeholder::all_in(&chat::content_text(&twice[2]["content"])), expected);
    assert_eq!(placeholder::all_in(&chat::content_text(&twice[3]["content"])), expected);
    for recorded in upstream.requests() {
        assert_holds_no_secret(&recorded, &kinds);
    }
}

#[test]
fn placeholders_are_the_same_on_every_worker_and_after_a_restart() {
    let mut gateway = Gateway::with_environment([("AEGIS_ENVOY_CONCURRENCY", "2")]);
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    let kinds = secrets::one_of_each(3);
    let body = chat::request(&secrets::prompt(&kinds)).to_string();
    let mut seen = Vec::new();
    for _ in 0..2 {
        // Each on a connection of its own, so both workers take part, once both know the token.
        let all_know_it = || (0..16).all(|_| gateway.is_usable(&token));
        eventually("the token works on both workers", START, all_know_it);
        for _ in 0..8 {
            assert_eq!(gateway.chat(&token, body.clone()).status, 200);
        }
        seen.extend(upstream.requests().iter().map(|recorded| recorded.body.clone()));
        gateway = Gateway::start_in(gateway.stop());
    }
    assert!(seen.len() >= 16);
    assert_eq!(placeholder::distinct_in(std::str::from_utf8(&seen[0]).unwrap()).len(), kinds.len());
    assert!(seen.iter().all(|body| *body == seen[0]), "one prompt has several redacted forms");
}

#[test]
fn what_stands_next_to_a_value_stays() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/v1"));
    // Parts of placeholders, and what models write around braces and underscores.
    let pairs = [
        ("{", "}"),
        ("{{", "}}"),
        ("{{ ", " }}"),
        ("{{AG_", "}}"),
        ("\\", "\\"),
        ("\\\\", "\\}"),
        ("\\{", "\\}"),
        ("\\{\\{", "\\}\\}"),
        ("&#123;", "&#125;"),
        ("&lcub;&lcub;", "&rcub;&rcub;"),
        ("`", "`"),
        ("\\n", "\\n"),
        ("\n", "\n"),
        (" ", "  "),
    ];
    let mut lost = Vec::new();
    for (before, after) in pairs {
        let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
        let text = format!("{before}{secret}{after}");
        for (stream, tools) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut body = chat::request(&text);
            body["model"] = "echo-1".into();
            body["stream"] = stream.into();
            if tools {
                body["tools"] = json!([{ "type": "function", "function": { "name": "save" } }]);
            }
            let answer = gateway.chat(&token, body.to_string());
            let said = said(&answer, stream, tools);
            if said != text {
                lost.push(format!("stream {stream}, tools {tools}: {text:?} came back as {said:?}"));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    for recorded in upstream.requests() {
        assert_eq!(placeholder::all_in(&chat::last_user_text(&recorded.json())).len(), 1);
    }
}

/// The text of an answer, be it content or the arguments of a tool call.
fn said(answer: &Answer, stream: bool, tools: bool) -> String {
    let (message, texts) =
        if stream { ("delta", sse::payloads(&answer.body)) } else { ("message", vec![answer.json()]) };
    if !tools {
        return sse::joined(&texts, &format!("/choices/0/{message}/content"));
    }
    let arguments = sse::joined(&texts, &format!("/choices/0/{message}/tool_calls/0/function/arguments"));
    match serde_json::from_str::<Value>(&arguments) {
        Ok(arguments) => arguments["text"].as_str().unwrap_or_default().to_owned(),
        Err(error) => format!("{error}: {arguments}"),
    }
}

#[test]
fn a_leading_v1_of_the_rest_is_dropped_behind_a_base_with_a_version() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(echo);
    let token = gateway.register(&upstream.base("/api/v3"));
    let path = chat_path(&token).replace("/chat/", "/v1/chat/");
    let answer = Request::post(path, chat::request("hello").to_string()).send(gateway.port);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(upstream.take_only().target, "/api/v3/chat/completions");
}
