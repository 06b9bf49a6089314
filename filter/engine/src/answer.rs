//! The text of an answer, searched for what is dangerous as it arrives.

mod code;

use crate::engine::{Caches, Engine};
use aegis_scanner::{Match, Stream};
use code::Code;

/// A text of an answer that arrives in pieces. What it finds does not depend on how the text was cut.
///
/// Only rules take part that do more than redact in the text of an answer. Values and patterns that the policy allows are
/// left out; its allowed keys are not asked, because prose has none.
#[derive(Debug, Default)]
pub struct AnswerText {
    stream: Stream,
    code: Code,
}

// === impl AnswerText ===

impl AnswerText {
    /// A text of which nothing has arrived.
    pub fn new() -> AnswerText {
        AnswerText::default()
    }

    /// Reads the next piece. Calls `found` with each finding that is now decided, in text order, and its text from
    /// [`Match::start`] to its end.
    pub fn feed(
        &mut self,
        engine: &Engine,
        caches: &mut Caches,
        piece: &[u8],
        mut found: impl FnMut(Match, &[u8]),
    ) {
        let rules = &engine.answer_rules;
        if rules.is_empty() {
            return;
        }
        self.code.read(piece);
        let AnswerText { stream, code } = self;
        stream.feed(&rules.scanner, &mut caches.answers, piece, &rules.mask(), |one, text| {
            if let Some(one) = counted(engine, code, one, text) {
                found(one, text);
            }
        });
        code.forget_before(stream.settled());
    }

    /// Ends the text: everything is decided now.
    pub fn finish(self, engine: &Engine, caches: &mut Caches, mut found: impl FnMut(Match, &[u8])) {
        let rules = &engine.answer_rules;
        let AnswerText { stream, code } = self;
        stream.finish(&rules.scanner, &mut caches.answers, &rules.mask(), |one, text| {
            if let Some(one) = counted(engine, &code, one, text) {
                found(one, text);
            }
        });
    }

    /// Everything before this offset is decided: it may go on to the client.
    pub fn settled(&self) -> u64 {
        self.stream.settled()
    }

    /// Bytes of text behind [`settled`](Self::settled).
    pub fn held(&self) -> usize {
        self.stream.held()
    }
}

/// A match as a finding of the engine's rules: not where its rule leaves code alone, and not if the policy allows it.
fn counted(engine: &Engine, code: &Code, one: Match, text: &[u8]) -> Option<Match> {
    let index = engine.answer_rules.index(one.rule);
    let is_shown = engine.rule(index)?.outside_code && code.contains(one.value);
    let value = usize::try_from(one.value - one.start).ok().and_then(|at| text.get(at..)).unwrap_or(text);
    (!is_shown && !engine.allow.permits_value(value)).then_some(Match { rule: index, ..one })
}
