//! An answer that is a stream of events.

use super::channel::Channel;
use super::{Context, StreamError};
use crate::framing::json::{Container, JsonError, Sink, Tokenizer};
use crate::framing::sse::{Event, EventFinder};
use crate::limits::{MAX_CHANNELS, MAX_DELTAS, MAX_HELD_EVENTS, MAX_SSE_EVENT};
use crate::protocol::{Cursor, Form, Mark, NodeId, Schema};
use std::collections::VecDeque;
use std::ops::Range;

/// The walk through the events of an answer.
#[derive(Debug)]
pub(super) struct EventStream {
    schema: &'static Schema,
    finder: EventFinder,
    tokenizer: Tokenizer,
    /// Texts that go on in later events.
    channels: Vec<(ChannelId, Channel)>,
    /// Where each unreleased event begins; the last entry is the one that is not complete.
    starts: VecDeque<u64>,
}

/// Which text a delta belongs to: its path, and the indices of the entities around it (choice, tool call).
#[derive(Debug, Clone, PartialEq, Eq)]
struct ChannelId {
    node: Option<NodeId>,
    scopes: Vec<u64>,
}

/// What one event holds.
struct Contents {
    cursor: Cursor,
    begin: u64,
    scopes: Vec<Scope>,
    /// Scopes that are in no other.
    outermost: u64,
    /// Innermost open scope.
    innermost: Option<usize>,
    texts: Vec<Fragment>,
    deltas: usize,
    /// Scopes whose texts end with this event.
    ended: Vec<Option<usize>>,
}

struct Scope {
    parent: Option<usize>,
    /// Its index, or its position if it has none.
    id: u64,
    /// How many scopes are directly in it.
    children: u64,
}

struct Fragment {
    span: Range<u64>,
    form: Form,
    /// For parts of a longer text.
    delta: Option<(Option<NodeId>, Option<usize>)>,
}

// === impl EventStream ===

impl EventStream {
    pub(super) fn new(schema: &'static Schema) -> EventStream {
        EventStream {
            schema,
            finder: EventFinder::new(),
            tokenizer: Tokenizer::new(),
            channels: Vec::new(),
            starts: VecDeque::from([0]),
        }
    }

    /// Reads what was pushed to the splice; returns the offset up to which bytes can be released.
    pub(super) fn push(&mut self, context: &mut Context<'_>) -> Result<u64, StreamError> {
        while let Some(event) = self.finder.next(context.splice.pending(), context.splice.base()) {
            let end = event.end;
            self.event(context, &event);
            self.starts.push_back(end);
        }
        let incomplete = self.starts.back().copied().unwrap_or(0);
        if context.splice.end() - incomplete > MAX_SSE_EVENT as u64 {
            return Err(StreamError::EventTooLarge);
        }
        if incomplete - context.splice.base() > MAX_HELD_EVENTS {
            self.finish_channels(context, |_| true);
        }
        let open = self.channels.iter().filter_map(|(_, channel)| channel.open_at()).min();
        let until = open.unwrap_or(incomplete);
        while self.starts.get(1).is_some_and(|second| *second <= until) {
            self.starts.pop_front();
        }
        Ok(self.starts.front().copied().unwrap_or(incomplete))
    }

    /// Ends the stream, complete or not.
    pub(super) fn finish(mut self, context: &mut Context<'_>) {
        let splice = &context.splice;
        let rest = self.finder.finish(splice.pending(), splice.base(), splice.end());
        self.event(context, &rest);
        self.finish_channels(context, |_| true);
    }

    fn event(&mut self, context: &mut Context<'_>, event: &Event) {
        match self.read(context, event) {
            Ok(contents) => self.apply(context, &contents),
            // `[DONE]`, or data that is no JSON and passes as it is.
            Err(_not_json) if !event.data.is_empty() => self.finish_channels(context, |_| true),
            Err(_no_data) => {}
        }
    }

    fn read(&mut self, context: &Context<'_>, event: &Event) -> Result<Contents, JsonError> {
        let mut contents = Contents::new(self.schema);
        self.tokenizer.reset();
        for line in &event.data {
            self.tokenizer.push(context.splice.slice(line), line.start, &mut contents)?;
            self.tokenizer.push(b"\n", line.end, &mut contents)?;
        }
        self.tokenizer.finish(event.end, &mut contents)?;
        Ok(contents)
    }

    fn apply(&mut self, context: &mut Context<'_>, contents: &Contents) {
        // A model writes one text of a choice after the other (reasoning, then content): what is open in one that this
        // event does not go on with, while it goes on with another of the same choice, is over. Tool calls may
        // interleave, and their arguments end with a brace of their own.
        let deltas = contents.texts.iter().filter_map(|text| text.delta);
        let ids: Vec<ChannelId> =
            deltas.map(|(node, scope)| ChannelId { node, scopes: contents.chain(scope) }).collect();
        self.finish_channels(context, |open| {
            open.scopes.len() <= 1
                && !ids.contains(open)
                && ids.iter().any(|id| id.scopes.first() == open.scopes.first())
        });
        let mut ids = ids.into_iter();
        for text in &contents.texts {
            let raw = context.splice.slice(&text.span).to_vec();
            match text.delta {
                None => {
                    let mut channel = Channel::new(text.form);
                    channel.push(context, &raw, text.span.start);
                    channel.finish(context);
                }
                Some(_) => {
                    if let Some(channel) = ids.next().and_then(|id| self.channel(id, text.form)) {
                        channel.push(context, &raw, text.span.start);
                        channel.end_string(context);
                    }
                }
            }
        }
        for scope in &contents.ended {
            let chain = contents.chain(*scope);
            self.finish_channels(context, |id| id.scopes.starts_with(&chain));
        }
    }

    fn channel(&mut self, id: ChannelId, form: Form) -> Option<&mut Channel> {
        let index = match self.channels.iter().position(|(known, _)| *known == id) {
            Some(index) => index,
            None if self.channels.len() < MAX_CHANNELS => {
                self.channels.push((id, Channel::new(form)));
                self.channels.len() - 1
            }
            None => return None,
        };
        self.channels.get_mut(index).map(|(_, channel)| channel)
    }

    fn finish_channels(&mut self, context: &mut Context<'_>, over: impl Fn(&ChannelId) -> bool) {
        for (_, channel) in self.channels.extract_if(.., |(id, _)| over(id)) {
            channel.finish(context);
        }
    }
}

// === impl Contents ===

impl Contents {
    fn new(schema: &'static Schema) -> Contents {
        Contents {
            cursor: Cursor::new(schema),
            begin: 0,
            scopes: Vec::new(),
            outermost: 0,
            innermost: None,
            texts: Vec::new(),
            deltas: 0,
            ended: Vec::new(),
        }
    }

    /// The indices of a scope and those around it, outermost first.
    fn chain(&self, scope: Option<usize>) -> Vec<u64> {
        let mut chain = Vec::new();
        let mut at = scope;
        while let Some(scope) = at.and_then(|index| self.scopes.get(index)) {
            chain.push(scope.id);
            at = scope.parent;
        }
        chain.reverse();
        chain
    }
}

impl Sink for Contents {
    fn open(&mut self, container: Container) {
        if self.cursor.open(container) == Mark::Scope {
            let parent = self.innermost.and_then(|index| self.scopes.get_mut(index));
            let siblings = parent.map_or(&mut self.outermost, |parent| &mut parent.children);
            let id = *siblings;
            *siblings += 1;
            self.scopes.push(Scope { parent: self.innermost, id, children: 0 });
            self.innermost = Some(self.scopes.len() - 1);
        }
    }

    fn close(&mut self) {
        if self.cursor.close() == Mark::Scope {
            self.innermost =
                self.innermost.and_then(|index| self.scopes.get(index)).and_then(|scope| scope.parent);
        }
    }

    fn key(&mut self, _span: Range<u64>, raw: &[u8]) {
        self.cursor.key(raw);
    }

    fn string_begin(&mut self, at: u64) {
        self.begin = at;
    }

    fn string_piece(&mut self, _at: u64, _raw: &[u8]) {}

    fn string_end(&mut self, at: u64) {
        let span = self.begin..at;
        // Some providers send every field with every event, empty if it has nothing to say.
        if span.is_empty() {
            return;
        }
        match self.cursor.value() {
            Mark::Text(_, form) => self.texts.push(Fragment { span, form, delta: None }),
            Mark::Delta(_, form) => {
                self.deltas += 1;
                let delta = (self.deltas <= MAX_DELTAS).then(|| (self.cursor.node(), self.innermost));
                self.texts.push(Fragment { span, form, delta });
            }
            Mark::End => self.ended.push(self.innermost),
            Mark::Skip | Mark::RoleText | Mark::Role | Mark::Scope | Mark::Index => {}
        }
    }

    fn scalar(&mut self, _at: u64, raw: &[u8]) {
        if self.cursor.value() == Mark::Index
            && let Some(scope) = self.innermost.and_then(|index| self.scopes.get_mut(index))
            && let Some(id) = std::str::from_utf8(raw).ok().and_then(|raw| raw.parse().ok())
        {
            scope.id = id;
        }
    }
}
