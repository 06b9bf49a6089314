//! The exact machine: leftmost-longest matching over the anchored DFA, one byte at a time.
//!
//! See the crate documentation for the algorithm and why it is exact.

mod glide;

use crate::automaton::{Cache, Key, StateId};
use crate::budget::Budget;
use crate::escaped::Escaped;
use crate::look::Neighbour;
use crate::program::Program;
use crate::row;
use crate::starts::{Cursor, Queue, Starts};
use crate::{Accept, Match, RuleIndex};
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

/// The part of a text that is at hand: `bytes` begin at offset `base` of the text, and `before` is the end of what stood
/// in front of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) base: u64,
    pub(crate) bytes: &'a [u8],
    pub(crate) before: &'a [u8],
}

/// What the machine works with but does not own.
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) cache: &'a mut Cache,
    pub(crate) window: Window<'a>,
    pub(crate) accept: &'a dyn Accept,
    pub(crate) budget: &'a mut Budget,
}

/// The state of one text between two bytes.
#[derive(Debug)]
pub(crate) struct Threads {
    /// Oldest first.
    live: Vec<Thread>,
    starts: Starts,
    /// Accepted matches that an older start could still swallow: disjoint and sorted.
    pending: VecDeque<Pending>,
    /// The last pending match reached its cap in its open run, which goes on.
    overflowing: bool,
    /// Up to where that match was reported already.
    reported: u64,
    before: Neighbour,
    escaped: Escaped,
    /// Cache epoch in which the threads' states are valid, and their keys in case it ends.
    epoch: u64,
    keys: Vec<Rc<Key>>,
}

/// An accepted match.
#[derive(Debug, Clone, Copy)]
struct Pending {
    found: Match,
    /// One past its last byte, which may stand behind its value.
    until: u64,
}

#[derive(Debug, Clone, Copy)]
struct Thread {
    state: StateId,
    queue: Queue,
}

// === impl Window ===

impl<'a> Window<'a> {
    /// `start..end` of the text.
    pub(crate) fn slice(&self, start: u64, end: u64) -> &'a [u8] {
        let offset = |at: u64| at.checked_sub(self.base).and_then(|offset| usize::try_from(offset).ok());
        match (offset(start), offset(end)) {
            (Some(start), Some(end)) => self.bytes.get(start..end).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// Whether the match from `start` to `end` continues a row of numbers.
    fn is_in_row(&self, start: u64, end: u64) -> bool {
        let in_front = self.slice(self.base, start).iter().rev().chain(self.before.iter().rev());
        row::continues(self.slice(start, end), in_front.copied())
    }
}

// === impl Pending ===

impl Pending {
    /// A match from `start` to `until`, whose value is at `value` in it.
    fn new(rule: RuleIndex, start: u64, value: &Range<usize>, until: u64) -> Pending {
        let at = |offset: usize| until.min(start + offset as u64);
        Pending { found: Match { rule, start, value: at(value.start), end: at(value.end) }, until }
    }
}

/// Of a match that nobody divides any more, all.
fn whole(start: u64, end: u64) -> Range<usize> {
    0..usize::try_from(end - start).unwrap_or(usize::MAX)
}

// === impl Threads ===

impl Threads {
    /// A machine where a text stands as `before`.
    pub(crate) fn behind((escaped, before): (Escaped, Neighbour)) -> Threads {
        Threads {
            live: Vec::new(),
            starts: Starts::default(),
            pending: VecDeque::new(),
            overflowing: false,
            reported: 0,
            before,
            escaped,
            epoch: 0,
            keys: Vec::new(),
        }
    }

    /// Whether no start is alive and no match goes on: whatever was accepted is decided.
    pub(crate) fn is_idle(&self) -> bool {
        self.live.is_empty() && !self.overflowing
    }

    /// Reads the bytes at `from..to` of the text. Stops early, at `idle_from` or behind it, as soon as no start is
    /// alive. Returns the position that was reached.
    pub(crate) fn run(&mut self, context: &mut Context<'_>, from: u64, to: u64, idle_from: u64) -> u64 {
        self.enter(context);
        let mut at = from;
        while at < to {
            let ahead = context.window.slice(at, to);
            if self.is_idle() {
                let skipped = ahead.get(..context.program.starters.find(ahead)).unwrap_or_default();
                (self.escaped, self.before) = Escaped::behind((self.escaped, self.before), skipped);
                at += skipped.len() as u64;
                if at >= idle_from {
                    break;
                }
            }
            at += self.glide(context, at, to, idle_from);
            if at >= idle_from && self.is_idle() {
                break;
            }
            if let [byte, ..] = context.window.slice(at, to) {
                self.read(context, *byte, at);
                at += 1;
            }
            if at >= idle_from && self.is_idle() {
                break;
            }
        }
        self.keep_keys(context.cache);
        at
    }

    /// Reads the byte at `at`, whatever happens there.
    fn read(&mut self, context: &mut Context<'_>, byte: u8, at: u64) {
        if context.cache.is_full() {
            self.keep_keys(context.cache);
            context.cache.clear();
            self.enter(context);
        }
        self.look(context, at, Neighbour::of(byte));
        let class = usize::from(context.program.nfa.byte_classes().get(byte));
        self.step(context, byte, class, at);
        self.overflow(context, byte, at);
        if !self.overflowing && !self.escaped.is_letter(byte) {
            self.spawn(context, byte, class, at);
        }
        (self.escaped, self.before) = self.escaped.read(byte);
        self.matches(context, at + 1);
    }

    /// Ends the text at `end`: look-arounds see the edge, and no start is alive any more.
    pub(crate) fn finish(&mut self, context: &mut Context<'_>, end: u64) {
        self.enter(context);
        self.look(context, end, Neighbour::Edge);
        for thread in self.live.drain(..) {
            self.starts.drop_all(thread.queue);
        }
        self.keys.clear();
        self.overflowing = false;
    }

    /// The position before which everything is decided, given that the text was read up to `at`.
    pub(crate) fn settled(&self, at: u64) -> u64 {
        let overflowing = self.pending.back().filter(|_| self.overflowing);
        let overflowing = overflowing.map(|last| last.found.start.max(self.reported));
        let oldest = self.live.first().map(|oldest| self.starts.front(oldest.queue));
        overflowing.into_iter().chain(oldest).min().unwrap_or(at)
    }

    /// The next match that is decided, in text order.
    pub(crate) fn next_match(&mut self, settled: u64) -> Option<Match> {
        while self.pending.len() > usize::from(self.overflowing) {
            let mut next = self.pending.pop_front_if(|first| first.found.start < settled)?.found;
            // What was reported of it already ends where its value now begins.
            next.value = next.value.max(self.reported.min(next.end));
            if next.value < next.end {
                return Some(next);
            }
        }
        None
    }

    /// What is known of a match that goes on beyond its cap, if nothing but its end is open. The rest is a match that
    /// starts where this one does and has its value behind it.
    pub(crate) fn next_part(&mut self) -> Option<Match> {
        let last = self.pending.back().filter(|_| self.overflowing && self.live.is_empty())?.found;
        let value = last.value.max(self.reported);
        self.reported = last.end;
        (value < last.end).then_some(Match { value, ..last })
    }

    /// Makes the threads' states valid in the cache's current epoch.
    fn enter(&mut self, context: &mut Context<'_>) {
        if self.epoch != context.cache.epoch() {
            for (thread, key) in self.live.iter_mut().zip(self.keys.drain(..)) {
                thread.state = context.cache.intern(context.program, key);
            }
            self.epoch = context.cache.epoch();
        }
        self.keys.clear();
    }

    /// Keeps what is needed to survive a clear of the cache.
    fn keep_keys(&mut self, cache: &Cache) {
        self.keys.clear();
        self.keys.extend(self.live.iter().filter_map(|thread| cache.key(thread.state)));
    }

    /// Resolves look-arounds now that the next byte is known; matches that this completes end at `at`.
    fn look(&mut self, context: &mut Context<'_>, at: u64, ahead: Neighbour) {
        let mut looked = false;
        for thread in &mut self.live {
            if context.cache.facts(thread.state).looking {
                thread.state = context.cache.resolve(context.program, thread.state, ahead);
                looked = true;
            }
        }
        if looked {
            self.matches(context, at);
        }
    }

    /// Moves every thread over the byte at `at`.
    fn step(&mut self, context: &mut Context<'_>, byte: u8, class: usize, at: u64) {
        let mut kept = 0;
        context.cache.work += 1 + self.live.len() as u64;
        for index in 0..self.live.len() {
            let Some(&Thread { state, queue }) = self.live.get(index) else { break };
            let state = context.cache.step(context.program, state, byte, class);
            if state == StateId::DEAD {
                self.starts.drop_all(queue);
                continue;
            }
            let facts = context.cache.facts(state);
            if let Some(rule) = facts.tail
                && let Some(found) = self.capped(context, rule, queue, byte, at)
            {
                for younger in self.live.drain(index + 1..) {
                    self.starts.drop_all(younger.queue);
                }
                self.push(found);
                self.overflowing = true;
                // The same start may have a longer match of another rule yet.
                let queue = self.starts.cut_behind(queue, Starts::cursor(queue));
                if let Some(queue) = self.drop_unreachable(queue, at + 1, facts.reach) {
                    kept = self.place(kept, Thread { state, queue });
                }
                break;
            }
            let Some(queue) = self.drop_unreachable(queue, at + 1, facts.reach) else { continue };
            kept = self.place(kept, Thread { state, queue });
        }
        self.live.truncate(kept);
    }

    /// The match of `rule` that began with the oldest start of `queue` and is as long as its cap in front of `at`, where
    /// its open run goes on.
    fn capped(
        &self,
        context: &mut Context<'_>,
        rule: RuleIndex,
        queue: Queue,
        byte: u8,
        at: u64,
    ) -> Option<Pending> {
        let start = self.starts.front(queue);
        let len = at - start;
        let is_capped =
            len == u64::from(context.program.cap(rule)) && context.program.tails.goes_on(rule, byte);
        if !is_capped || self.overflows_from(start) || !context.accept.acts(rule) {
            return None;
        }
        if context.window.is_in_row(start, at) {
            return None;
        }
        let value = if context.budget.spend(len, at) {
            context.accept.accept(rule, context.window.slice(start, at))?
        } else {
            whole(start, at)
        };
        Some(Pending::new(rule, start, &value, at))
    }

    /// Whether the match that goes on began at `start` or before.
    fn overflows_from(&self, start: u64) -> bool {
        self.overflowing && self.pending.back().is_some_and(|last| last.found.start <= start)
    }

    /// Whether an earlier rule has the same match already: one that needed no look at the byte behind it.
    fn is_taken(&self, one: Pending) -> bool {
        let same = |last: &Pending| {
            (last.found.start, last.until) == (one.found.start, one.until) && last.found.rule < one.found.rule
        };
        self.pending.back().is_some_and(same)
    }

    /// Takes the byte at `at` along if it continues the open run of a match that reached its cap.
    fn overflow(&mut self, context: &Context<'_>, byte: u8, at: u64) {
        if !self.overflowing {
            return;
        }
        match self.pending.back_mut() {
            Some(last) if last.until == at && context.program.tails.goes_on(last.found.rule, byte) => {
                // A rule whose match goes on has nothing behind its value.
                (last.found.end, last.until) = (at + 1, at + 1);
            }
            _ => self.overflowing = false,
        }
    }

    /// Starts a thread at the byte at `at`.
    fn spawn(&mut self, context: &mut Context<'_>, byte: u8, class: usize, at: u64) {
        let state = context.cache.spawn(context.program, self.before, byte, class);
        if state != StateId::DEAD {
            let queue = self.starts.single(at);
            let count = self.live.len();
            self.place(count, Thread { state, queue });
        }
    }

    /// Puts `thread` behind the first `kept` threads, joining it with the last of them if both are in the same state.
    fn place(&mut self, kept: usize, thread: Thread) -> usize {
        if let Some(older) = kept.checked_sub(1).and_then(|last| self.live.get_mut(last))
            && older.state == thread.state
        {
            older.queue = self.starts.join(older.queue, thread.queue);
            return kept;
        }
        match self.live.get_mut(kept) {
            Some(slot) => *slot = thread,
            None => self.live.push(thread),
        }
        kept + 1
    }

    /// Drops starts that are more than `reach` bytes before `now`.
    fn drop_unreachable(&mut self, queue: Queue, now: u64, reach: u32) -> Option<Queue> {
        let mut queue = queue;
        while now.saturating_sub(self.starts.front(queue)) > u64::from(reach) {
            queue = self.starts.pop_front(queue)?;
        }
        Some(queue)
    }

    /// Takes the best match that ends at `end`, if any, and drops threads without a future.
    fn matches(&mut self, context: &mut Context<'_>, end: u64) {
        if !self.live.iter().any(|thread| context.cache.facts(thread.state).matched) {
            return;
        }
        for index in 0..self.live.len() {
            let Some(&thread) = self.live.get(index) else { break };
            let Some((cursor, found)) = self.first_accepted(context, thread, end) else { continue };
            if !self.overflows_from(found.found.start) && !self.is_taken(found) {
                self.push(found);
            }
            let queue = self.starts.cut_behind(thread.queue, cursor);
            if let Some(thread) = self.live.get_mut(index) {
                thread.queue = queue;
            }
            for younger in self.live.drain(index + 1..) {
                self.starts.drop_all(younger.queue);
            }
            break;
        }
        let (starts, cache) = (&mut self.starts, &*context.cache);
        self.live.retain(|thread| {
            let live = cache.facts(thread.state).live;
            if !live {
                starts.drop_all(thread.queue);
            }
            live
        });
    }

    /// Adds a match in place of those that began at its start or behind it.
    fn push(&mut self, one: Pending) {
        while self.pending.back().is_some_and(|last| last.found.start >= one.found.start) {
            self.pending.pop_back();
        }
        self.pending.push_back(one);
        self.overflowing = false;
    }

    /// The oldest start of `thread` with an accepted match that ends at `end`.
    fn first_accepted(
        &self,
        context: &mut Context<'_>,
        thread: Thread,
        end: u64,
    ) -> Option<(Cursor, Pending)> {
        // Borrowed apart from the budget, which changes while they are looked at.
        let (cache, accept, window) = (&*context.cache, context.accept, context.window);
        let rules = cache.matched(thread.state);
        if rules.is_empty() {
            return None;
        }
        let mut cursor = Some(Starts::cursor(thread.queue));
        while let Some(here) = cursor {
            let start = self.starts.at(here);
            for &rule in rules {
                let fits = end - start <= u64::from(context.program.cap(rule));
                if !fits || !accept.acts(rule) || window.is_in_row(start, end) {
                    continue;
                }
                let value = if context.budget.spend(end - start, end) {
                    accept.accept(rule, window.slice(start, end))
                } else {
                    Some(whole(start, end))
                };
                if let Some(value) = value {
                    return Some((here, Pending::new(rule, start, &value, end)));
                }
            }
            cursor = self.starts.advance(here);
        }
        None
    }
}
