//! A request that the policy refuses, answered in the model's place: for clients that show errors badly.

use super::ending::Facts;
use crate::framing::json::{Container, Sink, Tokenizer};
use crate::limits::{MAX_FACT, MAX_REFUSAL_ID};
use crate::protocol::{Fact, Protocol};
use crate::text::escape_json_times;
use std::ops::Range;

/// A request that the policy refuses.
#[derive(Debug, Clone, Copy)]
pub struct Blocked<'a> {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its path, with the query.
    pub path: &'a str,
    /// Its body.
    pub body: &'a [u8],
    /// Tells it from others.
    pub id: &'a str,
    /// What the client is told, for programs …
    pub code: &'a str,
    /// … and for people.
    pub message: &'a str,
}

/// What stands for the model's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// How it is written.
    pub media_type: &'static str,
    /// The answer.
    pub body: String,
}

/// How a client wants the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Document,
    Events,
    /// Gemini's array of answers.
    Array,
}

/// What a request says of the answer that it wants.
#[derive(Debug, Default)]
struct Wishes {
    /// Open arrays and objects.
    depth: usize,
    member: Member,
    stream: bool,
    /// As it is written, with its quotes.
    model: Vec<u8>,
}

/// The member of the outermost object that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Member {
    #[default]
    Other,
    Stream,
    Model,
}

// === impl Blocked ===

impl Blocked<'_> {
    /// A complete answer of an assistant that says what the client is told; `None` if no assistant answers such requests.
    pub fn answer(&self) -> Option<Refusal> {
        let wishes = Wishes::read(self.body);
        let (prefix, delivery) = self.expected(wishes.stream)?;
        let words = format!("[AegisGate] {}: {}", self.code, self.message);
        let words = String::from_utf8(escape_json_times(words.as_bytes(), 1)).ok()?;
        let mut facts = Facts::saying(self.protocol, words);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if (1..=MAX_REFUSAL_ID).contains(&self.id.len()) && self.id.bytes().all(is_plain) {
            facts.learn(Fact::Id, format!("\"{prefix}{}\"", self.id).as_bytes());
        }
        match self.model_of_path() {
            Some(model) if model.bytes().all(is_plain) => {
                facts.learn(Fact::Model, format!("\"{model}\"").as_bytes());
            }
            Some(_) => {}
            None => facts.learn(Fact::Model, &wishes.model),
        }
        let note = format!(r#"{{"action":"block","risk_score":1.0,"reasons":["{}"]}}"#, self.code);
        let (media_type, body) = match delivery {
            Delivery::Document => {
                let mut document = facts.refuse_document();
                if facts.takes_note() && document.pop().is_some() {
                    document = format!(r#"{document},"aegisgate":{note}}}"#);
                }
                ("application/json", document)
            }
            Delivery::Events => {
                let events = facts.refuse_whole_stream();
                let comment =
                    if facts.takes_comment() { format!(": aegisgate {note}\n\n") } else { String::new() };
                ("text/event-stream", events + &comment)
            }
            Delivery::Array => ("application/json", format!("[{}]", facts.refuse_document())),
        };
        Some(Refusal { media_type, body })
    }

    /// What identifiers of the answer begin with, and how it is wanted.
    fn expected(&self, stream: bool) -> Option<(&'static str, Delivery)> {
        let (bare, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        let bare = bare.trim_end_matches('/');
        let by_body = if stream { Delivery::Events } else { Delivery::Document };
        match self.protocol {
            Protocol::ChatCompletions => Some(("chatcmpl-", by_body)),
            Protocol::Completions => Some(("cmpl-", by_body)),
            Protocol::Responses if bare.ends_with("/responses") => Some(("resp_", by_body)),
            Protocol::Messages if bare.ends_with("/messages") => Some(("msg_", by_body)),
            Protocol::Gemini if bare.ends_with(":generateContent") => Some(("", Delivery::Document)),
            Protocol::Gemini if bare.ends_with(":streamGenerateContent") => {
                let is_sse = query.split('&').any(|pair| pair == "alt=sse");
                Some(("", if is_sse { Delivery::Events } else { Delivery::Array }))
            }
            Protocol::Responses
            | Protocol::Messages
            | Protocol::Gemini
            | Protocol::Embeddings
            | Protocol::Generic => None,
        }
    }

    /// Gemini's requests name their model in the path.
    fn model_of_path(&self) -> Option<&str> {
        let (path, _call) =
            Some(self.path).filter(|_| self.protocol == Protocol::Gemini)?.rsplit_once(':')?;
        path.rsplit('/').next()
    }
}

// === impl Wishes ===

impl Wishes {
    /// Reads a request. What is no JSON has none.
    fn read(body: &[u8]) -> Wishes {
        let mut wishes = Wishes::default();
        let mut tokenizer = Tokenizer::new();
        let read = tokenizer.push(body, 0, &mut wishes);
        if read.is_ok() { wishes } else { Wishes::default() }
    }

    /// The member that the value belongs to that is being read.
    fn value(&self) -> Member {
        if self.depth == 1 { self.member } else { Member::Other }
    }
}

impl Sink for Wishes {
    fn open(&mut self, _container: Container) {
        self.depth += 1;
    }

    fn close(&mut self, _at: u64) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn key(&mut self, _span: Range<u64>, raw: &[u8]) {
        if self.depth == 1 {
            self.member = match raw {
                b"stream" => Member::Stream,
                b"model" => Member::Model,
                _ => Member::Other,
            };
        }
    }

    fn string_begin(&mut self, _at: u64) {
        if self.value() == Member::Model {
            self.model = b"\"".to_vec();
        }
    }

    fn string_piece(&mut self, _at: u64, raw: &[u8]) {
        if self.value() == Member::Model && self.model.len() <= MAX_FACT {
            self.model.extend_from_slice(raw);
        }
    }

    fn string_end(&mut self, _at: u64) {
        if self.value() == Member::Model {
            self.model.push(b'"');
        }
    }

    fn scalar(&mut self, _at: u64, raw: &[u8]) {
        if self.value() == Member::Stream {
            self.stream = raw == b"true";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn answer(path: &str, body: &str) -> Option<Refusal> {
        let protocol = Protocol::of_path(path.split('?').next().unwrap());
        let (code, message) = ("request_blocked", "It holds \"what\" is refused.");
        Blocked { protocol, path, body: body.as_bytes(), id: "id-1", code, message }.answer()
    }

    const SAID: &str = "[AegisGate] request_blocked: It holds \"what\" is refused.";

    #[test]
    fn a_document_is_a_message_that_ended_as_filtered() {
        for (path, text, end) in [
            (
                "/v1/chat/completions",
                "/choices/0/message/content",
                ("/choices/0/finish_reason", "content_filter"),
            ),
            ("/v1/completions", "/choices/0/text", ("/choices/0/finish_reason", "content_filter")),
            ("/v1/responses/", "/output/0/content/0/text", ("/incomplete_details/reason", "content_filter")),
            ("/v1/messages", "/content/0/text", ("/stop_reason", "refusal")),
            (
                "/v1beta/models/m-1:generateContent",
                "/candidates/0/content/parts/0/text",
                ("/candidates/0/finishReason", "SAFETY"),
            ),
        ] {
            let answer = answer(path, r#"{"model":"m\u002d1","x":{"stream":true},"stream":false}"#).unwrap();
            assert_eq!(answer.media_type, "application/json");
            let document: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(document.pointer(text).unwrap(), SAID, "{path}");
            assert_eq!(document.pointer(end.0).unwrap(), end.1, "{path}");
            let model = document.get("model").or(document.get("modelVersion")).unwrap();
            assert_eq!(model, "m-1", "{path}");
            let is_gemini = path.contains("Content");
            assert_eq!(document["aegisgate"]["action"] == "block", !is_gemini, "{path}");
            assert_eq!(document["id"].as_str().is_some_and(|id| id.ends_with("id-1")), !is_gemini);
        }
    }

    #[test]
    fn a_stream_is_wanted_by_the_body_or_by_the_path() {
        let streamed = r#"{"stream":false,"messages":[{"stream":false}],"stream":true}"#;
        for path in ["/chat/completions", "/completions", "/responses", "/messages?beta=true"] {
            let answer = answer(path, streamed).unwrap();
            assert_eq!(answer.media_type, "text/event-stream", "{path}");
        }
        let call = "/v1beta/models/m:streamGenerateContent";
        assert_eq!(answer(&format!("{call}?key=k&alt=sse"), "{}").unwrap().media_type, "text/event-stream");
        let array = answer(call, streamed).unwrap();
        let array: Value = serde_json::from_str(&array.body).unwrap();
        assert_eq!(array.pointer("/0/candidates/0/content/parts/0/text").unwrap(), SAID);
    }

    #[test]
    fn where_no_assistant_answers_there_is_none() {
        for path in [
            "/v1/embeddings",
            "/v1/models",
            "/v1/messages/count_tokens",
            "/v1/messages/batches",
            "/v1/responses/input_tokens",
            "/v1/responses/resp_1/cancel",
            "/v1beta/models/m:countTokens",
            "/v1beta/models/m:embedContent",
            "/v1/images/generations",
        ] {
            assert_eq!(answer(path, r#"{"stream":true}"#), None, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_repeated_is_left_out() {
        let protocol = Protocol::Messages;
        let long = format!(r#"{{"model":"{}"}}"#, "m".repeat(MAX_FACT + 1));
        let body = long.as_bytes();
        let blocked = Blocked { protocol, path: "/messages", body, id: "a\"b", code: "c", message: "d" };
        let document: Value = serde_json::from_str(&blocked.answer().unwrap().body).unwrap();
        assert_eq!((&document["id"], &document["model"]), (&"msg_aegisgate".into(), &"".into()));
    }
}
