//! OpenAI chat completions as the fake LLM sees and says them.

use crate::sse::{frame, parts};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A request with one user message.
pub fn request(text: &str) -> Value {
    json!({ "model": "test", "messages": [{ "role": "user", "content": text }] })
}

/// The text of the last user message of a request.
#[track_caller]
pub fn last_user_text(request: &Value) -> String {
    let messages = request["messages"].as_array().expect("messages");
    let last = messages.iter().rfind(|message| message["role"] == "user").expect("a user message");
    content_text(&last["content"])
}

/// The text of a message's content: a string or parts, joined.
pub fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// A completion that says `text`.
pub fn completion(text: &str) -> Value {
    let message = json!({ "role": "assistant", "content": text, "refusal": null });
    envelope("chat.completion", &json!({ "index": 0, "message": message, "finish_reason": "stop" }))
}

/// A completion that calls the tool `save` with these arguments.
pub fn tool_completion(arguments: &str) -> Value {
    let function = json!({ "name": "save", "arguments": arguments });
    let calls = json!([{ "id": "call_1", "type": "function", "function": function }]);
    let message = json!({ "role": "assistant", "content": null, "tool_calls": calls });
    envelope("chat.completion", &json!({ "index": 0, "message": message, "finish_reason": "tool_calls" }))
}

/// The events of a stream that says `text`, `size` characters at a time.
pub fn stream(text: &str, size: usize) -> Vec<String> {
    let deltas = parts(text, size).into_iter().map(|part| delta(0, &json!({ "content": part })));
    framed(deltas, "stop")
}

/// The events of a stream that calls the tool `save`, with `size` characters of its arguments at a time.
pub fn tool_stream(arguments: &str, size: usize) -> Vec<String> {
    let function = json!({ "name": "save", "arguments": "" });
    let opening = json!([{ "index": 0, "id": "call_1", "type": "function", "function": function }]);
    let fragments = parts(arguments, size)
        .into_iter()
        .map(|part| json!([{ "index": 0, "function": { "arguments": part } }]));
    let deltas =
        std::iter::once(opening).chain(fragments).map(|calls| delta(0, &json!({ "tool_calls": calls })));
    framed(deltas, "tool_calls")
}

/// An event with a delta for one choice.
pub fn delta(choice: usize, delta: &Value) -> String {
    frame(&chunk(&json!({ "index": choice, "delta": delta, "finish_reason": null })))
}

/// An event that ends one choice.
pub fn finish(choice: usize, reason: &str) -> String {
    frame(&chunk(&json!({ "index": choice, "delta": {}, "finish_reason": reason })))
}

/// The end of every stream.
pub const DONE: &str = "data: [DONE]\n\n";

/// Tool arguments `{"text": …}` as Python's `json.dumps` writes them.
pub fn python_arguments(text: &str) -> String {
    python_json(&json!({ "text": text }))
}

/// A value as Python's `json.dumps` writes it: everything outside ASCII escaped.
pub fn python_json(value: &Value) -> String {
    let mut escaped = String::new();
    for unit in value.to_string().encode_utf16() {
        match u8::try_from(unit) {
            Ok(ascii) if ascii.is_ascii() => escaped.push(char::from(ascii)),
            _ => write!(escaped, "\\u{unit:04x}").unwrap(),
        }
    }
    escaped
}

fn framed(deltas: impl Iterator<Item = String>, reason: &str) -> Vec<String> {
    let start = delta(0, &json!({ "role": "assistant", "content": "" }));
    let end = [finish(0, reason), DONE.to_owned()];
    std::iter::once(start).chain(deltas).chain(end).collect()
}

fn chunk(choice: &Value) -> Value {
    envelope("chat.completion.chunk", choice)
}

fn envelope(object: &str, choice: &Value) -> Value {
    json!({ "id": "chatcmpl-test", "object": object, "created": 1_700_000_000, "model": "test", "choices": [choice] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_written_as_python_writes_them() {
        let arguments = python_arguments("\"é\\\n🦀");
        assert_eq!(arguments, r#"{"text":"\"\u00e9\\\n\ud83e\udd80"}"#);
        let read: Value = serde_json::from_str(&arguments).unwrap();
        assert_eq!(read["text"], "\"é\\\n🦀");
    }
}
