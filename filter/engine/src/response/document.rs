//! An answer that is one JSON document.

use super::arguments::Arguments;
use super::channel::Channel;
use super::ending::Facts;
use super::judge::judge;
use super::{Context, Exceeded};
use crate::framing::json::{Container, JsonError, Sink, Tokenizer};
use crate::limits::{MAX_FACT, MAX_HELD};
use crate::protocol::{Cursor, Fact, Mark, Protocol};
use aegis_policy::Slot;
use std::ops::Range;

/// The walk through a document that arrives in pieces.
#[derive(Debug)]
pub(super) struct DocumentStream {
    begin: u64,
    tokenizer: Tokenizer,
    walk: Walk,
}

#[derive(Debug)]
struct Walk {
    cursor: Cursor,
    /// The text that is being read.
    channel: Option<Channel>,
    /// The arguments that are being read, and how many arrays and objects are open in them.
    arguments: Option<(Arguments, usize)>,
    /// A value of the document's own that is being read.
    own: Option<(Fact, Vec<u8>)>,
    facts: Facts,
    /// The outermost object has members.
    has_members: bool,
}

struct Listener<'a, 'c> {
    walk: &'a mut Walk,
    context: &'a mut Context<'c>,
}

// === impl DocumentStream ===

impl DocumentStream {
    /// A document that begins at this offset.
    pub(super) fn new(protocol: Protocol, begin: u64) -> DocumentStream {
        DocumentStream {
            begin,
            tokenizer: Tokenizer::new(),
            walk: Walk {
                cursor: Cursor::new(&protocol.schemas().response),
                channel: None,
                arguments: None,
                own: None,
                facts: Facts::new(protocol),
                has_members: false,
            },
        }
    }

    /// Reads `bytes`, which begin at offset `at`; returns the offset up to which bytes can be released.
    pub(super) fn push(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        at: u64,
    ) -> Result<u64, JsonError> {
        self.tokenizer.push(bytes, at, &mut Listener { walk: &mut self.walk, context })?;
        let end = context.splice.end();
        let mut open = self.walk.open_at(end);
        if end - open.min(end) > MAX_HELD {
            self.walk.relent(context);
            open = self.walk.open_at(end);
        }
        Ok(open)
    }

    /// Ends the document, complete or not.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        if let Some(channel) = self.walk.channel.take() {
            channel.finish(context);
        }
        if let Some((mut arguments, _)) = self.walk.arguments.take() {
            arguments.finish();
            Listener { walk: &mut self.walk, context }.judge(&mut arguments);
        }
    }

    /// Where it begins.
    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    /// Whether nothing but white space can follow.
    pub(super) fn is_complete(&self) -> bool {
        self.walk.cursor.depth() == 0 && self.walk.has_members
    }

    /// The document that stands for this one if the policy refuses it.
    pub(super) fn refuse(&self) -> String {
        self.walk.facts.refuse_document()
    }

    /// The document that stands for this one if it exceeds a limit.
    pub(super) fn give_up(&self, exceeded: Exceeded) -> String {
        self.walk.facts.give_up_document(exceeded)
    }
}

// === impl Walk ===

impl Walk {
    fn open_at(&self, end: u64) -> u64 {
        let text = self.channel.as_ref().and_then(Channel::open_at).unwrap_or(end);
        let arguments = self.arguments.as_ref().and_then(|(arguments, _)| arguments.open_at()).unwrap_or(end);
        text.min(arguments)
    }

    fn relent(&mut self, context: &mut Context<'_>) {
        let rest = self.arguments.as_mut().and_then(|(arguments, _)| arguments.take_rest());
        let end = context.splice.end();
        if let Some(mut channel) = self.channel.take() {
            if channel.open_at().is_some_and(|open| end - open > MAX_HELD) {
                channel.relent(context);
            }
            if channel.open_at().is_some_and(|open| end - open > MAX_HELD) {
                channel.finish(context);
            } else {
                self.channel = Some(channel);
            }
        }
        let verdicts = rest.map(|rest| judge(context, &rest)).unwrap_or_default();
        for verdict in verdicts {
            verdict.apply(context, std::slice::from_ref(&verdict.span), 1);
        }
    }
}

// === impl Listener ===

impl Listener<'_, '_> {
    fn judge(&mut self, arguments: &mut Arguments) {
        for argument in arguments.take_complete() {
            for verdict in judge(self.context, &argument) {
                verdict.apply(self.context, std::slice::from_ref(&verdict.span), 1);
            }
        }
    }

    /// Learns a value of the document's own. What comes behind something that is refused may not have come yet.
    fn learn(&mut self, fact: Fact, written: &[u8]) {
        if !self.context.report.is_blocked() {
            self.walk.facts.learn(fact, written);
        }
    }

    /// Tells the arguments that are being read what comes.
    fn hear(&mut self, tell: impl FnOnce(&mut Arguments)) {
        if let Some((mut arguments, depth)) = self.walk.arguments.take() {
            tell(&mut arguments);
            self.judge(&mut arguments);
            self.walk.arguments = Some((arguments, depth));
        }
    }
}

impl Sink for Listener<'_, '_> {
    fn open(&mut self, container: Container) {
        let mark = self.walk.cursor.open(container);
        if let Some((_, depth)) = &mut self.walk.arguments {
            *depth += 1;
        } else if mark == Mark::Arguments {
            self.walk.arguments = Some((Arguments::default(), 1));
        }
        self.hear(|arguments| arguments.open(container));
    }

    fn close(&mut self, at: u64) {
        self.walk.cursor.close();
        self.hear(|arguments| arguments.close(at));
        if let Some((_, depth)) = &mut self.walk.arguments {
            *depth -= 1;
            if *depth == 0 {
                self.hear(Arguments::finish);
                self.walk.arguments = None;
            }
        }
        if self.walk.cursor.depth() == 0 && self.walk.has_members && self.walk.facts.takes_note() {
            let note = self.context.report.note_for_client(self.context.asked);
            let member = note.map(|note| format!(r#","aegisgate":{note}"#)).unwrap_or_default();
            self.context.splice.replace(at..at, member.into_bytes());
        }
    }

    fn key(&mut self, span: Range<u64>, raw: &[u8]) {
        self.walk.cursor.key(raw);
        self.walk.has_members = true;
        self.hear(|arguments| arguments.key(span, raw));
    }

    fn string_begin(&mut self, at: u64) {
        self.hear(|arguments| arguments.string_begin(at));
        self.walk.channel = match self.walk.cursor.value() {
            Mark::Text(slot, _) if self.walk.arguments.is_some() => Channel::restoring(self.context, slot),
            Mark::Text(slot, _) | Mark::Delta(slot) => Channel::new(self.context, slot),
            Mark::Arguments => Channel::new(self.context, Slot::ToolCallArguments),
            Mark::Fact(fact) => {
                self.walk.own = Some((fact, b"\"".to_vec()));
                None
            }
            _ => None,
        };
    }

    fn string_piece(&mut self, at: u64, raw: &[u8]) {
        self.hear(|arguments| arguments.string_piece(at, raw));
        if let Some(channel) = &mut self.walk.channel {
            channel.push(self.context, raw, at);
        }
        if let Some((_, written)) = &mut self.walk.own
            && written.len() <= MAX_FACT
        {
            written.extend_from_slice(raw);
        }
    }

    fn string_end(&mut self, at: u64) {
        // Values are put in before the argument is judged, which may take them out again.
        if let Some(channel) = self.walk.channel.take() {
            channel.finish(self.context);
        }
        self.hear(|arguments| arguments.string_end(at));
        if let Some((fact, mut written)) = self.walk.own.take() {
            written.push(b'"');
            self.learn(fact, &written);
        }
    }

    fn scalar(&mut self, at: u64, raw: &[u8]) {
        self.hear(|arguments| arguments.scalar(at, raw));
        if let Mark::Fact(fact) = self.walk.cursor.value()
            && raw != b"null"
        {
            self.learn(fact, raw);
        }
    }
}
