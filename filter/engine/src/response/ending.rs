//! How an answer ends when the gateway ends it: refused by the policy, beyond a limit, or cut off by the upstream.
//!
//! Each dialect has its own terminal events; a client that misses them raises an error or waits.

use super::Exceeded;
use crate::limits::{MAX_CHANNELS, MAX_FACT};
use crate::protocol::{Fact, Protocol};
use std::borrow::Cow;
use std::fmt::Write as _;

/// What is known of an answer when it must be ended.
#[derive(Debug)]
pub(super) struct Facts {
    protocol: Protocol,
    /// What the client is told instead of the answer, as it stands in a JSON string.
    words: Cow<'static, str>,
    /// Values as they stand in the answer, strings with their quotes.
    id: Option<String>,
    model: Option<String>,
    created: Option<String>,
    sequence: u64,
    /// Choices, content blocks or candidates that began and did not end.
    open: Vec<u64>,
    /// The client has something of the answer.
    pub(super) began: bool,
    /// The client has heard of a choice, block or candidate.
    has_entities: bool,
    /// The dialect's last event came, or an error.
    pub(super) ended: bool,
}

/// What a client is told instead of the answer.
const REFUSAL: &str = "[AegisGate] The answer was withheld by this gateway's policy.";
const CUT_OFF: &str = "The upstream ended the answer early.";

// === impl Facts ===

impl Facts {
    pub(super) fn new(protocol: Protocol) -> Facts {
        Facts {
            protocol,
            words: Cow::Borrowed(REFUSAL),
            id: None,
            model: None,
            created: None,
            sequence: 0,
            open: Vec::new(),
            began: false,
            has_entities: false,
            ended: false,
        }
    }

    /// Of an answer that says `words`, as they stand in a JSON string, and nothing else.
    pub(super) fn saying(protocol: Protocol, words: String) -> Facts {
        Facts { words: Cow::Owned(words), ..Facts::new(protocol) }
    }

    /// Learns a value, as it is written.
    pub(super) fn learn(&mut self, fact: Fact, written: &[u8]) {
        let known = match fact {
            Fact::Id => Some(&mut self.id),
            Fact::Model => Some(&mut self.model),
            Fact::Created => Some(&mut self.created),
            Fact::Sequence => None,
        };
        // Every event says them again, and the first counts.
        if known.as_ref().is_some_and(|known| known.is_some()) || written.len() > MAX_FACT {
            return;
        }
        let written = std::str::from_utf8(written).unwrap_or_default();
        match known {
            Some(known) if !written.is_empty() => *known = Some(written.to_owned()),
            Some(_) => {}
            None => self.sequence = written.parse().unwrap_or(self.sequence),
        }
    }

    /// A choice, block or candidate goes on.
    pub(super) fn open(&mut self, entity: u64) {
        self.has_entities = true;
        if !self.open.contains(&entity) && self.open.len() < MAX_CHANNELS {
            self.open.push(entity);
        }
    }

    /// A choice, block or candidate is over; all of them, if none is named.
    pub(super) fn close(&mut self, entity: Option<&u64>) {
        self.open.retain(|open| entity.is_some_and(|entity| entity != open));
    }

    /// Whether a document of this dialect may have a member of the gateway's. Google's clients refuse what they do not know.
    pub(super) fn takes_note(&self) -> bool {
        match self.protocol {
            Protocol::ChatCompletions | Protocol::Completions | Protocol::Responses | Protocol::Messages => {
                true
            }
            Protocol::Gemini | Protocol::Embeddings | Protocol::Generic => false,
        }
    }

    /// Whether a stream of this dialect may have a comment. Google's client takes one for broken JSON.
    pub(super) fn takes_comment(&self) -> bool {
        self.protocol != Protocol::Gemini
    }

    /// The events that end a stream which the policy refuses to continue.
    pub(super) fn refuse_stream(&self) -> String {
        let mut out = String::new();
        match self.protocol {
            Protocol::ChatCompletions | Protocol::Completions => {
                for index in self.open_or_first() {
                    let choice = match self.protocol {
                        Protocol::Completions => format!(r#""text":"","index":{index},"logprobs":null"#),
                        _ => format!(r#""index":{index},"delta":{{}},"logprobs":null"#),
                    };
                    let head = self.chunk_head();
                    let _infallible = write!(
                        out,
                        "data: {{{head},\"choices\":[{{{choice},\"finish_reason\":\"content_filter\"}}]}}\n\n"
                    );
                }
                out.push_str("data: [DONE]\n\n");
            }
            Protocol::Responses => {
                let _infallible = write!(
                    out,
                    "event: response.incomplete\ndata: {{\"type\":\"response.incomplete\",\"sequence_number\":{},\"response\":{}}}\n\n",
                    self.sequence + 1,
                    self.response("incomplete", ""),
                );
            }
            Protocol::Messages => {
                if !self.began {
                    let _infallible = write!(
                        out,
                        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{}}}\n\n",
                        self.message("", "null")
                    );
                }
                for index in &self.open {
                    let _infallible = write!(
                        out,
                        "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":{index}}}\n\n"
                    );
                }
                out.push_str("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":0}}\n\n");
                out.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
            }
            Protocol::Gemini => {
                let _infallible = write!(out, "data: {}\r\n\r\n", self.gemini(""));
            }
            Protocol::Embeddings | Protocol::Generic => {
                let _infallible = write!(out, "data: {}\n\n", error(REFUSAL, "response_blocked"));
            }
        }
        out
    }

    /// The events of a stream that is nothing but a refusal.
    pub(super) fn refuse_whole_stream(&mut self) -> String {
        let words = self.words.clone();
        let mut events = Vec::new();
        match self.protocol {
            Protocol::ChatCompletions => events.push(format!(
                "data: {{{},\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"{words}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}\n\n",
                self.chunk_head(),
            )),
            Protocol::Completions => events.push(format!(
                "data: {{{},\"choices\":[{{\"text\":\"{words}\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}}]}}\n\n",
                self.chunk_head(),
            )),
            Protocol::Responses => return self.refuse_whole_response(&words),
            Protocol::Messages => {
                events.push(named("message_start", &format!(r#""message":{}"#, self.message("", "null"))));
                let block = r#""index":0,"content_block":{"type":"text","text":""}"#;
                events.push(named("content_block_start", block));
                let delta = format!(r#""index":0,"delta":{{"type":"text_delta","text":"{words}"}}"#);
                events.push(named("content_block_delta", &delta));
                self.began = true;
                self.open(0);
            }
            Protocol::Gemini => return format!("data: {}\r\n\r\n", self.refuse_document()),
            Protocol::Embeddings | Protocol::Generic => {}
        }
        events.push(self.refuse_stream());
        events.concat()
    }

    /// The events of a response that is nothing but a refusal: <https://platform.openai.com/docs/api-reference/responses-streaming>.
    fn refuse_whole_response(&self, words: &str) -> String {
        let place = r#""item_id":"msg_aegisgate","output_index":0,"content_index":0"#;
        let started = format!(r#""response":{}"#, self.response("in_progress", ""));
        let done = message_item("incomplete", &text_part(words));
        [
            ("response.created", started.clone()),
            ("response.in_progress", started),
            (
                "response.output_item.added",
                format!(r#""output_index":0,"item":{}"#, message_item("in_progress", "")),
            ),
            ("response.content_part.added", format!(r#"{place},"part":{}"#, text_part(""))),
            ("response.output_text.delta", format!(r#"{place},"delta":"{words}","logprobs":[]"#)),
            ("response.output_text.done", format!(r#"{place},"text":"{words}","logprobs":[]"#)),
            ("response.content_part.done", format!(r#"{place},"part":{}"#, text_part(words))),
            ("response.output_item.done", format!(r#""output_index":0,"item":{done}"#)),
            ("response.incomplete", format!(r#""response":{}"#, self.response("incomplete", &done))),
        ]
        .iter()
        .enumerate()
        .map(|(number, (kind, rest))| named(kind, &format!(r#""sequence_number":{number},{rest}"#)))
        .collect()
    }

    /// What closes Gemini's array of answers when the policy refuses to continue it.
    pub(super) fn refuse_array(&self) -> String {
        let separator = if self.began { "," } else { "[" };
        format!("{separator}{}]", self.gemini(""))
    }

    /// The events that end a stream which exceeds a limit: an error, as the dialect writes it in the middle of a stream.
    pub(super) fn give_up_stream(&self, exceeded: Exceeded) -> String {
        let (message, code) = (exceeded.to_string(), exceeded.code());
        match self.protocol {
            Protocol::ChatCompletions | Protocol::Completions => {
                format!("data: {}\n\ndata: [DONE]\n\n", error(&message, code))
            }
            // <https://platform.openai.com/docs/api-reference/responses-streaming/error>; the official clients raise for
            // the member `error`, which the API sends and the reference does not have.
            Protocol::Responses => {
                let said = format!(r#""code":"{code}","message":"{message}","param":null"#);
                let number = self.sequence + 1;
                let members =
                    format!(r#""sequence_number":{number},{said},"error":{{"type":"server_error",{said}}}"#);
                named("error", &members)
            }
            // <https://docs.claude.com/en/docs/build-with-claude/streaming#error-events>
            Protocol::Messages => {
                named("error", &format!(r#""error":{{"type":"api_error","message":"{code}: {message}"}}"#))
            }
            Protocol::Gemini => format!("data: {}\r\n\r\n", status(&message, code)),
            Protocol::Embeddings | Protocol::Generic => format!("data: {}\n\n", error(&message, code)),
        }
    }

    /// What closes Gemini's array of answers when it exceeds a limit.
    pub(super) fn give_up_array(&self, exceeded: Exceeded) -> String {
        let separator = if self.began { "," } else { "[" };
        format!("{separator}{}]", status(&exceeded.to_string(), exceeded.code()))
    }

    /// The document that stands for an answer which exceeds a limit. Its status has left, so it is no error to a client.
    pub(super) fn give_up_document(&self, exceeded: Exceeded) -> String {
        let code = exceeded.code();
        self.document(&format!("[AegisGate] {code}: {exceeded}"), code)
    }

    /// The document that stands for an answer which the policy refuses.
    pub(super) fn refuse_document(&self) -> String {
        self.document(&self.words, "response_blocked")
    }

    /// A document that says `words` and that it was filtered, or an error with `code` where nobody speaks.
    fn document(&self, words: &str, code: &str) -> String {
        match self.protocol {
            Protocol::ChatCompletions => format!(
                r#"{{{},"choices":[{{"index":0,"message":{{"role":"assistant","content":"{words}","refusal":null}},"logprobs":null,"finish_reason":"content_filter"}}]}}"#,
                self.head("chat.completion"),
            ),
            Protocol::Completions => format!(
                r#"{{{},"choices":[{{"text":"{words}","index":0,"logprobs":null,"finish_reason":"content_filter"}}]}}"#,
                self.head("text_completion"),
            ),
            Protocol::Responses => {
                self.response("incomplete", &message_item("incomplete", &text_part(words)))
            }
            Protocol::Messages => {
                self.message(&format!(r#"{{"type":"text","text":"{words}"}}"#), "\"refusal\"")
            }
            Protocol::Gemini => self.gemini(&format!(r#"{{"text":"{words}"}}"#)),
            Protocol::Embeddings | Protocol::Generic => error(words, code),
        }
    }

    /// The events that an upstream owes which ended a stream before its choices were over: nothing may take it for
    /// complete. Dialects that have no last event of their own get none; the end of the connection says it there.
    pub(super) fn cut_off(&self) -> String {
        let has_last_event = matches!(self.protocol, Protocol::ChatCompletions | Protocol::Completions);
        if !has_last_event || self.ended || self.open.is_empty() {
            return String::new();
        }
        format!("data: {}\n\ndata: [DONE]\n\n", error(CUT_OFF, "upstream_ended_early"))
    }

    fn open_or_first(&self) -> impl Iterator<Item = u64> {
        let first = if self.has_entities { None } else { Some(0) };
        self.open.iter().copied().chain(first)
    }

    fn chunk_head(&self) -> String {
        let object =
            if self.protocol == Protocol::Completions { "text_completion" } else { "chat.completion.chunk" };
        self.head(object)
    }

    fn head(&self, object: &str) -> String {
        let id = self.id.as_deref().unwrap_or("\"aegisgate\"");
        let model = self.model.as_deref().unwrap_or("\"\"");
        let created = self.created.as_deref().unwrap_or("0");
        format!(r#""id":{id},"object":"{object}","created":{created},"model":{model}"#)
    }

    fn response(&self, status: &str, output: &str) -> String {
        let id = self.id.as_deref().unwrap_or("\"resp_aegisgate\"");
        let model = self.model.as_deref().unwrap_or("\"\"");
        let created = self.created.as_deref().unwrap_or("0");
        let details = if status == "incomplete" { r#"{"reason":"content_filter"}"# } else { "null" };
        format!(
            r#"{{"id":{id},"object":"response","created_at":{created},"status":"{status}","error":null,"incomplete_details":{details},"instructions":null,"metadata":{{}},"model":{model},"output":[{output}],"parallel_tool_calls":true,"temperature":null,"tool_choice":"auto","tools":[],"top_p":null,"usage":null}}"#
        )
    }

    fn message(&self, content: &str, stop_reason: &str) -> String {
        let id = self.id.as_deref().unwrap_or("\"msg_aegisgate\"");
        let model = self.model.as_deref().unwrap_or("\"\"");
        format!(
            r#"{{"id":{id},"type":"message","role":"assistant","model":{model},"content":[{content}],"stop_reason":{stop_reason},"stop_sequence":null,"usage":{{"input_tokens":0,"output_tokens":0}}}}"#
        )
    }

    fn gemini(&self, part: &str) -> String {
        let candidates: Vec<String> = self
            .open_or_first()
            .map(|index| {
                format!(r#"{{"content":{{"parts":[{part}],"role":"model"}},"finishReason":"SAFETY","index":{index}}}"#)
            })
            .collect();
        let model =
            self.model.as_deref().map(|model| format!(r#","modelVersion":{model}"#)).unwrap_or_default();
        format!(r#"{{"candidates":[{}]{model}}}"#, candidates.join(","))
    }
}

/// The one item of a response that is nothing but a refusal.
fn message_item(status: &str, content: &str) -> String {
    format!(
        r#"{{"type":"message","id":"msg_aegisgate","status":"{status}","role":"assistant","content":[{content}]}}"#
    )
}

fn text_part(text: &str) -> String {
    format!(r#"{{"type":"output_text","text":"{text}","annotations":[]}}"#)
}

/// An event whose data say its kind once more.
fn named(kind: &str, members: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{members}}}\n\n")
}

/// An error as Google writes it: <https://cloud.google.com/apis/design/errors>.
fn status(message: &str, code: &str) -> String {
    format!(r#"{{"error":{{"code":500,"message":"{code}: {message}","status":"INTERNAL"}}}}"#)
}

/// An error as OpenAI writes it.
fn error(message: &str, code: &str) -> String {
    format!(r#"{{"error":{{"message":"{message}","type":"server_error","param":null,"code":"{code}"}}}}"#)
}
