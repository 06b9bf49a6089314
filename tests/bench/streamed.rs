//! Answers that come as streams of deltas.

use crate::case::{self, Case};
use crate::side::{CHAT, Side};
use crate::stamps::DELTAS;
use crate::texts;
use crate::upstream::{self, Upstream};
use crate::wire::chunk;
use aegis_tests::{chat, sse};
use serde_json::{Value, json};

/// The texts of a stream's deltas, and whether each leaves no placeholder open.
#[derive(Debug, Default)]
struct Deltas {
    texts: Vec<String>,
    immediate: Vec<bool>,
}

/// How a dialect writes a stream.
struct Dialect {
    path: &'static str,
    /// Events in front of the first delta.
    before: Vec<String>,
    delta: fn(&str) -> String,
    behind: String,
}

/// A placeholder comes in so many deltas.
const PIECES: usize = 5;

/// So many deltas stand before each placeholder.
const APART: usize = 12;

/// A tool call that writes a file: its content is passed on as it comes, so that what is measured is not the wait for a
/// complete argument.
const TOOL_BEGIN: [&str; 2] = [r#"{"file_path": "/src/notes.md", "#, r#""content": ""#];
const TOOL_END: &str = r#""}"#;

// === impl Case ===

impl Case {
    /// A chat of about 2 KB with four values, and a stream that repeats two of them in pieces.
    pub(crate) fn stream(gateway: &Side, upstream: &Upstream) -> Case {
        Case::long_stream(gateway, upstream, 1)
    }

    /// The same with `times` as many deltas.
    pub(crate) fn long_stream(gateway: &Side, upstream: &Upstream, times: usize) -> Case {
        let request = case::prompt_with_values().into_bytes();
        let names = case::placeholders(gateway, upstream, &request);
        let mut deltas = Deltas::default();
        for _ in 0..times {
            deltas.prose(&names[..2], DELTAS);
        }
        Case::streamed(&streaming(&request), &chat_dialect(), deltas, &names)
    }

    /// A chat and a stream in which there is nothing to find.
    pub(crate) fn clean_stream() -> Case {
        let request = chat::request(&texts::prose(1_800, 1)).to_string().into_bytes();
        let mut deltas = Deltas::default();
        deltas.prose(&[], DELTAS);
        Case::streamed(&streaming(&request), &chat_dialect(), deltas, &[])
    }

    /// The chat of [`Case::stream`] as Anthropic's Messages, and a tool call in whose content two of the values stand.
    pub(crate) fn tool_stream(gateway: &Side, upstream: &Upstream) -> Case {
        let request = case::prompt_with_values().into_bytes();
        let names = case::placeholders(gateway, upstream, &request);
        let mut deltas = Deltas::default();
        for text in TOOL_BEGIN {
            deltas.push(text.to_owned(), true);
        }
        deltas.prose(&names[..2], DELTAS - TOOL_BEGIN.len() - 1);
        deltas.push(TOOL_END.to_owned(), true);
        serde_json::from_str::<Value>(&deltas.texts.concat()).expect("arguments are JSON");
        let request =
            String::from_utf8(request).expect("UTF-8").replace("\"model\"", "\"max_tokens\":1000,\"model\"");
        Case::streamed(&streaming(request.as_bytes()), &messages_dialect(), deltas, &names)
    }

    fn streamed(request: &[u8], dialect: &Dialect, deltas: Deltas, names: &[String]) -> Case {
        let plain_text = deltas.texts.concat();
        let gateway_text = names
            .iter()
            .zip(case::values())
            .fold(plain_text.clone(), |text, (name, value)| text.replace(name, &value));
        let mut writes: Vec<Vec<u8>> =
            deltas.texts.iter().map(|text| chunk((dialect.delta)(text).as_bytes())).collect();
        let before = [upstream::stream_head(), chunk(dialect.before.concat().as_bytes())].concat();
        writes[0].splice(..0, before);
        let behind = [chunk(dialect.behind.as_bytes()), chunk(b"")].concat();
        writes.last_mut().expect("deltas").extend(behind);
        Case {
            path: dialect.path,
            request: request.to_vec(),
            writes,
            plain_text,
            gateway_text,
            immediate: deltas.immediate,
            lead: dialect.before.len(),
            never_seen: false,
        }
    }

    /// How many writes end in the middle of the first placeholder.
    pub(crate) fn until_open(&self) -> usize {
        self.immediate.iter().position(|immediate| !immediate).expect("a placeholder in pieces") + 1
    }
}

// === impl Deltas ===

impl Deltas {
    fn push(&mut self, text: String, immediate: bool) {
        self.texts.push(text);
        self.immediate.push(immediate);
    }

    /// Adds `count` deltas of words, and the placeholders between them.
    fn prose(&mut self, names: &[String], count: usize) {
        let end = self.texts.len() + count;
        // What is quoted would end the string of a tool's argument.
        let prose = texts::prose(2_000, 5).replace(['\n', '"'], " ");
        let mut words = prose.split_inclusive(' ').map(str::to_owned);
        for name in names {
            words.by_ref().take(APART).for_each(|word| self.push(word, true));
            let pieces = sse::parts(name, name.len().div_ceil(PIECES));
            let last = pieces.len() - 1;
            pieces.into_iter().enumerate().for_each(|(index, piece)| self.push(piece, index == last));
        }
        let left = end - self.texts.len();
        words.take(left).for_each(|word| self.push(word, true));
        assert_eq!(self.texts.len(), end, "enough words");
    }
}

fn chat_dialect() -> Dialect {
    Dialect {
        path: CHAT,
        before: vec![chat::delta(0, &json!({ "role": "assistant", "content": "" }))],
        delta: |text| chat::delta(0, &json!({ "content": text })),
        behind: [chat::finish(0, "stop"), chat::DONE.to_owned()].concat(),
    }
}

fn messages_dialect() -> Dialect {
    let usage = json!({ "input_tokens": 600, "output_tokens": 1 });
    let message = json!({ "id": "msg_bench", "type": "message", "role": "assistant", "model": "bench", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage });
    let tool = json!({ "type": "tool_use", "id": "toolu_bench", "name": "Write", "input": {} });
    Dialect {
        path: "/messages",
        before: vec![
            named(&json!({ "type": "message_start", "message": message })),
            named(&json!({ "type": "content_block_start", "index": 0, "content_block": tool })),
        ],
        delta: |text| {
            let delta = json!({ "type": "input_json_delta", "partial_json": text });
            named(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
        },
        behind: [
            named(&json!({ "type": "content_block_stop", "index": 0 })),
            named(&json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use", "stop_sequence": null },
                "usage": { "output_tokens": 64 } })),
            named(&json!({ "type": "message_stop" })),
        ]
        .concat(),
    }
}

/// An event that is named as its payload's type.
fn named(payload: &Value) -> String {
    let name = payload["type"].as_str().expect("a type");
    format!("event: {name}\n{}", sse::frame(payload))
}

fn streaming(request: &[u8]) -> Vec<u8> {
    let request = std::str::from_utf8(request).expect("UTF-8");
    request.replace("\"model\"", "\"stream\":true,\"model\"").into_bytes()
}
