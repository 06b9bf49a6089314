//! Promise: what was recorded from providers passes through the gateway byte for byte, however it arrives, while a value
//! of the request waits to be put back.

use aegis_tests::recordings::{self, Exchange, Stream};
use aegis_tests::{
    FakeUpstream, Gateway, Piece, Recorded, Reply, Request, command, placeholder, secrets, workspace,
};
use std::process::Command;
use std::time::Duration;

/// Says which recording the provider answers with, and how it is cut.
const RECORDING: &str = "x-recording";
/// Chunk sizes that `replay` takes turns with.
const CHUNKS: [&str; 4] = ["65536", "1", "7", "1000"];
/// Each replay compiles all rules, so only one of so many recordings is replayed; the engine's own tests have them all.
const REPLAYED: usize = 7;

/// How an answer is cut into the chunks that arrive at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Whole,
    Random,
    Bytes,
}

impl Cut {
    const ALL: [Cut; 3] = [Cut::Whole, Cut::Random, Cut::Bytes];

    fn reply(self, media_type: &str, body: &[u8]) -> Reply {
        match self {
            Cut::Whole => Reply::whole(media_type, body),
            Cut::Random => Reply::pieces(media_type, random_pieces(body)),
            Cut::Bytes => {
                let pieces = body.iter().flat_map(|byte| [Piece::Bytes(vec![*byte]), Piece::Drain]);
                Reply::pieces(media_type, pieces.collect())
            }
        }
    }
}

/// Pieces of 1 to 2000 bytes, other ones for each body.
fn random_pieces(body: &[u8]) -> Vec<Piece> {
    let mut state = body.len() as u64;
    let mut rest = body;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = usize::try_from(state >> 33).unwrap() % 2000 + 1;
        let (piece, after) = rest.split_at(size.min(rest.len()));
        pieces.push(Piece::Bytes(piece.to_vec()));
        rest = after;
    }
    pieces
}

/// A provider that answers with the recording which the request's header names.
fn provider(bodies: Vec<(u16, &'static str, Vec<u8>)>) -> FakeUpstream {
    FakeUpstream::start(move |recorded| {
        let (index, cut) = recorded.header(RECORDING).and_then(|value| value.split_once(' ')).unwrap();
        let (status, media_type, body) = &bodies[index.parse::<usize>().unwrap()];
        let cut = Cut::ALL.into_iter().find(|known| format!("{known:?}") == cut).unwrap();
        cut.reply(media_type, body).status(*status)
    })
}

fn request(path: String, body: &str, index: usize, cut: Cut) -> Request {
    Request::post(path, body).header(RECORDING, &format!("{index} {cut:?}"))
}

/// The value in the request became a placeholder, so the gateway looks for it in the answer.
#[track_caller]
fn assert_value_waits(recorded: &Recorded, name: &str) {
    let body = std::str::from_utf8(&recorded.body).unwrap();
    assert_eq!(placeholder::all_in(body).len(), 1, "{name}: {body}");
}

/// The names of the shortest stream of each API, which also arrive byte by byte. The engine's own tests have more of them.
fn shortest(streams: &[Stream]) -> Vec<&str> {
    let mut sorted: Vec<&Stream> = streams.iter().collect();
    sorted.sort_by_key(|stream| (stream.flavour.path, stream.body.len()));
    sorted.dedup_by_key(|stream| stream.flavour.path);
    sorted.into_iter().map(|stream| stream.name.as_str()).collect()
}

#[test]
fn recorded_answers_pass_through_envoy_unchanged() {
    let Some(folder) = recordings::folder("recorded_answers_pass_through_envoy_unchanged") else { return };
    let gateway = Gateway::start();
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 1);

    let streams = recordings::streams(&folder);
    let bodies = streams.iter().map(|stream| (200, "text/event-stream", stream.body.clone()));
    let upstream = provider(bodies.collect());
    let token = gateway.register(&upstream.base("/v1"));
    let bytewise = shortest(&streams);
    for (index, stream) in streams.iter().enumerate() {
        let Stream { name, flavour, body } = stream;
        let path = format!("/v1/__gw__/t/{token}/{}", flavour.path);
        let cuts = Cut::ALL.into_iter().filter(|cut| *cut != Cut::Bytes || bytewise.contains(&name.as_str()));
        for cut in cuts {
            let answer = request(path.clone(), &flavour.request(&mail), index, cut).send(gateway.port);
            assert_eq!(answer.header("x-aegis-action"), Some("redact"), "{name}");
            assert!(answer.body == *body, "{name} arrives otherwise, {cut:?}");
            assert_value_waits(&upstream.take_only(), name);
        }
    }

    let exchanges = recordings::exchanges(&folder);
    let bodies = exchanges.iter().map(|exchange| {
        (exchange.status, "application/json; charset=utf-8", exchange.answer.clone().into_bytes())
    });
    let upstream = provider(bodies.collect());
    let token = gateway.register(&upstream.base(""));
    for (index, Exchange { name, path, request: sent, answer, .. }) in exchanges.iter().enumerate() {
        let path = format!("/v1/__gw__/t/{token}{path}");
        // As it was recorded, if it was; then with a value that waits.
        let waiting = format!(r#"{{"input":"{mail}"}}"#);
        for cut in [Cut::Whole, Cut::Random] {
            for body in sent.iter().chain([&waiting]) {
                let received = request(path.clone(), body, index, cut).send(gateway.port);
                assert!(received.text() == answer, "the answer of {name} arrives otherwise, {cut:?}");
                let recorded = upstream.take_only();
                if *body == waiting {
                    assert_value_waits(&recorded, name);
                } else {
                    assert!(recorded.body == body.as_bytes(), "the request of {name} arrives otherwise");
                }
            }
        }
    }
}

#[test]
fn recorded_streams_pass_through_replay_unchanged() {
    let Some(folder) = recordings::folder("recorded_streams_pass_through_replay_unchanged") else { return };
    let streams = recordings::streams(&folder);
    let scratch = tempfile::tempdir().unwrap();
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 2);
    for (index, Stream { name, flavour, body }) in streams.iter().step_by(REPLAYED).enumerate() {
        let sent = scratch.path().join(flavour.protocol);
        std::fs::write(&sent, flavour.request(&mail)).unwrap();
        let mut replay = Command::new(workspace::binary());
        replay.args(["replay", "--protocol", flavour.protocol, "--chunk", CHUNKS[index % CHUNKS.len()]]);
        replay.arg("--request").arg(&sent);
        let output = command::run(&mut replay, body, Duration::from_mins(1));
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout == *body, "{name} is replayed otherwise");
    }
}
