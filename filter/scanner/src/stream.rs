//! One text that arrives in pieces.

use crate::escaped::Escaped;
use crate::limits::ROW_REACH;
use crate::threads::{Context, Threads, Window};
use crate::{Accept, Budget, Cache, Match, Scanner};

/// The scan of one text that arrives in pieces. All streams of a scanner share its cache.
#[derive(Debug)]
pub struct Stream {
    threads: Threads,
    /// Text from [`Stream::settled`] on, which begins at offset `held_from` of the text.
    held: Vec<u8>,
    held_from: u64,
    /// The last bytes in front of it.
    before: Vec<u8>,
    budget: Budget,
}

// === impl Stream ===

impl Stream {
    /// A stream at the beginning of a text.
    pub fn new() -> Stream {
        Stream {
            threads: Threads::behind(Escaped::FIRST),
            held: Vec::new(),
            held_from: 0,
            before: Vec::new(),
            budget: Budget::default(),
        }
    }

    /// Reads the next piece of the text. Calls `found` with each match that is now decided, in text order, and the
    /// matched text.
    ///
    /// A match that goes on beyond its cap is reported in parts: as soon as all but its end is decided, and then, with
    /// the same start, what `value..end` says came since.
    pub fn feed(
        &mut self,
        scanner: &Scanner,
        cache: &mut Cache,
        piece: &[u8],
        accept: &dyn Accept,
        mut found: impl FnMut(Match, &[u8]),
    ) {
        let mut held = std::mem::take(&mut self.held);
        let from = self.position_of(&held);
        // Without open text the piece is read where it is; only what stays open is copied.
        let text = if held.is_empty() {
            piece
        } else {
            held.extend_from_slice(piece);
            held.as_slice()
        };
        let window = Window { base: self.held_from, bytes: text, before: &self.before };
        let to = self.position_of(text);
        let mut context =
            Context { program: &scanner.program, cache, window, accept, budget: &mut self.budget };
        self.threads.run(&mut context, from, to, u64::MAX);
        let settled = self.threads.settled(to);
        while let Some(next) = self.threads.next_match(settled) {
            found(next, window.slice(next.start.max(window.base), next.end));
        }
        if let Some(part) = self.threads.next_part() {
            found(part, window.slice(part.start.max(window.base), part.end));
        }
        let settled = self.threads.settled(to);
        let open = window.slice(settled, to).len();
        let passed = text.get(..text.len() - open).unwrap_or_default();
        self.before.extend_from_slice(passed.get(passed.len().saturating_sub(ROW_REACH)..).unwrap_or(&[]));
        self.before.drain(..self.before.len().saturating_sub(ROW_REACH));
        if held.is_empty() {
            held.extend_from_slice(piece.get(piece.len().saturating_sub(open)..).unwrap_or(&[]));
        } else {
            held.drain(..held.len().saturating_sub(open));
        }
        self.held = held;
        self.held_from = settled;
    }

    /// Ends the text: everything is decided now.
    pub fn finish(
        mut self,
        scanner: &Scanner,
        cache: &mut Cache,
        accept: &dyn Accept,
        mut found: impl FnMut(Match, &[u8]),
    ) {
        let window = Window { base: self.held_from, bytes: &self.held, before: &self.before };
        let end = self.position_of(&self.held);
        self.threads.finish(
            &mut Context { program: &scanner.program, cache, window, accept, budget: &mut self.budget },
            end,
        );
        while let Some(next) = self.threads.next_match(u64::MAX) {
            found(next, window.slice(next.start.max(window.base), next.end));
        }
    }

    /// Everything before this offset is decided: no match that is not reported yet can begin before it. Exact: a match
    /// could still begin here, unless the whole text so far is settled.
    pub fn settled(&self) -> u64 {
        self.held_from
    }

    /// Bytes of text that are held because a match is open.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    fn position_of(&self, held: &[u8]) -> u64 {
        self.held_from + held.len() as u64
    }
}

impl Default for Stream {
    fn default() -> Stream {
        Stream::new()
    }
}
