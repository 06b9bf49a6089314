//! One text of an answer: from raw pieces of JSON strings to edits.

use super::{Context, trusts};
use super::arguments::{Argument, Arguments};
use super::judge::judge;
use super::link::Link;
use super::nest::{Nest, Nobody};
use crate::answer::AnswerText;
use crate::splice::Splice;
use crate::text::{OffsetMap, Unescaper, escape_json_times};
use aegis_policy::Slot;
use aegis_scanner::{Match, Stream};

/// A text that is written in one or more JSON strings.
#[derive(Debug)]
pub(super) struct Channel {
    slot: Slot,
    unescaper: Unescaper,
    map: OffsetMap,
    nest: Nest,
    /// Length of the text so far.
    end: u64,
    /// Placeholders and, in what people read, where they would lead.
    placeholders: Stream,
    link: Link,
    watch: Watch,
}

/// What is looked for beside placeholders.
#[derive(Debug)]
enum Watch {
    Nothing,
    /// Findings in what people read.
    Text(Box<AnswerText>),
    /// Findings in what a tool does.
    Arguments(Box<Arguments>),
}

// === impl Channel ===

impl Channel {
    /// The channel of a text in `slot`; `None` if nothing is looked for in it.
    pub(super) fn new(context: &Context<'_>, slot: Slot) -> Option<Channel> {
        let watch = match slot {
            Slot::ToolCallArguments if context.inspects(slot) || !context.vault.is_empty() => {
                Watch::Arguments(Box::default())
            }
            Slot::Assistant if context.inspects(slot) => Watch::Text(Box::default()),
            _ if context.vault.is_empty() => return None,
            _ => Watch::Nothing,
        };
        Some(Channel {
            slot,
            unescaper: Unescaper::default(),
            map: OffsetMap::default(),
            nest: Nest::default(),
            end: 0,
            placeholders: Stream::new(),
            link: Link::default(),
            watch,
        })
    }

    /// Reads raw bytes of a string, which begin at offset `at`.
    pub(super) fn push(&mut self, context: &mut Context<'_>, raw: &[u8], at: u64) {
        if let Some(text) = self.unescaper.literal(raw, at, &mut self.map) {
            self.feed(context, text);
            return;
        }
        let mut text = Vec::with_capacity(raw.len());
        self.unescaper.push(raw, at, &mut text, &mut self.map);
        self.feed(context, &text);
    }

    /// Ends one string; the text may go on in another.
    pub(super) fn end_string(&mut self, context: &mut Context<'_>) {
        let mut text = Vec::new();
        self.unescaper.finish(&mut text, &mut self.map);
        self.feed(context, &text);
    }

    /// Ends the text.
    pub(super) fn finish(mut self, context: &mut Context<'_>) {
        self.end_string(context);
        let Context { engine, caches, vault, .. } = context;
        let mut found = Vec::new();
        std::mem::take(&mut self.placeholders).finish(
            &engine.placeholders,
            &mut caches.placeholders,
            *vault,
            |one, written| found.push((one, vault.value(written))),
        );
        for (one, value) in found {
            self.restore(context.splice, one, value, |host| trusts(engine, vault, host));
        }
        match std::mem::replace(&mut self.watch, Watch::Nothing) {
            Watch::Nothing => {}
            Watch::Text(text) => {
                let mut found = Vec::new();
                text.finish(context.engine, context.caches, |one, text| found.push((one, text.to_vec())));
                self.change(context, &found);
            }
            Watch::Arguments(mut arguments) => {
                arguments.finish();
                self.judge(context, &mut arguments);
            }
        }
    }

    /// Gives up waiting: what is open of an argument is judged as it is, so that what is held can go. Returns whether the
    /// channel can go on.
    pub(super) fn relent(&mut self, context: &mut Context<'_>) -> bool {
        let Watch::Arguments(arguments) = &mut self.watch else { return false };
        let mut arguments = std::mem::take(arguments);
        if let Some(rest) = arguments.take_rest() {
            self.judge_one(context, &rest);
        }
        self.watch = Watch::Arguments(arguments);
        true
    }

    /// Raw offset from which on nothing may be released; `None` if nothing is open.
    pub(super) fn open_at(&self) -> Option<u64> {
        let settled = self.settled();
        let held = if settled < self.end { self.map.raw_start(settled) } else { None };
        match (held, self.unescaper.open_at()) {
            (Some(held), Some(open)) => Some(held.min(open)),
            (held, open) => held.or(open),
        }
    }

    /// Everything before this text offset is decided.
    fn settled(&self) -> u64 {
        let settled = if self.placeholders.held() > 0 { self.placeholders.settled() } else { self.end };
        let watched = match &self.watch {
            Watch::Text(text) if text.held() > 0 => text.settled(),
            Watch::Arguments(arguments) => arguments.open_at().unwrap_or(self.end),
            Watch::Nothing | Watch::Text(_) => self.end,
        };
        settled.min(watched)
    }

    fn feed(&mut self, context: &mut Context<'_>, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let at = self.end;
        self.end += text.len() as u64;
        match &mut self.watch {
            Watch::Arguments(arguments) => {
                if !self.nest.push(text, at, &mut **arguments) {
                    arguments.plain(at, text);
                }
            }
            Watch::Nothing | Watch::Text(_) => {
                self.nest.push(text, at, &mut Nobody);
            }
        }
        if !context.vault.is_empty() {
            if self.slot != Slot::ToolCallArguments {
                self.link.push(text);
            }
            let Context { engine, caches, vault, .. } = context;
            let mut found = Vec::new();
            let cache = &mut caches.placeholders;
            self.placeholders.feed(&engine.placeholders, cache, text, *vault, |one, written| {
                found.push((one, vault.value(written)));
            });
            for (one, value) in found {
                self.restore(context.splice, one, value, |host| trusts(engine, vault, host));
            }
            self.link.advance(self.placeholders.settled());
        }
        match std::mem::replace(&mut self.watch, Watch::Nothing) {
            Watch::Nothing => {}
            Watch::Text(mut answer) => {
                let mut found = Vec::new();
                answer.feed(context.engine, context.caches, text, |one, text| found.push((one, text.to_vec())));
                self.watch = Watch::Text(answer);
                self.change(context, &found);
            }
            Watch::Arguments(mut arguments) => {
                self.judge(context, &mut arguments);
                self.watch = Watch::Arguments(arguments);
            }
        }
        let settled = self.settled();
        self.map.forget_before(settled);
        self.nest.forget_before(settled);
    }

    /// Puts the value where a placeholder was found. If it is spread over several strings, the first takes the value.
    fn restore(&mut self, splice: &mut Splice, found: Match, value: Option<&[u8]>, trusts: impl Fn(&str) -> bool) {
        let Some(value) = value else { return };
        self.link.advance(found.start);
        if self.link.leads_out(trusts) {
            return;
        }
        let mut replacement = self.escaped(found.start, value);
        for run in self.map.raw_runs(found.start..found.end) {
            splice.replace(run, std::mem::take(&mut replacement));
        }
    }

    /// Does to findings in a text what the policy says.
    fn change(&mut self, context: &mut Context<'_>, found: &[(Match, Vec<u8>)]) {
        for (one, text) in found {
            let label = usize::try_from(one.value - one.start).unwrap_or(usize::MAX);
            let text = text.get(label..).unwrap_or_default();
            let Some(inserted) = context.replacement(self.slot, *one, text) else { continue };
            let mut replacement = self.escaped(one.value, &inserted);
            for run in self.map.raw_runs(one.value..one.end) {
                context.splice.supersede(run, std::mem::take(&mut replacement));
            }
        }
    }

    /// Judges the arguments that are complete.
    fn judge(&mut self, context: &mut Context<'_>, arguments: &mut Arguments) {
        for argument in arguments.take_complete() {
            self.judge_one(context, &argument);
        }
    }

    fn judge_one(&mut self, context: &mut Context<'_>, argument: &Argument) {
        for verdict in judge(context, argument) {
            let depth = 1 + self.nest.depth(verdict.span.start);
            verdict.apply(context.splice, &self.map.raw_runs(verdict.span.clone()), depth);
        }
    }

    /// `text` as it must be written at `at`.
    fn escaped(&self, at: u64, text: &[u8]) -> Vec<u8> {
        escape_json_times(text, 1 + self.nest.depth(at))
    }
}
