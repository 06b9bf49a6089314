//! One text that arrives in pieces.

use super::ExactMatch;
use super::matcher::{ExactMatcher, Next};
use super::progress::{Progress, Text};

/// The scan of one text that arrives in pieces.
#[derive(Debug)]
pub struct ExactStream {
    progress: Progress,
    /// Text from [`ExactStream::settled`] on.
    held: Vec<u8>,
    settled: u64,
}

// === impl ExactStream ===

impl ExactStream {
    /// A stream at the beginning of a text.
    pub fn new() -> ExactStream {
        ExactStream { progress: Progress::new(), held: Vec::new(), settled: 0 }
    }

    /// Reads the next piece of the text. Calls `found` with each match that is now decided, in text order, and the
    /// matched text.
    pub fn feed(&mut self, matcher: &ExactMatcher, piece: &[u8], found: impl FnMut(ExactMatch, &[u8])) {
        let mut held = std::mem::take(&mut self.held);
        // Without open text the piece is read where it is; only what stays open is copied.
        if held.is_empty() {
            let settled = self.read(matcher, piece, false, found);
            held.extend_from_slice(piece.get(settled..).unwrap_or_default());
        } else {
            held.extend_from_slice(piece);
            let settled = self.read(matcher, &held, false, found);
            held.drain(..settled);
        }
        if held.is_empty() {
            self.progress.forget();
        }
        self.held = held;
    }

    /// Ends the text: everything is decided now.
    pub fn finish(mut self, matcher: &ExactMatcher, found: impl FnMut(ExactMatch, &[u8])) {
        let held = std::mem::take(&mut self.held);
        self.read(matcher, &held, true, found);
    }

    /// Everything before this offset is decided: no match that is not reported yet can begin before it.
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// Bytes of text that are held because a match may be open; never more than the longest value has.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Reports the matches in `bytes`, which begin at the settled offset, and returns how many of them are settled.
    fn read(
        &mut self,
        matcher: &ExactMatcher,
        bytes: &[u8],
        complete: bool,
        mut found: impl FnMut(ExactMatch, &[u8]),
    ) -> usize {
        let base = self.settled;
        let text = Text { base, bytes, complete };
        let within = |offset: u64| usize::try_from(offset.saturating_sub(base)).unwrap_or(usize::MAX);
        let mut at = base;
        self.settled = loop {
            match matcher.next(&mut self.progress, text, at) {
                Next::Match(next) => {
                    found(next, bytes.get(within(next.start)..within(next.end)).unwrap_or_default());
                    at = next.end;
                }
                Next::Settled(settled) => break settled,
            }
        };
        let settled = within(self.settled).min(bytes.len());
        self.progress.pass(bytes.get(..settled).unwrap_or_default());
        settled
    }
}

impl Default for ExactStream {
    fn default() -> ExactStream {
        ExactStream::new()
    }
}
