//! Engines and answers that run through them.

use aegis_engine::{Caches, Engine, Exceeded, Framing, MasterKey, Protocol, ResponseStream, Vault, compile};
use aegis_policy::{Disposition, Policy};
use serde_json::{Value, json};
use std::rc::Rc;

/// An engine at work.
pub(crate) struct Bench {
    engine: Rc<Engine>,
    caches: Caches,
    /// What the last answer's findings were.
    pub(crate) findings: Vec<Disposition>,
    pub(crate) blocked: bool,
    pub(crate) exceeded: Option<Exceeded>,
    pub(crate) torn: bool,
}

thread_local! {
    static INSPECTING: Rc<Engine> = Rc::new(engine("enforce", "sanitize"));
    static SEALING: Rc<Engine> = Rc::new(sealing_engine());
    static SHADOW: Rc<Engine> = Rc::new(engine("shadow", "sanitize"));
    static ASKING: Rc<Engine> = Rc::new(engine("enforce", "defang"));
    static BLOCKING: Rc<Engine> = Rc::new(engine("enforce", "block"));
}

/// How many cases a property runs; `PROPTEST_CASES` says otherwise.
pub(crate) fn cases(default: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default)
}

fn key() -> MasterKey {
    MasterKey::from_hex(&"77".repeat(32)).unwrap()
}

pub(crate) fn vault() -> Vault {
    Vault::new(key().tenant(b"protocols"))
}

pub(crate) fn sealing_vault() -> Vault {
    Vault::sealing(key().tenant(b"protocols"))
}

fn engine(mode: &str, commands: &str) -> Engine {
    compiled(&policy(mode, commands))
}

fn sealing_engine() -> Engine {
    let mut policy = policy("enforce", "sanitize");
    policy.restore.sealed = true;
    compiled(&policy)
}

fn compiled(policy: &Policy) -> Engine {
    Engine::new(&compile(policy, &key()).unwrap(), &key()).unwrap()
}

fn policy(mode: &str, commands: &str) -> Policy {
    let rule = |id: &str, pattern: &str, action: &str, matches: &str| {
        json!({
            "id": id, "kind": "TEST", "description": "For these tests.", "source": "own", "severity": "high",
            "pattern": pattern, "cap": 200, "action": action, "directions": ["response"], "slots": ["assistant"],
            "replacement": (action == "sanitize").then_some(super::plant::NO_IMAGE),
            "match": [matches, format!("a {matches} b")], "no_match": ["nothing", "else"],
        })
    };
    let mut document = serde_json::to_value(Policy::only(&[])).unwrap();
    document["mode"] = json!(mode);
    document["restore"] = json!({ "hosts": ["friend.example", "*.corp.example"] });
    document["rules"].as_array_mut().unwrap().extend([
        json!({ "kind": "DESTRUCTIVE_COMMAND", "directions": ["response"], "slots": ["tool_call_arguments"], "action": commands }),
        json!({ "rule": "test-image", "directions": ["response"], "action": if commands == "block" { "block" } else { "sanitize" } }),
        json!({ "rule": "test-word", "directions": ["response"], "action": "defang" }),
        json!({ "rule": "email", "directions": ["request"], "action": "redact" }),
    ]);
    document["custom_rules"] = json!([
        rule("test-image", r"!\[[ -Z^-~]{0,40}\]\([!-(*-~]{1,150}\)", "sanitize", "![a](b)"),
        rule("test-word", r"DANGER-[a-z]{3,9}", "defang", "DANGER-word"),
    ]);
    serde_json::from_value(document).unwrap()
}

// === impl Bench ===

impl Bench {
    fn of(engine: Rc<Engine>) -> Bench {
        Bench {
            caches: engine.caches(),
            engine,
            findings: Vec::new(),
            blocked: false,
            exceeded: None,
            torn: false,
        }
    }

    /// Dangerous commands are taken out.
    pub(crate) fn inspecting() -> Bench {
        Bench::of(INSPECTING.with(Rc::clone))
    }

    /// The same with sealed placeholders.
    pub(crate) fn sealing() -> Bench {
        Bench::of(SEALING.with(Rc::clone))
    }

    /// Findings have no consequences.
    pub(crate) fn shadow() -> Bench {
        Bench::of(SHADOW.with(Rc::clone))
    }

    /// Dangerous commands are marked.
    pub(crate) fn asking() -> Bench {
        Bench::of(ASKING.with(Rc::clone))
    }

    /// Dangerous commands and images end the answer.
    pub(crate) fn blocking() -> Bench {
        Bench::of(BLOCKING.with(Rc::clone))
    }

    /// What the client gets.
    pub(crate) fn run(
        &mut self,
        vault: &Vault,
        protocol: Protocol,
        framing: Framing,
        pieces: &[&[u8]],
    ) -> String {
        self.through(ResponseStream::new(protocol, framing), vault, pieces)
    }

    /// The same if only values are put back.
    pub(crate) fn restore(
        &mut self,
        vault: &Vault,
        protocol: Protocol,
        framing: Framing,
        pieces: &[&[u8]],
    ) -> String {
        self.through(ResponseStream::new(protocol, framing).without_inspection(), vault, pieces)
    }

    fn through(&mut self, mut stream: ResponseStream, vault: &Vault, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        for piece in pieces {
            stream.push(&self.engine, &mut self.caches, vault, piece, &mut out);
        }
        stream.finish(&self.engine, &mut self.caches, vault, &mut out);
        self.findings = stream.report().findings().iter().map(|finding| finding.disposition).collect();
        self.blocked = stream.report().is_blocked();
        self.exceeded = stream.exceeded();
        self.torn = stream.is_torn();
        String::from_utf8_lossy(&out).into_owned()
    }

    /// How much is held behind each of `events`.
    pub(crate) fn held(&mut self, vault: &Vault, protocol: Protocol, events: &[String]) -> Vec<usize> {
        let mut stream = ResponseStream::new(protocol, Framing::Sse);
        let mut held = Vec::new();
        for event in events {
            stream.push(&self.engine, &mut self.caches, vault, event.as_bytes(), &mut Vec::new());
            held.push(stream.held());
        }
        held
    }
}

/// The data of those events of `stream` that are JSON.
pub(crate) fn events(stream: &str) -> Vec<Value> {
    let lines = stream.replace("\r\n", "\n").replace('\r', "\n");
    let data = |event: &str| {
        let data: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        serde_json::from_str(&data.join("\n")).ok()
    };
    lines.split("\n\n").filter_map(data).collect()
}

/// `out` without what the gateway says of it, and whether it said something.
pub(crate) fn without_note(out: &str) -> (String, bool) {
    if let Some((answer, _)) =
        out.rsplit_once(": aegisgate {").filter(|(answer, _)| answer.ends_with(['\n', '\r']))
    {
        return (answer.to_owned(), true);
    }
    if let Some((answer, note)) = out.rsplit_once(r#","aegisgate":{"#) {
        let (_, behind) = note.split_once('}').unwrap_or_default();
        return (answer.to_owned() + behind, true);
    }
    (out.to_owned(), false)
}
