//! What is sent, what the upstream answers, and what the client must get.

use crate::side::Side;
use crate::upstream::{self, Script, Upstream};
use crate::wire::chunk;
use crate::{stamps, texts};
use aegis_tests::{chat, placeholder, secrets, sse};
use std::fmt::Write as _;

/// One kind of traffic.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) request: Vec<u8>,
    /// The answer of the upstream, as the writes that it makes.
    writes: Vec<Vec<u8>>,
    /// The client must read this text in the answer of plain Envoy and of the gateway.
    pub(crate) plain_text: String,
    pub(crate) gateway_text: String,
    /// For streams: whether an event can be passed on at once, because it leaves no placeholder open.
    pub(crate) immediate: Vec<bool>,
}

/// Number of content deltas of a stream.
pub(crate) const DELTAS: usize = 64;
/// A placeholder comes in so many deltas.
const PIECES: usize = 5;
/// So many deltas stand before each placeholder.
const APART: usize = 12;
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
        Case { request, writes, plain_text, gateway_text, immediate: Vec::new() }
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
        Case { request, writes, plain_text: text.clone(), gateway_text: text, immediate: Vec::new() }
    }

    /// The prompt of [`Case::redacted`], and a stream of [`DELTAS`] deltas that repeats two of the values in pieces.
    pub(crate) fn stream(gateway: &Side, upstream: &Upstream) -> Case {
        let request = prompt_with_values().replace("\"model\"", "\"stream\":true,\"model\"").into_bytes();
        let names = placeholders(gateway, upstream, &request);
        let (mut deltas, mut immediate) = (Vec::new(), vec![true]);
        let prose = texts::prose(2_000, 5).replace('\n', " ");
        let mut words = prose.split_inclusive(' ');
        let mut more_words = |deltas: &mut Vec<String>, immediate: &mut Vec<bool>, count: usize| {
            for word in words.by_ref().take(count) {
                deltas.push(word.to_owned());
                immediate.push(true);
            }
        };
        for name in &names[..2] {
            more_words(&mut deltas, &mut immediate, APART);
            let pieces = sse::parts(name, name.len().div_ceil(PIECES));
            immediate.extend((1..=pieces.len()).map(|piece| piece == pieces.len()));
            deltas.extend(pieces);
        }
        let left = DELTAS - deltas.len();
        more_words(&mut deltas, &mut immediate, left);
        let plain_text = deltas.concat();
        let gateway_text = names
            .iter()
            .zip(values())
            .fold(plain_text.clone(), |text, (name, value)| text.replace(name, &value));
        let event = |text: &String| chat::delta(0, &serde_json::json!({ "content": text })).into_bytes();
        let mut writes: Vec<Vec<u8>> = deltas.iter().map(|text| chunk(&event(text))).collect();
        let start = chat::delta(0, &serde_json::json!({ "role": "assistant", "content": "" }));
        let end = [chat::finish(0, "stop"), chat::DONE.to_owned()].concat();
        writes[0].splice(..0, [upstream::stream_head(), chunk(start.as_bytes())].concat());
        writes.last_mut().expect("deltas").extend([chunk(end.as_bytes()), chunk(b"")].concat());
        assert!(immediate.len() == DELTAS + 1 && DELTAS < stamps::EVENTS);
        Case { request, writes, plain_text, gateway_text, immediate }
    }

    /// The answer as fast as it can be sent.
    pub(crate) fn script(&self) -> Script {
        Script::Writes(self.writes.clone())
    }

    /// The answer with a pause before each delta but the first.
    pub(crate) fn paced(&self, pause: std::time::Duration) -> Script {
        Script::Paced(self.writes.clone(), pause)
    }

    /// The beginning of the answer, up to the middle of its first placeholder.
    pub(crate) fn open(&self) -> Script {
        Script::Open(self.writes[..APART + 2].concat())
    }
}

/// The text that a client reads in an answer, streamed or not.
pub(crate) fn text_of(answer: &[u8]) -> String {
    if answer.starts_with(b"data:") {
        return sse::joined(&sse::payloads(answer), "/choices/0/delta/content");
    }
    let answer: serde_json::Value = serde_json::from_slice(answer).expect("JSON");
    chat::content_text(&answer["choices"][0]["message"]["content"])
}

/// An e-mail address, a telephone number, a payment card and an IPv4 address.
fn values() -> Vec<String> {
    secrets::one_of_each(SEED).into_iter().take(4).map(|(_, value)| value).collect()
}

fn prompt_with_values() -> String {
    let mut text = texts::prose(350, 1);
    for (index, value) in values().iter().enumerate() {
        write!(text, "Please use {value} for this. {}", texts::prose(350, 10 + index as u64)).unwrap();
    }
    chat::request(&text).to_string()
}

/// Sends `request` through the gateway, makes sure that the upstream receives none of the values, and returns what
/// stands in their place.
fn placeholders(gateway: &Side, upstream: &Upstream, request: &[u8]) -> Vec<String> {
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
