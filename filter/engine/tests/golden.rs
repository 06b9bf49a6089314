//! The golden cases through the engine: whole, byte by byte and cut at every place; with ordinary placeholders, and with
//! sealed ones whose values nothing but themselves holds.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml lifts it in #[test] functions only, not in what they call"
)]

use aegis_cases::{Case, Cases};
use aegis_engine::limits::MAX_SEALED_VALUE;
use aegis_engine::{Caches, Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, redact_request};
use aegis_policy::{CompiledPolicy, Restore};
use std::cell::RefCell;

struct Bench {
    engine: Engine,
    caches: Caches,
    sealed: bool,
}

fn key() -> MasterKey {
    MasterKey::from_hex(&"5a".repeat(32)).unwrap()
}

impl Bench {
    fn new(sealed: bool) -> Bench {
        let restore = Restore { sealed, ..Restore::default() };
        let engine = Engine::new(&CompiledPolicy { restore, ..CompiledPolicy::default() }, &key()).unwrap();
        Bench { caches: engine.caches(), engine, sealed }
    }

    fn vault(&self) -> Vault {
        self.engine.vault(key().tenant(b"golden"))
    }

    fn cases(&self) -> Cases {
        let vault = RefCell::new(self.vault());
        Cases::load(&|kind, value| vault.borrow_mut().placeholder(kind, value.as_bytes())).unwrap()
    }

    /// What the client receives of `pieces`, and the most that was held while they came.
    fn restore(&mut self, case: &Case, framing: Framing, pieces: &[&[u8]]) -> String {
        let mut vault = self.vault();
        for (kind, value) in &case.values {
            let placeholder = self.vault().placeholder(kind, value.as_bytes());
            let is_known = vault.value(placeholder.as_bytes()).is_some();
            assert_eq!(is_known, self.sealed && value.len() <= MAX_SEALED_VALUE, "{}: {kind}", case.name);
            if !is_known {
                vault.placeholder(kind, value.as_bytes());
            }
        }
        let protocol = Protocol::by_name(&case.protocol).unwrap();
        let mut stream = ResponseStream::new(protocol, framing);
        let mut out = Vec::new();
        for piece in pieces {
            stream.push(&self.engine, &mut self.caches, &vault, piece, &mut out);
        }
        stream.finish(&self.engine, &mut self.caches, &vault, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn check_answer(&mut self, case: &Case, framing: Framing) {
        let expected = String::from_utf8(case.output.clone()).unwrap();
        let whole = self.restore(case, framing, &[&case.input]);
        assert_eq!(whole, expected, "{} ({})", case.name, case.property);
        let bytes: Vec<&[u8]> = case.input.chunks(1).collect();
        assert_eq!(self.restore(case, framing, &bytes), expected, "{}, byte by byte", case.name);
        for cut in 0..case.input.len() {
            let (head, tail) = case.input.split_at(cut);
            assert_eq!(self.restore(case, framing, &[head, tail]), expected, "{}, cut at {cut}", case.name);
        }
    }
}

#[test]
fn requests_leave_as_they_should() {
    for mut bench in [false, true].map(Bench::new) {
        for case in bench.cases().requests {
            let mut vault = bench.vault();
            let protocol = Protocol::by_name(&case.protocol).unwrap();
            let redacted =
                redact_request(&bench.engine, &mut bench.caches, protocol, &case.input, &mut vault).unwrap();
            let changed = redacted.body.is_some();
            let body = String::from_utf8(redacted.body.unwrap_or_else(|| case.input.clone())).unwrap();
            assert_eq!(
                body,
                String::from_utf8(case.output.clone()).unwrap(),
                "{} ({})",
                case.name,
                case.property
            );
            assert_eq!(changed, case.input != case.output, "{}", case.name);
            assert_eq!(changed, !redacted.findings.is_empty(), "{}", case.name);
        }
    }
}

#[test]
fn documents_are_restored_however_they_are_cut() {
    for mut bench in [false, true].map(Bench::new) {
        for case in bench.cases().documents {
            bench.check_answer(&case, Framing::Json);
        }
    }
}

#[test]
fn streams_are_restored_however_they_are_cut() {
    for mut bench in [false, true].map(Bench::new) {
        for case in bench.cases().streams {
            bench.check_answer(&case, Framing::Sse);
        }
    }
}
