//! An answer that is a stream of events.

use super::channel::Channel;
use super::contents::{ChannelId, Contents};
use super::ending::Facts;
use super::judge::judge;
use super::{Context, Exceeded};
use crate::framing::Event;
use crate::framing::elements::ElementFinder;
use crate::framing::json::{JsonError, JsonProblem, Tokenizer};
use crate::framing::sse::EventFinder;
use crate::limits::{MAX_CHANNELS, MAX_EVENT, MAX_HELD};
use crate::protocol::{Fact, Protocol, Schema};
use aegis_policy::Slot;
use std::collections::VecDeque;

/// The walk through the events of an answer.
#[derive(Debug)]
pub(super) struct EventStream {
    schema: &'static Schema,
    finder: Finder,
    tokenizer: Tokenizer,
    /// Texts that go on in later events.
    channels: Vec<(ChannelId, Channel)>,
    /// Where each unreleased event begins; the last entry is the one that is not complete.
    starts: VecDeque<u64>,
    /// What the client will know when it has each of the complete ones.
    unreleased: VecDeque<News>,
    /// The stream ended in the middle of an event.
    is_torn: bool,
    facts: Facts,
}

/// What a client knows by an event.
#[derive(Debug, Default)]
struct News {
    /// A number that the next event's must be above.
    sequence: Vec<u8>,
    /// Choices, content blocks or candidates that it is about.
    entities: Vec<u64>,
    /// Those that are over.
    ended: Vec<Option<u64>>,
    /// It is the dialect's last event.
    is_last: bool,
    has_data: bool,
}

/// How events are told apart.
#[derive(Debug)]
enum Finder {
    Sse(EventFinder),
    Elements(ElementFinder),
}

// === impl EventStream ===

impl EventStream {
    /// Server-sent events.
    pub(super) fn sse(protocol: Protocol) -> EventStream {
        EventStream::new(protocol, Finder::Sse(EventFinder::new()))
    }

    /// The elements of an array that begins at this offset.
    pub(super) fn elements(protocol: Protocol, begin: u64) -> EventStream {
        let stream = EventStream::new(protocol, Finder::Elements(ElementFinder::new(begin)));
        EventStream { starts: VecDeque::from([begin]), ..stream }
    }

    fn new(protocol: Protocol, finder: Finder) -> EventStream {
        EventStream {
            schema: &protocol.schemas().response,
            finder,
            tokenizer: Tokenizer::new(),
            channels: Vec::new(),
            starts: VecDeque::from([0]),
            unreleased: VecDeque::new(),
            is_torn: false,
            facts: Facts::new(protocol),
        }
    }

    /// Reads what was pushed to the splice; returns the offset up to which bytes can be released. If the policy refuses
    /// an event, nothing behind that offset may be.
    pub(super) fn push(&mut self, context: &mut Context<'_>) -> Result<u64, Exceeded> {
        while let Some(event) = self.finder.next(context.splice.pending(), context.splice.base()) {
            let end = event.end;
            self.check_size(end)?;
            let news = self.event(context, &event)?;
            if context.report.is_blocked() {
                return Ok(self.released());
            }
            self.starts.push_back(end);
            self.unreleased.push_back(news);
            self.forget_released(context);
        }
        self.check_size(context.splice.end())?;
        Ok(self.released())
    }

    /// The event that is read now reaches to `end` at least.
    fn check_size(&self, end: u64) -> Result<(), Exceeded> {
        let begin = self.starts.back().copied().unwrap_or(0);
        if end - begin > MAX_EVENT as u64 { Err(Exceeded::Size) } else { Ok(()) }
    }

    /// Ends the stream, complete or not; returns the offset up to which bytes can be released.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) -> Result<u64, Exceeded> {
        let (base, end) = (context.splice.base(), context.splice.end());
        let rest = self.finder.finish(context.splice.pending(), base, end);
        let unfinished = context.splice.slice(&(self.starts.back().copied().unwrap_or(end)..end));
        self.is_torn = unfinished.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        let news = self.event(context, &rest)?;
        if !context.report.is_blocked() {
            self.finish_channels(context, |_, _| true);
        }
        if context.report.is_blocked() {
            return Ok(self.released());
        }
        self.unreleased.push_back(news);
        while let Some(news) = self.unreleased.pop_front() {
            self.tell(&news);
        }
        Ok(end)
    }

    /// How a stream that the policy refuses to continue ends.
    pub(super) fn refuse(&self) -> String {
        match self.finder {
            Finder::Sse(_) => self.facts.refuse_stream(),
            Finder::Elements(_) => self.facts.refuse_array(),
        }
    }

    /// How a stream that exceeds a limit ends.
    pub(super) fn give_up(&self, exceeded: Exceeded) -> String {
        match self.finder {
            Finder::Sse(_) => self.facts.give_up_stream(exceeded),
            Finder::Elements(_) => self.facts.give_up_array(exceeded),
        }
    }

    /// How a stream that the upstream ended early ends.
    pub(super) fn cut_off(&self) -> String {
        match self.finder {
            Finder::Sse(_) if self.is_torn => {
                let ending = self.facts.cut_off();
                if ending.is_empty() { ending } else { format!("\n\n{ending}") }
            }
            Finder::Sse(_) => self.facts.cut_off(),
            // Without its last bracket no array is complete.
            Finder::Elements(_) => String::new(),
        }
    }

    /// What the client is told behind the last event: a comment, which is no event to a client.
    pub(super) fn note(&self, note: Option<String>) -> Option<String> {
        match self.finder {
            // The last line may have no end.
            Finder::Sse(_) if self.facts.takes_comment() => {
                let line_end = if self.is_torn && self.cut_off().is_empty() { "\n\n" } else { "" };
                note.map(|note| format!("{line_end}: aegisgate {note}\n\n"))
            }
            Finder::Sse(_) | Finder::Elements(_) => None,
        }
    }

    /// The offset up to which bytes can be released.
    pub(super) fn released(&self) -> u64 {
        self.starts.front().copied().unwrap_or(0)
    }

    /// Forgets the starts of events that no text holds any more.
    fn forget_released(&mut self, context: &mut Context<'_>) {
        let incomplete = self.starts.back().copied().unwrap_or(0);
        let open = |channels: &[(ChannelId, Channel)]| {
            channels.iter().filter_map(|(_, channel)| channel.open_at()).min().unwrap_or(incomplete)
        };
        let mut until = open(&self.channels);
        if incomplete - until.min(incomplete) > MAX_HELD {
            self.channels.iter_mut().for_each(|(_, channel)| channel.relent(context));
            until = open(&self.channels);
        }
        if incomplete - until.min(incomplete) > MAX_HELD {
            self.finish_channels(context, |_, _| true);
            until = incomplete;
        }
        while self.starts.get(1).is_some_and(|second| *second <= until) {
            self.starts.pop_front();
            if let Some(news) = self.unreleased.pop_front() {
                self.tell(&news);
            }
        }
    }

    fn event(&mut self, context: &mut Context<'_>, event: &Event) -> Result<News, Exceeded> {
        Ok(match self.read(context, event) {
            Ok(contents) => self.apply(context, &contents)?,
            Err(error) if error.problem == JsonProblem::Depth => return Err(Exceeded::Depth),
            // `[DONE]`, or data that is no JSON and passes as it is.
            Err(_not_json) if !event.data.is_empty() => {
                let is_last = event.data.iter().any(|line| context.splice.slice(line) == b"[DONE]");
                self.finish_channels(context, |_, _| true);
                News { is_last, has_data: true, ..News::default() }
            }
            Err(_no_data) => News::default(),
        })
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

    fn apply(&mut self, context: &mut Context<'_>, contents: &Contents) -> Result<News, Exceeded> {
        let ids: Vec<ChannelId> = contents.texts().filter_map(|(_, _, id)| id).collect();
        // A model writes one text of a choice after the other (reasoning, then content): what is open in one that this
        // event does not go on with, while it goes on with another of the same choice, is over. Tool calls may
        // interleave, and their arguments end with a brace of their own.
        self.finish_channels(context, |open, channel| {
            open.scopes.len() <= 1
                && channel.slot() != Slot::ToolCallArguments
                && !ids.contains(open)
                && ids.iter().any(|id| id.scopes.first() == open.scopes.first())
        });
        let ended: Vec<Vec<u64>> = contents.ended().collect();
        // A text that ends by its kind is repeated whole in the same event: what is open of it comes first.
        if ids.is_empty() {
            self.end(context, &ended);
        }
        for (text, slot, id) in contents.texts() {
            let raw = context.splice.slice(&text.span).to_vec();
            match id {
                None => {
                    let channel = if text.is_argument() {
                        Channel::restoring(context, slot)
                    } else {
                        Channel::new(context, slot)
                    };
                    if let Some(mut channel) = channel {
                        channel.push(context, &raw, text.span.start);
                        channel.finish(context);
                    }
                }
                Some(id) => {
                    if let Some(channel) = self.channel(context, id, slot)? {
                        channel.push(context, &raw, text.span.start);
                        channel.end_string(context);
                    }
                }
            }
        }
        // Values are put in before the arguments are judged, which may take them out again.
        for argument in &contents.complete_arguments {
            for verdict in judge(context, argument) {
                verdict.apply(context, std::slice::from_ref(&verdict.span), 1);
            }
        }
        self.end(context, &ended);
        Ok(self.learn(context, contents, &ended))
    }

    /// Ends the texts of what an event ends.
    fn end(&mut self, context: &mut Context<'_>, ended: &[Vec<u64>]) {
        for scopes in ended {
            self.finish_channels(context, |id, _| id.scopes.starts_with(scopes));
        }
    }

    /// Learns who answers. What else the event says counts once the client has it.
    fn learn(&mut self, context: &Context<'_>, contents: &Contents, ended: &[Vec<u64>]) -> News {
        let mut news = News { has_data: true, entities: contents.entities().collect(), ..News::default() };
        for own in &contents.facts {
            let written = context.splice.slice(&own.span);
            match own.fact {
                Fact::Sequence => news.sequence = written.to_vec(),
                fact => self.facts.learn(fact, written),
            }
        }
        // What ends inside a choice ends no choice.
        news.ended =
            ended.iter().filter(|scopes| scopes.len() <= 1).map(|scopes| scopes.first().copied()).collect();
        news
    }

    /// The client gets the next event.
    fn tell(&mut self, news: &News) {
        self.facts.began |= news.has_data;
        self.facts.ended |= news.is_last;
        self.facts.learn(Fact::Sequence, &news.sequence);
        news.entities.iter().for_each(|entity| self.facts.open(*entity));
        news.ended.iter().for_each(|entity| self.facts.close(entity.as_ref()));
    }

    /// The text `id`, which may begin here; `None` if nothing is looked for in it.
    fn channel(
        &mut self,
        context: &Context<'_>,
        id: ChannelId,
        slot: Slot,
    ) -> Result<Option<&mut Channel>, Exceeded> {
        let known = self.channels.iter().position(|(known, _)| *known == id);
        let index = known.unwrap_or(self.channels.len());
        if known.is_none() {
            let Some(channel) = Channel::new(context, slot) else { return Ok(None) };
            // What is not followed would pass unsearched.
            if index >= MAX_CHANNELS {
                return Err(Exceeded::Texts);
            }
            self.channels.push((id, channel));
        }
        Ok(self.channels.get_mut(index).map(|(_, channel)| channel))
    }

    fn finish_channels(&mut self, context: &mut Context<'_>, over: impl Fn(&ChannelId, &Channel) -> bool) {
        for (_, channel) in self.channels.extract_if(.., |(id, channel)| over(id, channel)) {
            channel.finish(context);
        }
    }
}

// === impl Finder ===

impl Finder {
    fn next(&mut self, buffer: &[u8], base: u64) -> Option<Event> {
        match self {
            Finder::Sse(finder) => finder.next(buffer, base),
            Finder::Elements(finder) => finder.next(buffer, base),
        }
    }

    fn finish(&mut self, buffer: &[u8], base: u64, end: u64) -> Event {
        match self {
            Finder::Sse(finder) => finder.finish(buffer, base, end),
            Finder::Elements(finder) => finder.finish(end),
        }
    }
}
