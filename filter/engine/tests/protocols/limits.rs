//! Answers that exceed a limit: they end with an error of their dialect, and nothing unsearched leaves.

use super::bench::{Bench, events, vault};
use aegis_engine::{Exceeded, Framing, Protocol};
use serde_json::{Value, json};

/// Texts that an answer may have open at the same time.
const TEXTS: u64 = 1024;

/// Bytes of an event, and of a document that may be refused.
const MAX_EVENT: usize = 8 << 20;

const STREAMED: [Protocol; 5] = [
    Protocol::ChatCompletions,
    Protocol::Completions,
    Protocol::Responses,
    Protocol::Messages,
    Protocol::Gemini,
];

/// An event that goes on with the text `index`.
fn delta(protocol: Protocol, index: u64, text: &str) -> Value {
    match protocol {
        Protocol::ChatCompletions => json!({ "choices": [{ "index": index, "delta": { "content": text } }] }),
        Protocol::Completions => json!({ "choices": [{ "index": index, "text": text }] }),
        Protocol::Responses => json!({
            "type": "response.output_text.delta", "sequence_number": index, "output_index": index,
            "content_index": 0, "delta": text,
        }),
        Protocol::Messages => json!({
            "type": "content_block_delta", "index": index, "delta": { "type": "text_delta", "text": text },
        }),
        Protocol::Gemini => {
            json!({ "candidates": [{ "index": index, "content": { "parts": [{ "text": text }] } }] })
        }
        Protocol::Embeddings | Protocol::Generic => json!({ "text": text }),
    }
}

fn framed(event: &Value) -> String {
    format!("data: {event}\n\n")
}

fn of_texts(protocol: Protocol, count: u64) -> String {
    (0..count).map(|index| framed(&delta(protocol, index, "so "))).collect()
}

/// What the last event says went wrong.
fn said(protocol: Protocol, stream: &str) -> String {
    let last = events(stream).pop().unwrap();
    match protocol {
        Protocol::ChatCompletions | Protocol::Completions => {
            assert!(stream.ends_with("data: [DONE]\n\n"));
            format!(
                "{}: {}",
                last["error"]["code"].as_str().unwrap(),
                last["error"]["message"].as_str().unwrap()
            )
        }
        Protocol::Embeddings | Protocol::Generic => {
            format!(
                "{}: {}",
                last["error"]["code"].as_str().unwrap(),
                last["error"]["message"].as_str().unwrap()
            )
        }
        Protocol::Responses => {
            assert!(stream.contains("event: error\n"));
            assert_eq!(last["type"], "error");
            format!("{}: {}", last["code"].as_str().unwrap(), last["message"].as_str().unwrap())
        }
        Protocol::Messages => {
            assert!(stream.contains("event: error\n"));
            assert_eq!((&last["type"], &last["error"]["type"]), (&"error".into(), &"api_error".into()));
            last["error"]["message"].as_str().unwrap().to_owned()
        }
        Protocol::Gemini => {
            assert_eq!(last["error"]["status"], "INTERNAL");
            last["error"]["message"].as_str().unwrap().to_owned()
        }
    }
}

#[test]
fn as_many_texts_as_allowed_pass_to_the_byte() {
    for protocol in STREAMED {
        let stream = of_texts(protocol, TEXTS);
        let mut bench = Bench::inspecting();
        let out = bench.run(&vault(), protocol, Framing::Sse, &[stream.as_bytes()]);
        assert!(out.starts_with(&stream), "{protocol:?}");
        assert_eq!(bench.exceeded, None, "{protocol:?}");
    }
}

#[test]
fn a_text_too_many_ends_the_stream_before_it_leaves() {
    for protocol in STREAMED {
        let open = of_texts(protocol, TEXTS);
        let late = framed(&delta(protocol, TEXTS, "DANGER-late"));
        let stream = open.clone() + &late + &framed(&delta(protocol, 0, "more"));
        for size in [1, 1000, stream.len()] {
            let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            let mut bench = Bench::inspecting();
            let out = bench.run(&vault(), protocol, Framing::Sse, &pieces);
            let (before, ending) = out.split_at(open.len());
            assert!(
                before == open && !ending.contains("late") && !ending.contains("more"),
                "{protocol:?}: {ending}"
            );
            assert_eq!(bench.exceeded, Some(Exceeded::Texts));
            let said = said(protocol, &out);
            assert!(said.starts_with("response_too_complex: More than 1024 texts"), "{said}");
        }
    }
}

#[test]
fn texts_that_are_over_make_room() {
    let mut stream = String::new();
    for index in 0..3 * TEXTS {
        stream += &framed(&delta(Protocol::Messages, index, "so"));
        stream += &framed(&json!({ "type": "content_block_stop", "index": index }));
    }
    let mut bench = Bench::inspecting();
    let out = bench.run(&vault(), Protocol::Messages, Framing::Sse, &[stream.as_bytes()]);
    assert!(out == stream && bench.exceeded.is_none());
}

#[test]
fn an_event_too_large_ends_the_stream_however_it_is_cut() {
    let first = framed(&json!({ "choices": [{ "index": 0, "delta": { "content": "so" } }] }));
    for (size, exceeded) in [(MAX_EVENT, None), (MAX_EVENT + 1, Some(Exceeded::Size))] {
        let huge = format!("data: {{\"x\":\"{}\"}}\n\n", "y".repeat(size - "data: {\"x\":\"\"}\n\n".len()));
        let stream = first.clone() + &huge;
        for protocol in [Protocol::Generic, Protocol::Embeddings].into_iter().chain(STREAMED) {
            let mut bench = Bench::inspecting();
            for cut in [1, first.len(), 8 << 20, stream.len() - 1, stream.len()] {
                let (left, right) = stream.as_bytes().split_at(cut);
                let out = bench.run(&vault(), protocol, Framing::Sse, &[left, right]);
                assert_eq!(bench.exceeded, exceeded, "{protocol:?} {cut}");
                assert!(out.starts_with(&first));
                if exceeded.is_none() {
                    assert!(out.starts_with(&stream));
                } else {
                    assert!(out.len() < 1000);
                    let said = said(protocol, &out);
                    assert!(said.starts_with("response_too_large: A part of the answer"), "{said}");
                }
            }
        }
    }
}

#[test]
fn a_policy_that_only_watches_ends_nothing() {
    let texts = of_texts(Protocol::Messages, TEXTS + 5);
    let deep = format!("data: {}\n\ndata: 1\n\n", nested(201, "so"));
    let large = format!("data: \"{}\"\n\ndata: 1\n\n", "y".repeat(MAX_EVENT));
    for stream in [texts, deep, large] {
        for size in [1000, stream.len()] {
            let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            let mut bench = Bench::shadow();
            let out = bench.run(&vault(), Protocol::Messages, Framing::Sse, &pieces);
            assert!(out == stream && bench.exceeded.is_none());
        }
    }
    let document = nested(201, "so");
    let pieces: Vec<&[u8]> = document.as_bytes().chunks(1).collect();
    assert_eq!(Bench::shadow().run(&vault(), Protocol::Messages, Framing::Json, &pieces), document);
}

#[test]
fn an_array_stays_one() {
    let elements: Vec<String> =
        (0..=TEXTS).map(|index| delta(Protocol::Gemini, index, "so ").to_string()).collect();
    let array = format!("[{}]", elements.join(","));
    let out = Bench::inspecting().run(&vault(), Protocol::Gemini, Framing::Json, &[array.as_bytes()]);
    let read: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(read.len() as u64, TEXTS + 1);
    assert_eq!(read.last().unwrap()["error"]["status"], "INTERNAL");
}

#[test]
fn a_document_too_large_is_answered_in_its_place() {
    let around = [r#"{"id":"x-1","choices":[{"message":{"content":""#, r#""}}]}"#];
    for (more, exceeded) in [(0, None), (1, Some(Exceeded::Size))] {
        let text = "y".repeat(MAX_EVENT + more - around.concat().len());
        let document = around.join(&text);
        for cut in [1, 8 << 20, document.len()] {
            let (left, right) = document.as_bytes().split_at(cut);
            let mut bench = Bench::blocking();
            let out = bench.run(&vault(), Protocol::ChatCompletions, Framing::Json, &[left, right]);
            assert_eq!(bench.exceeded, exceeded, "{cut}");
            if exceeded.is_none() {
                assert!(out == document);
                continue;
            }
            let answer: Value = serde_json::from_str(&out).unwrap();
            let choice = &answer["choices"][0];
            assert_eq!((&answer["id"], &choice["finish_reason"]), (&"x-1".into(), &"content_filter".into()));
            let said = choice["message"]["content"].as_str().unwrap();
            assert!(said.starts_with("[AegisGate] response_too_large: "), "{said}");
        }
        // Nothing waits where nothing may be refused.
        let out =
            Bench::asking().run(&vault(), Protocol::ChatCompletions, Framing::Json, &[document.as_bytes()]);
        assert!(out == document);
    }
}

/// A document whose innermost array is `depth` levels deep, with something that must not leave in it.
fn nested(depth: usize, text: &str) -> String {
    let arrays = depth - 1;
    format!(r#"{{"input":{}"{text}"{}}}"#, "[".repeat(arrays), "]".repeat(arrays))
}

#[test]
fn an_answer_nested_too_deeply_ends_before_what_is_in_it() {
    let first = framed(&json!({ "text": "so" }));
    for (depth, exceeded) in [(200, None), (201, Some(Exceeded::Depth))] {
        let event = format!("data: {}\n\n", nested(depth, "so"));
        let stream = first.clone() + &event;
        let document = format!(" {}", nested(depth, "DANGER-deep"));
        for protocol in [Protocol::Generic].into_iter().chain(STREAMED) {
            for size in [1, stream.len()] {
                let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
                let mut bench = Bench::inspecting();
                let out = bench.run(&vault(), protocol, Framing::Sse, &pieces);
                assert_eq!((bench.exceeded, bench.torn), (exceeded, false), "{protocol:?}");
                let said = exceeded.map(|_| said(protocol, &out));
                assert!(said.is_none_or(|said| said.starts_with("response_too_deep: The answer is nested")));
                assert_eq!(out.contains(&event), exceeded.is_none());

                // What has left cannot be taken back.
                let pieces: Vec<&[u8]> = document.as_bytes().chunks(size).collect();
                let out = bench.run(&vault(), protocol, Framing::Json, &pieces);
                assert_eq!((bench.exceeded, bench.torn), (exceeded, exceeded.is_some() && pieces.len() > 1));
                assert!(!out.contains("DANGER-deep") || exceeded.is_none());
                let mut bench = Bench::blocking();
                let out = bench.run(&vault(), protocol, Framing::Json, &pieces);
                assert_eq!((bench.exceeded, bench.torn), (exceeded, false));
                assert_eq!(out.contains("response_too_deep"), exceeded.is_some(), "{out}");
            }
        }
    }
}
