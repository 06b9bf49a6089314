//! One text of an answer: from raw pieces of JSON strings to edits.

use super::arguments::{Argument, Arguments};
use super::judge::judge;
use super::link::Link;
use super::nest::{Nest, Nobody};
use super::{Context, trusts};
use crate::answer::AnswerText;
use crate::leak::{Copies, MIN_COPY, Seen};
use crate::splice::Splice;
use crate::text::{OffsetMap, Unescaper, escape_json_times};
use aegis_policy::Slot;
use aegis_scanner::{Match, Stream};
use std::borrow::Cow;
use std::ops::Range;

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
    /// Where the last finding that was changed begins.
    changed: Option<u64>,
    /// Copies of the prompt, if they are looked for.
    copies: Option<Box<Copies>>,
    /// What stands in place of the one that goes on, as far as it was not written yet; `None` if it stays.
    instead: Option<Vec<u8>>,
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
            Slot::ToolCallArguments if context.inspects(slot) || context.vault.restores() => {
                Watch::Arguments(Box::default())
            }
            Slot::Assistant if context.inspects(slot) => Watch::Text(Box::default()),
            _ => return Channel::restoring(context, slot),
        };
        let copies = (slot == Slot::Assistant
            && context.inspects(slot)
            && context.engine.leak().is_some()
            && context.vault.knows_prompt())
        .then(Box::default);
        Some(Channel { watch, copies, ..Channel::unwatched(slot) })
    }

    /// The channel of a text in `slot` into which values are put and that is judged elsewhere; `None` if there are none.
    pub(super) fn restoring(context: &Context<'_>, slot: Slot) -> Option<Channel> {
        context.vault.restores().then(|| Channel::unwatched(slot))
    }

    fn unwatched(slot: Slot) -> Channel {
        Channel {
            slot,
            unescaper: Unescaper::default(),
            map: OffsetMap::default(),
            nest: Nest::default(),
            end: 0,
            placeholders: Stream::new(),
            link: Link::default(),
            watch: Watch::Nothing,
            changed: None,
            copies: None,
            instead: None,
        }
    }

    /// Where the text stands.
    pub(super) fn slot(&self) -> Slot {
        self.slot
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
            let edits = self.restore(context.splice, one, value, |host| trusts(engine, vault, host));
            context.report.note_restoring(edits);
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
        self.compare(context, &[], true);
    }

    /// Judges what is there of an argument, so that what it holds can go.
    pub(super) fn relent(&mut self, context: &mut Context<'_>) {
        if let Watch::Arguments(arguments) = &mut self.watch
            && let Some(rest) = arguments.take_rest()
        {
            self.judge_one(context, &rest);
        }
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
        let found = self.found();
        self.copies.as_ref().and_then(|copies| copies.open_at()).map_or(found, |open| open.min(found))
    }

    /// Everything before this text offset was searched for placeholders and findings.
    fn found(&self) -> u64 {
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
                if let Some(from) = self.nest.push(text, at, &mut **arguments) {
                    let read = usize::try_from(from - at).unwrap_or(usize::MAX);
                    arguments.plain(from, text.get(read..).unwrap_or_default());
                }
            }
            Watch::Nothing | Watch::Text(_) => {
                self.nest.push(text, at, &mut Nobody);
            }
        }
        if context.vault.restores() {
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
                let edits = self.restore(context.splice, one, value, |host| trusts(engine, vault, host));
                context.report.note_restoring(edits);
            }
            self.link.advance(self.placeholders.settled());
        }
        match std::mem::replace(&mut self.watch, Watch::Nothing) {
            Watch::Nothing => {}
            Watch::Text(mut answer) => {
                let mut found = Vec::new();
                answer
                    .feed(context.engine, context.caches, text, |one, text| found.push((one, text.to_vec())));
                self.watch = Watch::Text(answer);
                self.change(context, &found);
            }
            Watch::Arguments(mut arguments) => {
                self.judge(context, &mut arguments);
                self.watch = Watch::Arguments(arguments);
            }
        }
        self.compare(context, text, false);
        let settled = self.settled();
        self.map.forget_before(settled);
        self.nest.forget_before(settled);
    }

    /// Puts the value where a placeholder was found. If it is spread over several strings, the first takes the value.
    /// Returns how many edits that took.
    fn restore(
        &mut self,
        splice: &mut Splice,
        found: Match,
        value: Option<Cow<'_, [u8]>>,
        trusts: impl Fn(&str) -> bool,
    ) -> usize {
        let Some(value) = value else { return 0 };
        self.keep_whole(found.start..found.end);
        self.link.advance(found.start);
        if self.link.leads_out(trusts) {
            return 0;
        }
        let mut replacement = self.escaped(found.start, &value);
        let runs = self.map.raw_runs(found.start..found.end);
        let edits = runs.len();
        for run in runs {
            splice.replace(run, std::mem::take(&mut replacement));
        }
        edits
    }

    /// Does to findings in a text what the policy says.
    fn change(&mut self, context: &mut Context<'_>, found: &[(Match, Vec<u8>)]) {
        for (one, text) in found {
            let label = usize::try_from(one.value - one.start).unwrap_or(usize::MAX);
            let text = text.get(label..).unwrap_or_default();
            let Some(mut inserted) = context.replacement(self.slot, *one, text) else { continue };
            // What is longer than its rule's cap comes in parts with one beginning: what stands for it stands there once.
            if self.changed.replace(one.start) == Some(one.start) {
                inserted.clear();
            }
            self.keep_whole(one.value..one.end);
            let mut replacement = self.escaped(one.value, &inserted);
            for run in self.map.raw_runs(one.value..one.end) {
                context.splice.supersede(run, std::mem::take(&mut replacement));
            }
        }
    }

    /// Compares what was searched of the text with the prompt, up to the text's end if that `is_over`, and cuts out what
    /// continues a copy.
    fn compare(&mut self, context: &mut Context<'_>, text: &[u8], is_over: bool) {
        let until = self.found();
        let (Some(copies), Some(rule)) = (&mut self.copies, context.engine.leak()) else { return };
        for seen in copies.read(context.vault.print(), text, until, is_over) {
            match seen {
                Seen::Copy => {
                    let found = Match { rule, start: 0, value: 0, end: MIN_COPY as u64 };
                    self.instead = context.replacement(self.slot, found, &[]);
                }
                Seen::More(span) => {
                    let Some(instead) = self.instead.as_mut().map(std::mem::take) else { continue };
                    let mut replacement = self.escaped(span.start, &instead);
                    for run in self.map.raw_runs(span) {
                        context.splice.supersede(run, std::mem::take(&mut replacement));
                    }
                }
            }
        }
    }

    /// What stands at `span` is replaced, so that a copy can have all of it or nothing.
    fn keep_whole(&mut self, span: Range<u64>) {
        if let Some(copies) = &mut self.copies {
            copies.keep_whole(span);
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
            verdict.apply(context, &self.map.raw_runs(verdict.span.clone()), depth);
        }
    }

    /// `text` as it must be written at `at`.
    fn escaped(&self, at: u64, text: &[u8]) -> Vec<u8> {
        escape_json_times(text, 1 + self.nest.depth(at))
    }
}
