//! OpenAI Responses as the fake LLM says them: every key where the provider puts it.

use crate::sse::{joined, named, parts, payloads};
use serde_json::Value;

/// An item of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Reasoning that only the provider can read.
    Reasoning {
        /// Its encrypted form.
        encrypted: String,
    },
    /// What the model says.
    Text(String),
    /// A call of a tool that takes JSON.
    FunctionCall {
        /// The tool.
        name: String,
        /// JSON in the model's own spelling.
        arguments: String,
    },
    /// A call of a tool that takes text.
    CustomCall {
        /// The tool.
        name: String,
        /// The text.
        input: String,
    },
}

/// Every text of an answer, in order, once for each way in which a stream tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Put together from deltas.
    pub deltas: Vec<String>,
    /// Of the events that end a text.
    pub done: Vec<String>,
    /// Of the finished items.
    pub items: Vec<String>,
    /// Of the response as a whole, at the end.
    pub response: Vec<String>,
}

/// A whole answer.
pub fn response(items: &[Item]) -> String {
    let output: Vec<String> = items.iter().enumerate().map(whole).collect();
    envelope("completed", &output.join(","), USAGE)
}

/// The events of an answer, with `size` characters per delta.
pub fn stream(items: &[Item], size: usize) -> Vec<String> {
    let started = envelope("in_progress", "", "null");
    let mut events = Events::default();
    events.push("response.created", &format!(r#""response":{started}"#));
    events.push("response.in_progress", &format!(r#""response":{started}"#));
    for (index, item) in items.iter().enumerate() {
        let opening = opening(index, item);
        events.push("response.output_item.added", &format!(r#""output_index":{index},"item":{opening}"#));
        let place = format!(r#""item_id":"{}","output_index":{index}"#, id(index, item));
        match item {
            Item::Reasoning { .. } => {}
            Item::Text(text) => events.text(&place, text, size),
            Item::FunctionCall { arguments, .. } => {
                events.call(("response.function_call_arguments", "arguments"), &place, arguments, size);
            }
            Item::CustomCall { input, .. } => {
                events.call(("response.custom_tool_call_input", "input"), &place, input, size);
            }
        }
        let done = whole((index, item));
        events.push("response.output_item.done", &format!(r#""output_index":{index},"item":{done}"#));
    }
    events.push("response.completed", &format!(r#""response":{}"#, response(items)));
    events.0
}

/// What a client can put together from a stream.
#[track_caller]
pub fn heard(stream: &[u8]) -> Heard {
    let events = payloads(stream);
    let of_kind = |kind: &str| -> Vec<Value> {
        events.iter().filter(|event| event["type"].as_str() == Some(kind)).cloned().collect()
    };
    let items: Vec<Value> = of_kind("response.output_item.done");
    let items: Vec<&Value> = items.iter().map(|event| &event["item"]).collect();
    let kinds = ["output_text", "function_call_arguments", "custom_tool_call_input"];
    let (mut deltas, mut done) = (Vec::new(), Vec::new());
    for index in 0..items.len() {
        for kind in kinds {
            let here = |suffix: &str| -> Vec<Value> {
                let mut found = of_kind(&format!("response.{kind}.{suffix}"));
                found.retain(|event| event["output_index"] == index);
                found
            };
            let (parts, ends) = (here("delta"), here("done"));
            if !ends.is_empty() {
                deltas.push(joined(&parts, "/delta"));
            }
            done.extend(ends.iter().filter_map(said));
        }
    }
    let response = of_kind("response.completed").pop().expect("a completed response");
    let output = response["response"]["output"].as_array().expect("output");
    Heard {
        deltas,
        done,
        items: items.into_iter().filter_map(said).collect(),
        response: output.iter().filter_map(said).collect(),
    }
}

/// The text of the last message of the user.
#[track_caller]
pub fn last_user_text(request: &Value) -> String {
    let input = request["input"].as_array().expect("input");
    let last = input.iter().rfind(|item| item["role"] == "user").expect("a message of the user");
    crate::chat::content_text(&last["content"])
}

/// The text of an item or of an event that ends one.
fn said(holder: &Value) -> Option<String> {
    let pointers = ["/text", "/arguments", "/input", "/content/0/text"];
    pointers.iter().find_map(|pointer| Some(holder.pointer(pointer)?.as_str()?.to_owned()))
}

/// Numbered events.
#[derive(Default)]
struct Events(Vec<String>);

impl Events {
    fn push(&mut self, kind: &str, rest: &str) {
        let number = self.0.len();
        let payload = format!(r#"{{"type":"{kind}","sequence_number":{number},{rest}}}"#);
        self.0.push(named(kind, &payload));
    }

    fn text(&mut self, place: &str, text: &str, size: usize) {
        let place = format!(r#"{place},"content_index":0"#);
        self.push("response.content_part.added", &format!(r#"{place},"part":{}"#, text_part("")));
        for part in parts(text, size) {
            let part = quoted(&part);
            self.push("response.output_text.delta", &format!(r#"{place},"delta":{part},"logprobs":[]"#));
        }
        let whole = quoted(text);
        self.push("response.output_text.done", &format!(r#"{place},"text":{whole},"logprobs":[]"#));
        self.push("response.content_part.done", &format!(r#"{place},"part":{}"#, text_part(text)));
    }

    fn call(&mut self, (kind, key): (&str, &str), place: &str, text: &str, size: usize) {
        for part in parts(text, size) {
            let delta = format!(r#"{place},"delta":{},"obfuscation":"x7Kq2""#, quoted(&part));
            self.push(&format!("{kind}.delta"), &delta);
        }
        self.push(&format!("{kind}.done"), &format!(r#"{place},"{key}":{}"#, quoted(text)));
    }
}

const USAGE: &str = r#"{"input_tokens":9,"input_tokens_details":{"cached_tokens":0},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":18}"#;

fn envelope(status: &str, output: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"resp_{:048}","object":"response","created_at":1700000000,"status":"{status}","background":false,"error":null,"incomplete_details":null,"model":"test","output":[{output}],"parallel_tool_calls":false,"store":false,"usage":{usage},"metadata":{{}}}}"#,
        1
    )
}

fn id(index: usize, item: &Item) -> String {
    let prefix = match item {
        Item::Reasoning { .. } => "rs",
        Item::Text(_) => "msg",
        Item::FunctionCall { .. } => "fc",
        Item::CustomCall { .. } => "ctc",
    };
    format!("{prefix}_{index:048}")
}

fn whole((index, item): (usize, &Item)) -> String {
    written(index, item, "completed", true)
}

/// An item as it is announced: nothing in it yet.
fn opening(index: usize, item: &Item) -> String {
    written(index, item, "in_progress", false)
}

fn written(index: usize, item: &Item, status: &str, filled: bool) -> String {
    let id = id(index, item);
    let filled_in = |text: &str| quoted(if filled { text } else { "" });
    match item {
        Item::Reasoning { encrypted } => {
            format!(
                r#"{{"id":"{id}","type":"reasoning","encrypted_content":{},"summary":[]}}"#,
                quoted(encrypted)
            )
        }
        Item::Text(text) => {
            let content = if filled { text_part(text) } else { String::new() };
            format!(
                r#"{{"id":"{id}","type":"message","status":"{status}","content":[{content}],"role":"assistant"}}"#
            )
        }
        Item::FunctionCall { name, arguments } => {
            let arguments = filled_in(arguments);
            format!(
                r#"{{"id":"{id}","type":"function_call","status":"{status}","arguments":{arguments},"call_id":"call_{index:024}","name":"{name}"}}"#
            )
        }
        Item::CustomCall { name, input } => {
            let input = filled_in(input);
            format!(
                r#"{{"id":"{id}","type":"custom_tool_call","status":"{status}","call_id":"call_{index:024}","input":{input},"name":"{name}"}}"#
            )
        }
    }
}

fn text_part(text: &str) -> String {
    format!(r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":{}}}"#, quoted(text))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_hears_what_was_said_four_times() {
        let items = [
            Item::Reasoning { encrypted: "Z0FBQUFB".into() },
            Item::Text("🦀 says \"x\"".into()),
            Item::FunctionCall { name: "exec".into(), arguments: r#"{"cmd": "a\nb"}"#.into() },
            Item::CustomCall { name: "patch".into(), input: "+a\n".into() },
        ];
        let texts = ["🦀 says \"x\"", r#"{"cmd": "a\nb"}"#, "+a\n"].map(str::to_owned).to_vec();
        for size in [1, 5, 1000] {
            let heard = heard(stream(&items, size).concat().as_bytes());
            for telling in [&heard.deltas, &heard.done, &heard.items, &heard.response] {
                assert_eq!(telling, &texts);
            }
        }
        let whole: Value = serde_json::from_str(&response(&items)).unwrap();
        assert_eq!(whole["output"][0]["encrypted_content"], "Z0FBQUFB");
    }

    #[test]
    fn events_are_numbered() {
        let events = payloads(stream(&[Item::Text("ab".into())], 1).concat().as_bytes());
        assert!(events.iter().enumerate().all(|(number, event)| event["sequence_number"] == number));
        assert_eq!(events[0]["type"], "response.created");
    }
}
