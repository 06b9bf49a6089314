//! Placeholders and dangers in every place of every schema: restored, kept or made harmless as the policy says, however
//! texts were split over events and however the network cut the bytes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

mod bench;
mod blocked;
mod destination;
mod limits;
mod openai;
mod others;
mod plant;
mod requests;
mod text;

use aegis_engine::{Framing, Protocol, Vault};
use bench::{Bench, without_note};
use plant::{DANGER, Planter};
use proptest::prelude::*;
use serde_json::{Value, json};
use text::{Style, Text, fill, quote, same, sent, shown};

/// An event of a stream.
pub(crate) struct Event {
    name: Option<&'static str>,
    data: Text,
}

/// An answer, as it is sent and as it must be shown.
struct Answer {
    protocol: Protocol,
    framing: Framing,
    body: Text,
    dangerous: bool,
    vault: Vault,
}

type Stream = fn(&mut Planter) -> Vec<Event>;
type Document = fn(&mut Planter) -> Text;

const STREAMS: [(Protocol, Stream); 6] = [
    (Protocol::ChatCompletions, openai::chat_stream),
    (Protocol::Completions, openai::completions_stream),
    (Protocol::Responses, openai::responses_stream),
    (Protocol::Messages, others::messages_stream),
    (Protocol::Gemini, others::gemini_stream),
    (Protocol::Generic, others::generic_stream),
];

const DOCUMENTS: [(Protocol, Document); 5] = [
    (Protocol::ChatCompletions, openai::chat_document),
    (Protocol::Responses, openai::responses_document),
    (Protocol::Messages, others::messages_document),
    (Protocol::Gemini, others::gemini_document),
    (Protocol::Generic, others::generic_document),
];

// === impl Event ===

impl Event {
    pub(crate) fn data(data: Text) -> Event {
        Event { name: None, data }
    }

    fn framed(&self, line_end: &str) -> Text {
        let name = self.name.map(|name| format!("event: {name}{line_end}")).unwrap_or_default();
        let mut framed = vec![same(format!("{name}data: "))];
        for segment in &self.data {
            let over_lines = |text: &str| text.replace('\n', &format!("{line_end}data: "));
            framed.push(match segment.kind {
                text::Kind::Same => same(over_lines(&segment.sent)),
                _ => segment.clone(),
            });
        }
        framed.push(same(format!("{line_end}{line_end}")));
        framed
    }
}

// === impl Answer ===

impl Answer {
    fn stream(planter: &mut Planter, (protocol, stream): (Protocol, Stream)) -> Answer {
        let events = stream(planter);
        let is_array = protocol == Protocol::Gemini && planter.one_in(2);
        let body = if is_array { array(&events) } else { sse(planter, &events) };
        Answer::new(planter, protocol, if is_array { Framing::Json } else { Framing::Sse }, body)
    }

    fn document(planter: &mut Planter, (protocol, document): (Protocol, Document)) -> Answer {
        let body = document(planter);
        Answer::new(planter, protocol, Framing::Json, body)
    }

    fn new(planter: &mut Planter, protocol: Protocol, framing: Framing, body: Text) -> Answer {
        let vault = std::mem::replace(&mut planter.vault, bench::vault());
        let dangerous = body.iter().any(|segment| segment.kind == text::Kind::Danger);
        Answer { protocol, framing, body, dangerous, vault }
    }

    /// Any answer.
    fn any(planter: &mut Planter) -> Answer {
        if planter.one_in(3) {
            let document = planter.pick(&DOCUMENTS);
            Answer::document(planter, document)
        } else {
            let stream = planter.pick(&STREAMS);
            Answer::stream(planter, stream)
        }
    }
}

fn sse(planter: &mut Planter, events: &[Event]) -> Text {
    let line_end = planter.pick(&["\n", "\n", "\r\n", "\r"]);
    let comments = planter.one_in(4);
    let mut body = Text::new();
    for event in events {
        body.extend(event.framed(line_end));
        if comments && planter.one_in(3) {
            body.push(same(format!(": keep-alive{line_end}{line_end}")));
        }
    }
    body
}

fn array(events: &[Event]) -> Text {
    let mut elements = Text::new();
    for (index, event) in events.iter().enumerate() {
        elements.extend((index > 0).then(|| same(",\r\n")));
        elements.extend(event.data.iter().cloned());
    }
    fill("[§\n]", &[elements])
}

/// Ways to cut `bytes`: whole, byte by byte, and at random.
fn cuts<'a>(planter: &mut Planter, bytes: &'a [u8]) -> Vec<Vec<&'a [u8]>> {
    let size = 1 + planter.below(300);
    let at = planter.below(bytes.len());
    let (head, tail) = bytes.split_at(at);
    vec![vec![bytes], bytes.chunks(1).collect(), bytes.chunks(size).collect(), vec![head, tail]]
}

/// Where `left` and `right` begin to differ.
fn difference(left: &str, right: &str) -> String {
    let at = left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count();
    let around = |text: &str| {
        let bytes = &text.as_bytes()[at.saturating_sub(200)..text.len().min(at + 200)];
        String::from_utf8_lossy(bytes).into_owned()
    };
    format!("at {at}\n  left: {}\n right: {}", around(left), around(right))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(bench::cases(80)) })]

    #[test]
    fn every_place_comes_out_as_the_policy_says(seed in any::<u64>(), dangerous in any::<bool>()) {
        let mut planter = Planter::new(seed, dangerous);
        let answer = Answer::any(&mut planter);
        let (before, after) = (sent(&answer.body), shown(&answer.body, true));
        let mut bench = Bench::inspecting();
        for pieces in cuts(&mut planter, before.as_bytes()) {
            let out = bench.run(&answer.vault, answer.protocol, answer.framing, &pieces);
            let (out, noted) = without_note(&out);
            prop_assert!(out == after, "{:?} in {} pieces: {}", answer.protocol, pieces.len(), difference(&out, &after));
            if !answer.dangerous {
                prop_assert!(!noted);
            }
        }
        // Without inspection the same answer is restored, and what is dangerous stays.
        let restored = shown(&answer.body, false);
        let out = bench.restore(&answer.vault, answer.protocol, answer.framing, &[before.as_bytes()]);
        prop_assert!(out == restored, "{}", difference(&out, &restored));
        if answer.framing == Framing::Json {
            prop_assert!(serde_json::from_str::<Value>(&after).is_ok());
        }
    }

    #[test]
    fn what_is_only_watched_passes_as_it_is(seed in any::<u64>()) {
        let mut planter = Planter::new(seed, true);
        let answer = Answer::any(&mut planter);
        let before = sent(&answer.body);
        let mut bench = Bench::shadow();
        for pieces in cuts(&mut planter, before.as_bytes()) {
            let out = bench.run(&bench::vault(), answer.protocol, answer.framing, &pieces);
            prop_assert_eq!(&out, &before);
            // What was taken out for another reason comes back.
            let out = bench.run(&answer.vault, answer.protocol, answer.framing, &pieces);
            let restored = shown(&answer.body, false);
            prop_assert!(out == restored, "{}", difference(&out, &restored));
            prop_assert_eq!(answer.dangerous, !bench.findings.is_empty());
        }
    }

    #[test]
    fn nothing_of_a_dangerous_argument_leaves_before_it_was_judged(seed in any::<u64>()) {
        let mut planter = Planter::new(seed, true);
        let answer = Answer::any(&mut planter);
        let before = sent(&answer.body);
        let mut bench = Bench::inspecting();
        // The answer may end anywhere.
        for _ in 0..20 {
            let end = planter.below(before.len());
            let out = bench.run(&answer.vault, answer.protocol, answer.framing, &[&before.as_bytes()[..end]]);
            // No client takes an event that has no end for one.
            let heard = match answer.framing {
                Framing::Sse => bench::events(&out).into_iter().map(|event| event.to_string()).collect(),
                Framing::Json if before.starts_with('[') => {
                    out.rsplit_once(",\r\n").map(|(heard, _)| heard.to_owned()).unwrap_or_default()
                }
                Framing::Json => out,
            };
            let before = heard.split_once(DANGER).map(|(before, _)| before);
            prop_assert!(before.is_none(), "{}", before.unwrap_or_default());
        }
    }
}

/// Texts in which nothing is open behind any event leave with it.
#[test]
fn nothing_is_held_when_nothing_is_open() {
    let deltas = [
        (Protocol::ChatCompletions, r#"{"choices":[{"index":0,"delta":{"content":§}}]}"#),
        (Protocol::ChatCompletions, r#"{"choices":[{"index":0,"delta":{"reasoning_content":§}}]}"#),
        (Protocol::Completions, r#"{"choices":[{"index":0,"text":§}]}"#),
        (
            Protocol::Responses,
            r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":§}"#,
        ),
        (
            Protocol::Messages,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":§}}"#,
        ),
        (Protocol::Gemini, r#"{"candidates":[{"content":{"parts":[{"text":§}]}}]}"#),
        (Protocol::Generic, r#"{"index":0,"delta":{"text":§}}"#),
    ];
    let texts = ["Some ", "words", " 密码 \"", " ok: ", "{{AG_", "?", "\n"];
    for (protocol, template) in deltas {
        let events = texts.map(|text| {
            sent(&Event::data(fill(template, &[quote(&[same(text)], Style::Plain)])).framed("\n"))
        });
        let mut planter = Planter::new(1, false);
        planter.value(false);
        let held = Bench::inspecting().held(&planter.vault, protocol, &events);
        let open: Vec<bool> = held.iter().map(|held| *held > 0).collect();
        assert_eq!(open, texts.map(|text| text == "{{AG_"), "{protocol:?}");
    }
}

/// What the fuzzer found: white space that JSON does not know, in front of a document and of one in its strings.
#[test]
fn only_white_space_of_json_stands_in_front_of_a_document() {
    let mut planter = Planter::new(1, false);
    let value = sent(&[planter.value(false)]);
    let arguments =
        json!(format!("\u{c}{{\"a\":\"{value} {value}\"}}")).to_string().replace("\\f", "\\u000c");
    for body in [
        format!("\u{c}{{\"content\":[{{\"text\":\"{value}\"}}]}}"),
        format!("{{\"choices\":[{{\"message\":{{\"function_call\":{{\"arguments\":{arguments}}}}}}}]}}"),
    ] {
        let run = |size: usize| {
            let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
            Bench::inspecting().run(&planter.vault, Protocol::ChatCompletions, Framing::Json, &pieces)
        };
        assert_eq!(run(1), run(1000));
    }
}
