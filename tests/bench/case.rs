//! What is sent, what the upstream answers, and what the client must get.

use crate::pacer::Paced;
use crate::rounds::Kind;
use crate::side::{CHAT, Side, exchange};
use crate::texts;
use crate::upstream::{self, Script, Upstream};
use aegis_tests::{chat, placeholder, secrets, sse};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// One kind of traffic.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) path: &'static str,
    pub(crate) request: Vec<u8>,
    /// The answer of the upstream, as the writes that it makes. Those of a stream end with a delta each.
    pub(crate) writes: Vec<Vec<u8>>,
    /// The client must read this text in the answer of plain Envoy and of the gateway.
    pub(crate) plain_text: String,
    pub(crate) gateway_text: String,
    /// For streams: whether a delta can be passed on at once, because it leaves no placeholder open.
    pub(crate) immediate: Vec<bool>,
    /// For streams: how many events stand before the first delta.
    pub(crate) lead: usize,
    /// Each request has another [`WORD`], so that no worker knows its text.
    pub(crate) never_seen: bool,
}

/// A word of prompts with values, which can be any other of its letters.
pub(crate) const WORD: &str = "nimabelo";

/// Which made-up values the prompts hold.
const SEED: u64 = 7;

// === impl Case ===

impl Case {
    /// A prompt of about 2 KB with four values, and an answer that repeats them.
    pub(crate) fn redacted(gateway: &Side, upstream: &Upstream) -> Case {
        let request = prompt_with_values().into_bytes();
        let names = placeholders(gateway, upstream, &request);
        let answer = |values: &[String]| {
            let mut text = texts::prose(300, 3);
            for value in values {
                write!(text, "I have noted {value}. {}", texts::prose(150, 4)).unwrap();
            }
            text
        };
        let (plain_text, gateway_text) = (answer(&names), answer(&values()));
        let writes = vec![upstream::whole(chat::completion(&plain_text).to_string().as_bytes())];
        Case::whole(request, writes, plain_text, gateway_text)
    }

    /// A prompt of about `bytes` in which there is nothing to find, and a short answer.
    pub(crate) fn clean(bytes: usize) -> Case {
        Case::of(&texts::mixed(bytes - 1_000, 1))
    }

    /// A prompt of `text`, in which there is nothing to find, and a short answer.
    pub(crate) fn of(text: &str) -> Case {
        let request = chat::request(text).to_string().into_bytes();
        let text = texts::prose(900, 3);
        let writes = vec![upstream::whole(chat::completion(&text).to_string().as_bytes())];
        Case::whole(request, writes, text.clone(), text)
    }

    /// The same with a text that is new in every request.
    pub(crate) fn never_seen(self) -> Case {
        Case { never_seen: true, ..self }
    }

    /// The answer as fast as it can be sent.
    pub(crate) fn script(&self) -> Script {
        Script::Writes(self.writes.clone())
    }

    /// The answer with a pause before each delta but the first.
    pub(crate) fn paced(&self, pause: Duration) -> Script {
        Script::Paced(Arc::new(Paced { parts: self.writes.clone(), pause }))
    }

    /// The first `count` writes of the answer.
    pub(crate) fn open(&self, count: usize) -> Script {
        Script::Open(self.writes[..count].concat())
    }

    /// What a client must read.
    pub(crate) fn text(&self, kind: Kind) -> &str {
        match kind {
            Kind::Plain => &self.plain_text,
            Kind::Gateway => &self.gateway_text,
        }
    }

    /// The bytes of the answer that a client gets, with the right text in them: those of every later answer must be the
    /// same.
    pub(crate) fn recorded(&self, side: &Side, kind: Kind, upstream: &Upstream) -> Vec<u8> {
        upstream.play(self.script());
        let mut body = Vec::new();
        exchange(&mut side.connect(), &side.request_to(self.path, &self.request, 0), &mut body);
        assert_eq!(text_of(&body), self.text(kind), "the text of the answer");
        body
    }

    fn whole(request: Vec<u8>, writes: Vec<Vec<u8>>, plain_text: String, gateway_text: String) -> Case {
        Case {
            path: CHAT,
            request,
            writes,
            plain_text,
            gateway_text,
            immediate: Vec::new(),
            lead: 0,
            never_seen: false,
        }
    }
}

/// The text that a client reads in an answer, streamed or not.
pub(crate) fn text_of(answer: &[u8]) -> String {
    if answer.starts_with(b"data:") {
        return sse::joined(&sse::payloads(answer), "/choices/0/delta/content");
    }
    if answer.starts_with(b"event:") {
        return sse::joined(&sse::payloads(answer), "/delta/partial_json");
    }
    let answer: serde_json::Value = serde_json::from_slice(answer).expect("JSON");
    chat::content_text(&answer["choices"][0]["message"]["content"])
}

/// An e-mail address, a telephone number, a payment card and an IPv4 address.
pub(crate) fn values() -> Vec<String> {
    secrets::one_of_each(SEED).into_iter().take(4).map(|(_, value)| value).collect()
}

pub(crate) fn prompt_with_values() -> String {
    let mut text = format!("{WORD} {}", texts::prose(350, 1));
    for (index, value) in values().iter().enumerate() {
        write!(text, "Please use {value} for this. {}", texts::prose(350, 10 + index as u64)).unwrap();
    }
    chat::request(&text).to_string()
}

/// Sends `request` through the gateway, makes sure that the upstream receives none of the values, and returns what
/// stands in their place.
pub(crate) fn placeholders(gateway: &Side, upstream: &Upstream, request: &[u8]) -> Vec<String> {
    upstream.play(Script::Whole(upstream::whole(b"{}")));
    let received = upstream.receive(|| drop(gateway.send(request)));
    let received = String::from_utf8(received).expect("UTF-8");
    for value in values() {
        assert!(!received.contains(&value), "the gateway does not redact");
    }
    let found = placeholder::all_in(&received);
    assert_eq!(found.len(), values().len(), "placeholders in the request");
    found
}
