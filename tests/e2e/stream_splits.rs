//! Promise: how a streamed answer is cut, by the LLM or by the network, does not matter to the client.

use aegis_tests::chat::{
    DONE, delta, finish, last_user_text, python_arguments, request, stream, tool_stream,
};
use aegis_tests::sse::{frame, joined, parts, payloads};
use aegis_tests::{FakeUpstream, Gateway, Piece, Recorded, Reply, placeholder, secrets};
use serde_json::{Value, json};

/// A short e-mail address, card number and private key: every byte costs a look at the kernel's socket table.
fn values() -> [String; 3] {
    let mail = secrets::lookalike("{lower:4}@{lower:5}.org", 4);
    [mail, secrets::payment_card(4), secrets::private_key(1, 4)]
}

/// The values with what JSON has to escape between them.
fn prompt() -> String {
    let [mail, card, key] = values();
    format!("\"{mail}\" 和 \\ {card}\n🦀{key}")
}

fn script(recorded: &Recorded) -> Reply {
    let request = recorded.json();
    let text = last_user_text(&request);
    let frames = if request["tools"].is_array() {
        tool_stream(&python_arguments(&text), 11)
    } else {
        stream(&text, 11)
    };
    // Without what every event repeats.
    let bare =
        payloads(frames.concat().as_bytes()).into_iter().map(|event| json!({ "choices": event["choices"] }));
    let stream = bare.map(|event| frame(&event)).collect::<String>() + DONE;
    match request["model"].as_str() {
        Some("bytewise") => Reply::bytewise(stream.as_bytes()),
        _ => Reply::events(vec![Piece::Bytes(stream.into_bytes())]),
    }
}

fn ask(gateway: &Gateway, token: &str, model: &str, tools: bool) -> Vec<u8> {
    let mut body = request(&prompt());
    body["model"] = model.into();
    body["stream"] = true.into();
    if tools {
        body["tools"] = json!([{ "type": "function", "function": { "name": "save" } }]);
    }
    let answer = gateway.chat(token, body.to_string());
    assert_eq!(answer.status, 200);
    answer.body
}

#[test]
fn byte_by_byte_is_the_same_as_whole() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(script);
    let token = gateway.register(&upstream.base("/v1"));
    for tools in [false, true] {
        let whole = ask(&gateway, &token, "whole", tools);
        let bytewise = ask(&gateway, &token, "bytewise", tools);
        assert_eq!(String::from_utf8(bytewise).unwrap(), String::from_utf8(whole.clone()).unwrap());
        let deltas = payloads(&whole);
        let said = if tools {
            let arguments = joined(&deltas, "/choices/0/delta/tool_calls/0/function/arguments");
            let arguments: Value = serde_json::from_str(&arguments).expect("arguments are JSON");
            arguments["text"].as_str().unwrap().to_owned()
        } else {
            joined(&deltas, "/choices/0/delta/content")
        };
        assert_eq!(said, prompt());
        assert!(whole.ends_with(DONE.as_bytes()));
    }
    assert!(upstream.requests().iter().all(|recorded| recorded.placeholders().len() == 3));
}

#[test]
fn a_request_sent_byte_by_byte_is_redacted_like_a_whole_one() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::json(&json!({})));
    let token = gateway.register(&upstream.base("/v1"));
    let body = request(&prompt()).to_string();
    let post = aegis_tests::Request::post(aegis_tests::gateway::chat_path(&token), body.clone());
    assert_eq!(post.send(gateway.port).status, 200);
    let whole = upstream.take_only();

    let mut connection = aegis_tests::Connection::open(gateway.port);
    connection.write(&post.head(Some(body.len())));
    for byte in body.as_bytes() {
        connection.write(&[*byte]);
        connection.wait_until_read();
    }
    assert!(connection.read_head().first_line.contains(" 200 "));
    assert_eq!(upstream.take_only().body, whole.body);
    assert_eq!(placeholder::all_in(&last_user_text(&whole.json())).len(), 3);
}

/// The events of several texts that come in turns.
fn in_turns(lanes: Vec<Vec<String>>, end: &[String]) -> Reply {
    let mut lanes: Vec<_> = lanes.into_iter().map(Vec::into_iter).collect();
    let mut frames = Vec::new();
    loop {
        let before = frames.len();
        frames.extend(lanes.iter_mut().filter_map(Iterator::next));
        if frames.len() == before {
            frames.extend_from_slice(end);
            return Reply::frames(&frames);
        }
    }
}

fn ask_for_events(script: fn(&str) -> Reply) -> Vec<Value> {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(move |recorded| script(&last_user_text(&recorded.json())));
    let token = gateway.register(&upstream.base("/v1"));
    let mut body = request(&prompt());
    body["stream"] = true.into();
    let deltas = payloads(&gateway.chat(&token, body.to_string()).body);
    assert_eq!(upstream.take_only().placeholders().len(), 3);
    deltas
}

#[test]
fn choices_that_come_interleaved_are_restored_each_on_its_own() {
    let deltas = ask_for_events(|text| {
        let backwards: String = placeholder::all_in(text).into_iter().rev().collect();
        let say = |choice: usize, text: &str| {
            parts(text, 3).iter().map(|part| delta(choice, &json!({ "content": part }))).collect()
        };
        in_turns(
            vec![say(0, text), say(1, &backwards)],
            &[finish(0, "stop"), finish(1, "stop"), DONE.to_owned()],
        )
    });
    let of_choice = |index: u64| -> String {
        let choices = deltas.iter().filter_map(|event| event["choices"].as_array()).flatten();
        let mine = choices.filter(|choice| choice["index"] == index);
        mine.filter_map(|choice| choice["delta"]["content"].as_str()).collect()
    };
    let [mail, card, key] = values();
    assert_eq!(of_choice(0), prompt());
    assert_eq!(of_choice(1), format!("{key}{card}{mail}"));
}

#[test]
fn tool_calls_that_come_interleaved_are_restored_each_on_its_own() {
    let deltas = ask_for_events(|text| {
        let arguments = python_arguments(text);
        let call = |index: usize, size: usize| {
            let fragments = parts(&arguments, size).into_iter();
            let calls = fragments.map(|part| json!([{ "index": index, "function": { "arguments": part } }]));
            calls.map(|calls| delta(0, &json!({ "tool_calls": calls }))).collect()
        };
        in_turns(vec![call(0, 3), call(1, 2)], &[finish(0, "tool_calls"), DONE.to_owned()])
    });
    let of_call = |index: u64| -> String {
        let choices = deltas.iter().filter_map(|event| event["choices"].as_array()).flatten();
        let calls = choices.filter_map(|choice| choice["delta"]["tool_calls"].as_array()).flatten();
        let mine = calls.filter(|call| call["index"] == index);
        mine.filter_map(|call| call["function"]["arguments"].as_str()).collect()
    };
    for index in [0, 1] {
        let arguments: Value = serde_json::from_str(&of_call(index)).expect("arguments are JSON");
        assert_eq!(arguments["text"], prompt());
    }
}

#[test]
fn text_without_an_open_placeholder_is_not_held_back() {
    let gateway = Gateway::start();
    let gate = aegis_tests::Gate::new();
    let held = gate.clone();
    let upstream = FakeUpstream::start(move |recorded| {
        let mail = last_user_text(&recorded.json());
        let (open, rest) = mail.split_at(9);
        let first = [delta(0, &json!({ "content": "Hello, " })), delta(0, &json!({ "content": "this is " }))]
            .concat();
        let rest = [delta(0, &json!({ "content": rest })), finish(0, "stop"), DONE.to_owned()].concat();
        Reply::events(vec![
            Piece::Bytes(first.into_bytes()),
            Piece::Bytes(delta(0, &json!({ "content": open })).into_bytes()),
            Piece::Wait(held.clone()),
            Piece::Bytes(rest.into_bytes()),
        ])
    });
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 3);
    let mut body = request(&secret);
    body["stream"] = true.into();
    let post = aegis_tests::Request::post(aegis_tests::gateway::chat_path(&token), body.to_string());
    let mut connection = aegis_tests::Connection::open(gateway.port);
    connection.begin(&post);
    // While the LLM has not said more, the client already has what is safe, and no part of the placeholder.
    let mut received = connection.read_until("this is ");
    assert!(!received.windows(4).any(|window| window == b"{{AG"), "{}", received.escape_ascii());
    gate.open();
    received.extend(connection.read_rest());
    assert_eq!(joined(&payloads(&received), "/choices/0/delta/content"), format!("Hello, this is {secret}"));
    assert_eq!(upstream.take_only().placeholders().len(), 1);
}
