//! What was recorded from providers passes byte-identical, however it is cut, while a value waits in the vault.
//!
//! The recordings are not part of the project: `AEGIS_EVAL_DATA` names the folder that has them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml lifts them in #[test] functions only, not in what they call"
)]

use aegis_engine::{
    Caches, Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, compile, redact_request,
};
use aegis_policy::Policy;
use serde_json::Value;
use std::path::PathBuf;

/// Every stream comes in pieces of these sizes and, up to [`SMALL`], in single bytes.
const SIZES: [usize; 3] = [usize::MAX, 7, 1000];
const SMALL: usize = 40_000;
/// Other cuts of every stream.
const RANDOM_CUTS: u64 = 2;

/// An engine with the policy that nobody has changed, and a value that waits.
struct Bench {
    engine: Engine,
    caches: Caches,
    key: MasterKey,
    vault: Vault,
}

impl Bench {
    fn new() -> Bench {
        let key = MasterKey::from_hex(&"11".repeat(32)).unwrap();
        let engine = Engine::new(&compile(&Policy::default(), &key).unwrap(), &key).unwrap();
        let mut vault = Vault::new(key.tenant(b"recorded"));
        vault.placeholder("EMAIL", b"somebody@corp.example");
        Bench { caches: engine.caches(), engine, key, vault }
    }

    /// What the client gets of an answer in these pieces, and how much of it only because the answer ends.
    fn answer<'a>(
        &mut self,
        protocol: Protocol,
        framing: Framing,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> (Vec<u8>, usize) {
        let Bench { engine, caches, vault, .. } = self;
        let mut stream = ResponseStream::new(protocol, framing);
        let mut out = Vec::new();
        for piece in pieces {
            stream.push(engine, caches, vault, piece, &mut out);
        }
        let held = stream.held();
        stream.finish(engine, caches, vault, &mut out);
        (out, held)
    }

    /// What the provider gets of a request, if it is not the request itself.
    fn request(&mut self, protocol: Protocol, body: &[u8]) -> Option<Vec<u8>> {
        let mut vault = Vault::new(self.key.tenant(b"recorded"));
        redact_request(&self.engine, &mut self.caches, protocol, body, &mut vault).unwrap().body
    }
}

/// The file `name` of the recordings.
fn file(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("AEGIS_EVAL_DATA")?;
    Some(PathBuf::from(data).join("dev").join(name))
}

/// The lines of the file `name` of the recordings.
fn lines(name: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(file(name)?).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "no recordings");
    Some(lines)
}

fn text<'a>(line: &'a Value, member: &str) -> &'a str {
    line.get(member).and_then(Value::as_str).unwrap()
}

/// The protocol that the provider of a stream speaks.
fn protocol(flavour: &str) -> Protocol {
    match flavour {
        "openai-chat" => Protocol::ChatCompletions,
        "openai-responses" => Protocol::Responses,
        "openai-completions" => Protocol::Completions,
        "anthropic-messages" => Protocol::Messages,
        "gemini" => Protocol::Gemini,
        "gemini-interactions" | "bedrock-json-lines" | "other" => Protocol::Generic,
        _ => panic!("{flavour} is new"),
    }
}

/// `bytes` in pieces of 1 to 600 bytes, other ones for each seed.
fn random_pieces(bytes: &[u8], seed: u64) -> impl Iterator<Item = &[u8]> {
    let mut state = seed;
    let mut rest = bytes;
    std::iter::from_fn(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = usize::try_from(state >> 33).unwrap() % 600 + 1;
        let (piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[test]
fn recorded_streams_pass_unchanged() {
    let Some(manifest) = lines("streams/manifest.jsonl") else {
        eprintln!("SKIPPED: recorded_streams_pass_unchanged needs AEGIS_EVAL_DATA");
        return;
    };
    let mut bench = Bench::new();
    for line in &manifest {
        let name = text(line, "file");
        let recorded = std::fs::read(file(name).unwrap()).unwrap();
        let own = protocol(text(line, "flavour"));
        // An event that was cut off waits for its end.
        let end = recorded.windows(2).rposition(|pair| pair == b"\n\n").map_or(0, |at| at + 2);
        for protocol in [own, Protocol::Generic] {
            let mut assert_same = |pieces: &mut dyn Iterator<Item = &[u8]>, cut: &str| {
                let (out, held) = bench.answer(protocol, Framing::Sse, pieces);
                assert!(out == recorded, "{name} as {protocol:?} in {cut}");
                // Where nobody says that a text is over it may be open to the end.
                let may_hold = protocol != own || held <= recorded.len() - end;
                assert!(may_hold, "{name} as {protocol:?} in {cut}: {held} bytes are held at the end");
            };
            let bytewise = (recorded.len() <= SMALL).then_some(1);
            for size in SIZES.into_iter().chain(bytewise) {
                assert_same(&mut recorded.chunks(size), &format!("pieces of {size}"));
            }
            for seed in 0..RANDOM_CUTS {
                assert_same(&mut random_pieces(&recorded, seed), &format!("the random pieces {seed}"));
            }
        }
    }
}

#[test]
fn recorded_exchanges_pass_unchanged() {
    let Some(exchanges) = lines("streams/envoy-ai-gateway.exchanges.jsonl") else {
        eprintln!("SKIPPED: recorded_exchanges_pass_unchanged needs AEGIS_EVAL_DATA");
        return;
    };
    let mut bench = Bench::new();
    for line in &exchanges {
        let (name, url) = (text(line, "path"), text(line, "url"));
        let protocol = Protocol::of_path(url.split('?').next().unwrap());
        let request = text(line, "request");
        // Audio goes up as a form, which was not recorded.
        if serde_json::from_str::<Value>(request).is_ok() {
            assert!(
                bench.request(protocol, request.as_bytes()).is_none(),
                "the request of {name} is changed"
            );
        }
        let answer = text(line, "response").as_bytes();
        for size in [usize::MAX, 1, 7, 1000] {
            let (out, held) = bench.answer(protocol, Framing::Json, answer.chunks(size));
            assert!(out == answer, "the answer of {name} in pieces of {size}");
            assert_eq!(held, 0, "held at the end of the answer of {name}");
        }
    }
}
