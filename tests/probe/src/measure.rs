//! What can be measured.

use aegis_engine::{
    AnswerText, Caches, Engine, Framing, MasterKey, Protocol, ResponseStream, Site, redact_request,
};
use aegis_policy::{CompiledPolicy, Direction, Slot};
use aegis_scanner::Budget;
use std::error::Error;
use std::time::Instant;

/// Runs with the same caches: the first ones find neither states nor optimised code.
const RUNS: usize = 25;

/// Runs of what starts anew each time.
const FRESH_RUNS: usize = 5;

/// Bytes of a piece of an answer: about what a token is.
const PIECE: usize = 5;

/// Something to do with a body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    /// Search it as a user's words.
    Scan,
    /// The same with new caches each time: what is made to be slow is also what builds states.
    ScanFresh,
    /// Judge whether it is a prompt injection, as a user's words that no cache knows.
    JudgeUser,
    /// The same as a tool's words.
    JudgeTool,
    /// The same when the last turn had it.
    JudgeAgain,
    /// Redact it as a chat request when the last turn had it.
    Request,
    /// Copy it.
    Copy,
    /// Restore it as the events of a chat's stream, each by itself.
    Stream,
    /// Search it as the text of an answer that arrives in small pieces.
    Pieces,
}

/// How long one run took, and what came of it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) nanoseconds: u128,
    /// Findings, bytes or events; a score for judgements.
    pub(crate) found: usize,
}

// === impl Measure ===

impl Measure {
    /// The one with this path.
    pub(crate) fn named(path: &str) -> Option<Measure> {
        Some(match path {
            "/scan" => Measure::Scan,
            "/scan-fresh" => Measure::ScanFresh,
            "/judge-user" => Measure::JudgeUser,
            "/judge-tool" => Measure::JudgeTool,
            "/judge-again" => Measure::JudgeAgain,
            "/request" => Measure::Request,
            "/copy" => Measure::Copy,
            "/stream" => Measure::Stream,
            "/pieces" => Measure::Pieces,
            _ => return None,
        })
    }

    /// Does it, several times.
    pub(crate) fn runs(self, body: &[u8]) -> Result<Vec<Run>, Box<dyn Error>> {
        let key = MasterKey::from_hex(&"00".repeat(32))?;
        let engine = Engine::new(&CompiledPolicy::default(), &key)?;
        let mut caches = engine.caches();
        match self {
            Measure::Scan => (0..RUNS).map(|_| timed(|| scan(&engine, &mut caches, body))).collect(),
            Measure::ScanFresh => (0..FRESH_RUNS)
                .map(|_| {
                    let mut caches = engine.caches();
                    timed(|| scan(&engine, &mut caches, body))
                })
                .collect(),
            Measure::JudgeUser => judge_new(&engine, Slot::User, body),
            Measure::JudgeTool => judge_new(&engine, Slot::ToolResult, body),
            Measure::JudgeAgain => {
                (0..RUNS).map(|_| timed(|| judge(&engine, &mut caches, Slot::User, body))).collect()
            }
            Measure::Request => {
                (0..RUNS).map(|_| timed(|| request(&engine, &mut caches, &key, body))).collect()
            }
            Measure::Copy => (0..RUNS)
                .map(|_| timed(|| Ok(std::hint::black_box(std::hint::black_box(body).to_vec()).len())))
                .collect(),
            Measure::Stream => {
                (0..RUNS).map(|_| timed(|| Ok(stream(&engine, &mut caches, &key, body)))).collect()
            }
            Measure::Pieces => (0..RUNS).map(|_| timed(|| Ok(pieces(&engine, &mut caches, body)))).collect(),
        }
    }
}

fn timed(work: impl FnOnce() -> Result<usize, Box<dyn Error>>) -> Result<Run, Box<dyn Error>> {
    let began = Instant::now();
    let found = work()?;
    Ok(Run { nanoseconds: began.elapsed().as_nanos(), found })
}

fn scan(engine: &Engine, caches: &mut Caches, text: &[u8]) -> Result<usize, Box<dyn Error>> {
    let mut found = Vec::new();
    let site = Site::of(Direction::Request, Slot::User);
    match engine.detect(caches, site, text, &mut Budget::default(), &mut found) {
        Ok(()) => Ok(found.len()),
        Err(error) => Err(error.to_string().into()),
    }
}

fn judge_new(engine: &Engine, slot: Slot, text: &[u8]) -> Result<Vec<Run>, Box<dyn Error>> {
    (0..RUNS)
        .map(|_| {
            let mut caches = engine.caches();
            timed(|| judge(engine, &mut caches, slot, text))
        })
        .collect()
}

fn judge(engine: &Engine, caches: &mut Caches, slot: Slot, text: &[u8]) -> Result<usize, Box<dyn Error>> {
    let seen = engine.injection(caches, slot, text).ok_or("the policy does not look for injection")?;
    Ok(usize::from(seen.score))
}

/// Findings.
fn pieces(engine: &Engine, caches: &mut Caches, text: &[u8]) -> usize {
    let (mut answer, mut found) = (AnswerText::new(), 0);
    for piece in text.chunks(PIECE) {
        answer.feed(engine, caches, piece, |_, _| found += 1);
    }
    answer.finish(engine, caches, |_, _| found += 1);
    found
}

/// Bytes that come out. There is a value to restore, which is what makes the gateway look at deltas.
fn stream(engine: &Engine, caches: &mut Caches, key: &MasterKey, events: &[u8]) -> usize {
    let mut vault = engine.vault(key.tenant(b"probe"));
    vault.placeholder("EMAIL", b"somebody@example.org");
    let mut stream = ResponseStream::new(Protocol::ChatCompletions, Framing::Sse);
    let mut out = Vec::new();
    let mut rest = events;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\n\n") {
        let Some((event, behind)) = rest.split_at_checked(end + 2) else { break };
        stream.push(engine, caches, &vault, event, &mut out);
        rest = behind;
    }
    stream.finish(engine, caches, &vault, &mut out);
    out.len()
}

/// Findings.
fn request(
    engine: &Engine,
    caches: &mut Caches,
    key: &MasterKey,
    body: &[u8],
) -> Result<usize, Box<dyn Error>> {
    let mut vault = engine.vault(key.tenant(b"probe"));
    Ok(redact_request(engine, caches, Protocol::ChatCompletions, body, &mut vault)?.findings.len())
}
