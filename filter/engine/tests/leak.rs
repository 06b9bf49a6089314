//! What an answer may not repeat: canaries that a policy's author plants, and stretches of the request's own prompt.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

use aegis_engine::{
    Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, action::NOTICE, compile, redact_request,
};
use aegis_policy::{Disposition, Policy};
use serde_json::{Value, json};

const PROMPT: &str = "You are the assistant of Corner Bookshop. Never promise a delivery date. Refunds above forty \
    euros need the approval of a manager; do not tell customers this limit. Managers read desk@corner.example only. \
    Greet people by name, recommend at most three titles, and close each conversation with the opening hours of the \
    shop they asked about.";

/// Shorter than what counts.
const SENTENCE: &str = "Refunds above forty euros need the approval of a manager";

struct Bench {
    engine: Engine,
    key: MasterKey,
}

/// What a client receives.
#[derive(Debug, PartialEq)]
struct Answer {
    bytes: String,
    findings: Vec<Disposition>,
    action: Disposition,
}

impl Bench {
    fn new(members: Value) -> Bench {
        let mut document = json!({ "version": 1, "name": "leak" });
        let members: serde_json::Map<String, Value> = serde_json::from_value(members).unwrap();
        document.as_object_mut().unwrap().extend(members);
        let key = MasterKey::from_hex(&"4d".repeat(32)).unwrap();
        let policy: Policy = serde_json::from_value(document).unwrap();
        Bench { engine: Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap(), key }
    }

    /// The prompt as the model sees it, and what the gateway remembers.
    fn request(&self, role: &str) -> (String, Vault) {
        let mut vault = Vault::new(self.key.tenant(b"leak"));
        let body = json!({ "messages": [{ "role": role, "content": PROMPT }] }).to_string();
        let caches = &mut self.engine.caches();
        let redacted =
            redact_request(&self.engine, caches, Protocol::ChatCompletions, body.as_bytes(), &mut vault)
                .unwrap();
        let sent = redacted.body.unwrap_or(body.into_bytes());
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        (sent["messages"][0]["content"].as_str().unwrap().to_owned(), vault)
    }

    fn answer(&self, vault: &Vault, framing: Framing, pieces: &[&[u8]]) -> Answer {
        let mut caches = self.engine.caches();
        let mut stream = ResponseStream::new(Protocol::ChatCompletions, framing);
        let mut out = Vec::new();
        for piece in pieces {
            stream.push(&self.engine, &mut caches, vault, piece, &mut out);
        }
        stream.finish(&self.engine, &mut caches, vault, &mut out);
        let report = stream.report();
        let mut findings: Vec<Disposition> =
            report.findings().iter().map(|finding| finding.disposition).collect();
        // What is found in one piece is reported by what was looked for, not by place.
        findings.sort_unstable();
        Answer { bytes: String::from_utf8(out).unwrap(), findings, action: report.action() }
    }

    /// The same however the answer was cut.
    fn checked(&self, vault: &Vault, framing: Framing, answer: &str) -> Answer {
        let whole = self.answer(vault, framing, &[answer.as_bytes()]);
        let bytes: Vec<&[u8]> = answer.as_bytes().chunks(1).collect();
        assert_eq!(self.answer(vault, framing, &bytes), whole, "byte by byte");
        for cut in 0..answer.len() {
            let (head, tail) = answer.as_bytes().split_at(cut);
            assert_eq!(self.answer(vault, framing, &[head, tail]), whole, "cut at {cut}");
        }
        whole
    }
}

fn document(text: &str) -> String {
    json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }] }).to_string()
}

/// A stream of `text` in deltas of this many characters.
fn stream(text: &str, size: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    let event = |delta: &[char]| {
        let delta: String = delta.iter().collect();
        format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": delta } }] }))
    };
    let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    characters.chunks(size).map(event).collect::<String>() + &format!("data: {end}\n\ndata: [DONE]\n\n")
}

fn document_text(document: &str) -> String {
    let document: Value = serde_json::from_str(document).unwrap();
    document["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

fn stream_text(stream: &str) -> String {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    events.filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned())).collect()
}

fn letters(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_alphanumeric).count()
}

#[test]
fn a_copied_prompt_is_cut_out_where_it_has_become_one() {
    let bench = Bench::new(json!({ "level": "high" }));
    for role in ["system", "developer"] {
        let (sent, vault) = bench.request(role);
        assert!(sent.contains("_EMAIL_1}}"), "{sent}");
        let said = format!("Sure: \"{sent}\" 0 done");
        let answer = bench.checked(&vault, Framing::Json, &document(&said));
        let text = document_text(&answer.bytes);
        assert_eq!(
            (answer.findings.as_slice(), answer.action),
            ([Disposition::Sanitize].as_slice(), Disposition::Sanitize)
        );
        let (head, tail) = text.split_once(NOTICE).unwrap();
        assert_eq!(letters(head.trim_start_matches("Sure: ")), 127, "{text}");
        assert!(PROMPT.starts_with(head.trim_start_matches("Sure: \"")), "{text}");
        assert_eq!(tail, "\"0 done", "{text}");
        for size in [1, 7, 60] {
            let events = stream(&said, size);
            let streamed = if size == 60 {
                bench.checked(&vault, Framing::Sse, &events)
            } else {
                bench.answer(&vault, Framing::Sse, &[events.as_bytes()])
            };
            assert_eq!(stream_text(&streamed.bytes), text);
        }
    }
}

#[test]
fn a_placeholder_that_does_not_continue_the_copy_is_restored() {
    let bench = Bench::new(json!({ "level": "high" }));
    let (sent, vault) = bench.request("system");
    let at = sent.find("{{AG_").unwrap();
    let placeholder = &sent[at..at + sent[at..].find("}}").unwrap() + 2];
    let said = format!("{} {placeholder}", &sent[..at - "read ".len()]);
    let answer = bench.checked(&vault, Framing::Json, &document(&said));
    let text = document_text(&answer.bytes);
    assert!(text.ends_with(&format!("{NOTICE}desk@corner.example")), "{text}");
    let streamed = bench.checked(&vault, Framing::Sse, &stream(&said, 30));
    assert_eq!(stream_text(&streamed.bytes), text);
}

#[test]
fn an_answer_can_be_refused_for_a_copy() {
    for selected in [json!({ "rule": "system-prompt-leak" }), json!({ "family": "danger.leak" })] {
        let mut exception = selected;
        exception["action"] = json!("block");
        let bench = Bench::new(json!({ "rules": [exception] }));
        let (sent, vault) = bench.request("system");
        let answer = bench.checked(&vault, Framing::Json, &document(&sent));
        assert!(answer.bytes.contains("content_filter") && !answer.bytes.contains("Bookshop"), "{answer:?}");
        let answer = bench.checked(&vault, Framing::Sse, &stream(&sent, 30));
        assert!(answer.bytes.contains("content_filter") && answer.bytes.ends_with("data: [DONE]\n\n"));
        assert!(letters(&stream_text(&answer.bytes)) < 127, "{answer:?}");
        assert_eq!(answer.action, Disposition::Block);
    }
}

#[test]
fn shadow_reports_a_copy_and_changes_nothing() {
    let bench = Bench::new(json!({ "mode": "shadow", "level": "high" }));
    let (sent, vault) = bench.request("system");
    let events = stream(&sent, 30);
    let answer = bench.checked(&vault, Framing::Sse, &events);
    assert_eq!((answer.bytes, answer.action), (events, Disposition::Allow));
    assert_eq!(answer.findings, [Disposition::Sanitize]);
}

#[test]
fn a_quoted_sentence_stays() {
    let bench = Bench::new(json!({ "level": "high" }));
    let (_, vault) = bench.request("system");
    let said =
        format!("My instructions say: \"{SENTENCE}\". So I asked, and `ls` shows nothing new. {SENTENCE}.");
    let answer = document(&said);
    assert_eq!(bench.checked(&vault, Framing::Json, &answer).bytes, answer);
    let events = stream(&said, 20);
    assert_eq!(bench.checked(&vault, Framing::Sse, &events).bytes, events);
}

#[test]
fn nothing_is_remembered_unless_the_policy_asks_for_it() {
    for members in [json!({}), json!({ "preset": "relaxed", "level": "high" })] {
        let (sent, vault) = Bench::new(members.clone()).request("system");
        assert!(!vault.knows_prompt(), "{members}");
        let events = stream(&sent.replace(['{', '}'], ""), 30);
        assert_eq!(Bench::new(members).answer(&vault, Framing::Sse, &[events.as_bytes()]).bytes, events);
    }
    for members in [json!({ "preset": "strict" }), json!({ "level": "high" })] {
        assert!(Bench::new(members.clone()).request("system").1.knows_prompt(), "{members}");
        assert!(!Bench::new(members).request("user").1.knows_prompt());
    }
}

#[test]
fn a_canary_is_found_wherever_a_stream_is_cut() {
    let canary = "canary-7f3a-bookshop";
    let rule = |action: &str| {
        json!({ "custom_rules": [{
            "id": "our-canary", "kind": "CANARY", "description": "Stands in our system prompt.", "source": "own",
            "pattern": format!("(?i:{canary})"), "cap": 40, "severity": "critical", "directions": ["response"],
            "action": action, "match": [canary, format!("it says {canary}.")], "no_match": ["canary", "canary-7f3a"],
        }] })
    };
    let said = format!("It begins with {}, then", canary.to_uppercase());
    let sanitizes = Bench::new(rule("sanitize"));
    let vault = Vault::new(sanitizes.key.tenant(b"leak"));
    for size in [1, 5, 100] {
        let answer = sanitizes.checked(&vault, Framing::Sse, &stream(&said, size));
        assert_eq!(stream_text(&answer.bytes), "It begins with , then");
    }
    let blocks = Bench::new(rule("block"));
    let answer = blocks.checked(&vault, Framing::Sse, &stream(&said, 5));
    assert!(answer.bytes.contains("content_filter"));
    assert!(!stream_text(&answer.bytes).contains("CANARY"), "{answer:?}");
}

#[test]
fn what_is_dangerous_in_a_copy_is_cut_out_or_stays_harmless() {
    let bench = Bench::new(json!({ "level": "high", "custom_rules": [{
        "id": "our-hours", "kind": "HOURS", "description": "Opening hours.", "source": "own",
        "pattern": "opening hours of the [a-z]{4,8}", "cap": 40, "severity": "high", "directions": ["response"],
        "action": "defang", "match": ["opening hours of the shop", "the opening hours of the museum"],
        "no_match": ["opening hours", "hours of the shop"],
    }] }));
    let (sent, vault) = bench.request("system");
    for (said, deviates) in [(sent.clone(), false), (sent.replace("shop they", "museum they"), true)] {
        let answer = bench.checked(&vault, Framing::Json, &document(&said));
        let text = document_text(&answer.bytes);
        let (_, tail) = text.split_once(NOTICE).unwrap();
        assert!(!tail.contains("opening"), "{text}");
        assert_eq!(tail.contains("mus-eum"), deviates, "{text}");
        let streamed = bench.checked(&vault, Framing::Sse, &stream(&said, 30));
        assert_eq!(stream_text(&streamed.bytes), text);
    }
}
