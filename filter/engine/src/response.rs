//! An answer on its way to the client: placeholders become the values they stand for, and what is dangerous is made
//! harmless.
//!
//! A JSON answer is worked on as it arrives; bytes wait only while something in them is open. In an event stream whole
//! events wait, in order, while a text that they carry may end in an open placeholder or finding, or while an argument of
//! a tool call is not complete; they are released unchanged if there was nothing. So nothing is ever moved from one event
//! to another, and every byte that is not part of a change is the upstream's.

mod arguments;
mod channel;
mod contents;
mod destination;
mod document;
mod ending;
mod events;
mod judge;
mod link;
mod nest;
mod refusal;
mod report;

pub(crate) use destination::{authorities, host};
pub use refusal::{Blocked, Refusal};
pub use report::Report;

use crate::action;
use crate::engine::{Caches, Engine, Site};
use crate::framing::json::{JsonProblem, is_space};
use crate::limits::{MAX_CHANNELS, MAX_DEPTH, MAX_EVENT};
use crate::placeholder::Vault;
use crate::protocol::Protocol;
use crate::redact::Finding;
use crate::splice::Splice;
use aegis_policy::{Direction, Disposition, Mode as Enforcement, Slot};
use aegis_scanner::{Budget, Match, RuleIndex, Stream, TooManyMatches};
use document::DocumentStream;
use events::EventStream;

/// How an answer is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One JSON document.
    Json,
    /// Server-sent events whose data is JSON.
    Sse,
}

/// An answer on its way to the client.
#[derive(Debug)]
pub struct ResponseStream {
    protocol: Protocol,
    splice: Splice,
    mode: Mode,
    budget: Budget,
    report: Report,
    inspects: bool,
    /// The client asked what was done; what was done to its request.
    asked: Option<Disposition>,
    exceeded: Option<Exceeded>,
    is_torn: bool,
}

#[derive(Debug)]
enum Mode {
    /// A JSON document whose first byte has not come.
    Undecided,
    Json(Box<DocumentStream>),
    Events(Box<EventStream>),
    /// What came is not what was announced: the rest passes as it is.
    Verbatim,
    /// The policy refused to go on, or a limit was exceeded: the rest is dropped.
    Over,
}

/// A limit that an answer exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// An event, or a document that must be read to its end, is too large.
    #[error("A part of the answer that the gateway must read as a whole is larger than {MAX_EVENT} bytes.")]
    Size,
    /// Too many texts go on at the same time.
    #[error("More than {MAX_CHANNELS} texts of the answer go on at the same time.")]
    Texts,
    /// Arrays and objects are nested too deeply.
    #[error("The answer is nested more than {MAX_DEPTH} levels deep.")]
    Depth,
}

/// What an answer is worked on with.
struct Context<'a> {
    engine: &'a Engine,
    caches: &'a mut Caches,
    vault: &'a Vault,
    splice: &'a mut Splice,
    budget: &'a mut Budget,
    report: &'a mut Report,
    inspects: bool,
    asked: Option<Disposition>,
}

// === impl Exceeded ===

impl Exceeded {
    /// Names it in errors and events.
    pub fn code(self) -> &'static str {
        match self {
            Exceeded::Size => "response_too_large",
            Exceeded::Texts => "response_too_complex",
            Exceeded::Depth => "response_too_deep",
        }
    }
}

// === impl ResponseStream ===

impl ResponseStream {
    /// An answer of `protocol`.
    pub fn new(protocol: Protocol, framing: Framing) -> ResponseStream {
        let mode = match framing {
            Framing::Json => Mode::Undecided,
            Framing::Sse => Mode::Events(Box::new(EventStream::sse(protocol))),
        };
        ResponseStream {
            protocol,
            splice: Splice::default(),
            mode,
            budget: Budget::default(),
            report: Report::new(),
            inspects: true,
            asked: None,
            exceeded: None,
            is_torn: false,
        }
    }

    /// The same answer with values put back and nothing else looked for.
    #[must_use]
    pub fn without_inspection(self) -> ResponseStream {
        ResponseStream { inspects: false, ..self }
    }

    /// The same answer, which says in any case what was done, and `request` of its request: the client asked for it.
    #[must_use]
    pub fn with_metadata(self, request: Disposition) -> ResponseStream {
        ResponseStream { asked: Some(request), ..self }
    }

    /// Reads the next bytes and appends what can go to the client to `out`. An answer that exceeds a limit ends with an
    /// error of its dialect.
    pub fn push(
        &mut self,
        engine: &Engine,
        caches: &mut Caches,
        vault: &Vault,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) {
        if matches!(self.mode, Mode::Over) {
            return;
        }
        let at = self.splice.end();
        self.splice.push(bytes);
        self.decide_framing();
        let withholds = self.inspects && engine.may_refuse_answers();
        let mut context = Context {
            engine,
            caches,
            vault,
            splice: &mut self.splice,
            budget: &mut self.budget,
            report: &mut self.report,
            inspects: self.inspects,
            asked: self.asked,
        };
        let until = match &mut self.mode {
            Mode::Json(document) => match document.push(&mut context, bytes, at) {
                // What has left cannot be taken back, so a document that may be refused waits for its end.
                Ok(_) if withholds && !document.is_complete() => document.begin(),
                Ok(until) => until,
                Err(error) if error.problem == JsonProblem::Depth => {
                    self.exceeded = Some(Exceeded::Depth);
                    document.begin()
                }
                Err(_not_json) => {
                    document.finish(&mut context);
                    if !context.report.is_blocked() {
                        self.mode = Mode::Verbatim;
                    }
                    self.splice.end()
                }
            },
            Mode::Events(events) => events.push(&mut context).unwrap_or_else(|exceeded| {
                self.exceeded = Some(exceeded);
                events.released()
            }),
            // White space.
            Mode::Undecided | Mode::Verbatim | Mode::Over => self.splice.end(),
        };
        // Nothing of a document that is refused leaves, complete or not.
        let until = match &self.mode {
            Mode::Json(document) if self.report.is_blocked() => document.begin(),
            // However it was cut.
            Mode::Json(document) if withholds && self.splice.end() - document.begin() > MAX_EVENT as u64 => {
                self.exceeded = Some(Exceeded::Size);
                document.begin()
            }
            _ => until,
        };
        self.splice.release(until, out);
        self.end_early(engine, out);
    }

    /// Ends the answer and appends everything that was held to `out`.
    pub fn finish(&mut self, engine: &Engine, caches: &mut Caches, vault: &Vault, out: &mut Vec<u8>) {
        let mut context = Context {
            engine,
            caches,
            vault,
            splice: &mut self.splice,
            budget: &mut self.budget,
            report: &mut self.report,
            inspects: self.inspects,
            asked: self.asked,
        };
        let until = match &mut self.mode {
            Mode::Json(document) => {
                document.finish(&mut context);
                if self.report.is_blocked() { document.begin() } else { self.splice.end() }
            }
            Mode::Events(events) => events.finish(&mut context).unwrap_or_else(|exceeded| {
                self.exceeded = Some(exceeded);
                events.released()
            }),
            Mode::Undecided | Mode::Verbatim | Mode::Over => self.splice.end(),
        };
        self.splice.release(until, out);
        self.end_early(engine, out);
        if let Mode::Events(events) = &self.mode {
            let ending = events.cut_off();
            if !ending.is_empty() {
                self.report.note_cut_off();
            }
            out.extend_from_slice(ending.as_bytes());
            if let Some(note) = events.note(self.report.note_for_client(self.asked)) {
                out.extend_from_slice(note.as_bytes());
            }
        }
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.splice.pending().len()
    }

    /// What was found so far, and what was done.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The limit that the answer exceeds, and that ended it.
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded
    }

    /// Whether the client has a part of a document that nothing can complete: only the end of its connection says so.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Gemini streams the elements of an array unless it is asked for events.
    fn decide_framing(&mut self) {
        if !matches!(self.mode, Mode::Undecided) {
            return;
        }
        let (at, pending) = (self.splice.base(), self.splice.pending());
        let Some((begin, byte)) = (at..).zip(pending).find(|(_, byte)| !is_space(**byte)) else { return };
        self.mode = match byte {
            b'[' if self.protocol == Protocol::Gemini => {
                Mode::Events(Box::new(EventStream::elements(self.protocol, begin)))
            }
            _ => Mode::Json(Box::new(DocumentStream::new(self.protocol, begin))),
        };
    }

    /// Ends an answer that the policy refuses or that exceeds a limit, in its dialect.
    fn end_early(&mut self, engine: &Engine, out: &mut Vec<u8>) {
        // A policy that changes nothing stops looking.
        if engine.mode() == Enforcement::Shadow && self.exceeded.take().is_some() {
            self.splice.release(self.splice.end(), out);
            self.mode = Mode::Verbatim;
            return;
        }
        let ending = match (&self.mode, self.exceeded) {
            (Mode::Json(document), None) if self.report.is_blocked() => document.refuse(),
            (Mode::Events(events), None) if self.report.is_blocked() => events.refuse(),
            (Mode::Json(document), Some(_)) if self.splice.base() > document.begin() => {
                self.is_torn = true;
                String::new()
            }
            (Mode::Json(document), Some(exceeded)) => document.give_up(exceeded),
            (Mode::Events(events), Some(exceeded)) => events.give_up(exceeded),
            (_, _) => return,
        };
        out.extend_from_slice(ending.as_bytes());
        self.splice.drop_pending();
        self.mode = Mode::Over;
    }
}

/// Whether values of `vault` may go to `host`.
fn trusts(engine: &Engine, vault: &Vault, host: &str) -> bool {
    vault.trusts(host) || engine.hosts.contain(host)
}

// === impl Context ===

impl Context<'_> {
    /// Whether anything but placeholders is looked for in `slot`.
    fn inspects(&self, slot: Slot) -> bool {
        self.inspects && self.engine.acts_in(Direction::Response, slot)
    }

    /// Whether `text`, if values are put into it, would take them to a host that must not know them.
    fn leads_out(&self, text: &[u8]) -> bool {
        self.vault.restores() && destination::leads_out(text, |host| trusts(self.engine, self.vault, host))
    }

    /// What the rules find in a complete text in `slot`.
    fn detect(&mut self, slot: Slot, text: &[u8]) -> Result<Vec<Match>, TooManyMatches> {
        let mut found = Vec::new();
        if self.inspects(slot) {
            let site = Site::of(Direction::Response, slot);
            self.engine.detect(self.caches, site, text, self.budget, &mut found)?;
        }
        Ok(found)
    }

    /// `text` with its values, if it has any.
    fn restored(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        if !self.vault.restores() {
            return None;
        }
        let mut placeholders = Stream::new();
        let mut found = Vec::new();
        let (scanner, cache) = (&self.engine.placeholders, &mut self.caches.placeholders);
        let vault = self.vault;
        placeholders
            .feed(scanner, cache, text, vault, |one, written| found.push((one, vault.value(written))));
        placeholders.finish(scanner, cache, vault, |one, written| found.push((one, vault.value(written))));
        let mut out = Splice::default();
        out.push(text);
        for (one, value) in found {
            out.replace(one.start..one.end, value.unwrap_or_default().into_owned());
        }
        let mut restored = Vec::new();
        out.is_edited().then(|| {
            out.release(text.len() as u64, &mut restored);
            restored
        })
    }

    /// Notes a finding; returns what is to be done about it.
    fn note(&mut self, slot: Slot, rule: RuleIndex, len: u64) -> Disposition {
        let disposition = self.engine.disposition(Direction::Response, slot, rule);
        let enforced = self.engine.mode() != Enforcement::Shadow;
        let done = if enforced { disposition } else { Disposition::Allow };
        self.report.note(Finding { rule, slot, len, disposition }, done);
        done
    }

    /// What stands in place of a finding in a text; `None` if it stays.
    fn replacement(&mut self, slot: Slot, found: Match, text: &[u8]) -> Option<Vec<u8>> {
        match self.note(slot, found.rule, found.end - found.value) {
            Disposition::Allow | Disposition::Mark | Disposition::Redact | Disposition::Block => None,
            Disposition::Defang => Some(action::defang(text).into_bytes()),
            Disposition::Sanitize => Some(
                self.engine.rule(found.rule)?.replacement.as_deref().unwrap_or_default().as_bytes().to_vec(),
            ),
        }
    }
}
