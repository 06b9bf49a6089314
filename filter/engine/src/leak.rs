//! Copies of a request's system prompt in its answer.
//!
//! The prompt and the answer are compared by their letters and digits, so white space, punctuation, Markdown and case do
//! not matter. The prompt is cut into blocks; a hash that rolls over the answer finds any of them at any position (as
//! rsync finds blocks of a file), and from a block on the answer is compared byte by byte. A stretch counts once it is
//! longer than what is quoted in passing; it does not matter how it lies to the blocks, because it contains one of them.
//! Nothing is held back for this: the beginning of a copy has left when it counts, what continues it is cut out.

use crate::action::NOTICE;
use crate::limits::{MAX_PRINT, MAX_RUNS};
use aegis_policy::{Confidence, Direction, Disposition, Rule, Severity, Slot};
use std::collections::HashMap;
use std::ops::Range;

/// Bytes of letters and digits that one hash is about, as a power of two and as it is.
const BLOCK_BITS: u32 = 6;
const BLOCK: usize = 1 << BLOCK_BITS;

/// Letters and digits in a row, in bytes, from which on a stretch is a copy: any stretch of this length contains a block
/// whole. Some 25 words, or 42 Chinese characters.
pub(crate) const MIN_COPY: usize = 2 * BLOCK - 1;

/// Bytes of the answer that are remembered: more than [`MIN_COPY`], and a power of two.
const HISTORY: usize = 2 * BLOCK;

/// What each byte of a block multiplies the hash of those before it by: odd, with bits everywhere.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;
/// What a byte is worth that a whole block has pushed on.
const LEAVING: u64 = BASE.wrapping_pow(1 << BLOCK_BITS);

/// What a request says to the model in confidence, as an answer is compared with it.
#[derive(Default)]
pub(crate) struct Print {
    text: Vec<u8>,
    /// Hash of a block → where it begins. Of equal blocks the first.
    blocks: HashMap<u64, usize>,
    /// Everything before this is in `blocks`.
    hashed: usize,
}

/// Finds copies in one text that arrives in pieces. What it finds does not depend on how the text was cut.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    /// Text from offset `at` on that is not compared yet.
    unread: Vec<u8>,
    at: u64,
    /// Parts of it that stay or go as a whole, disjoint.
    whole: Vec<Range<u64>>,
    history: History,
    /// Places of the prompt that say what the answer says right now.
    runs: Vec<Run>,
    /// One of them is long enough to be a copy.
    is_copy: bool,
}

/// What was seen in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A stretch is now long enough to be a copy.
    Copy,
    /// This part of the text continues it.
    More(Range<u64>),
}

/// A stretch of the answer that is a stretch of the prompt.
#[derive(Debug)]
struct Run {
    /// Where it would go on in the prompt.
    next: usize,
    len: usize,
}

/// The last letters and digits of an answer.
#[derive(Debug)]
struct History {
    ring: [u8; HISTORY],
    /// How many there were in all.
    count: usize,
    /// Of the last [`BLOCK`] of them.
    hash: u64,
}

/// The rule by which policies select copies. It has no pattern: what is looked for comes with each request.
pub(crate) fn rule() -> Rule {
    Rule {
        id: "system-prompt-leak".to_owned(),
        kind: "SYSTEM_PROMPT".to_owned(),
        family: "danger.leak".to_owned(),
        description: "A stretch of the request's own system or developer prompt, to the letter.".to_owned(),
        source: "OWASP LLM07:2025".to_owned(),
        label: None,
        behind: None,
        pattern: String::new(),
        cap: 0,
        validator: None,
        directions: vec![Direction::Response],
        slots: vec![Slot::Assistant],
        action: Disposition::Sanitize,
        replacement: Some(NOTICE.to_owned()),
        outside_code: false,
        severity: Severity::High,
        // Agents quote their instructions for good reasons.
        confidence: Confidence::Low,
        matches: Vec::new(),
        no_matches: Vec::new(),
    }
}

/// Whether what stands in `slot` of a request is meant for the model only.
pub(crate) fn is_confidential(slot: Slot) -> bool {
    matches!(slot, Slot::System | Slot::Developer)
}

/// What is compared of `text`.
fn compared(text: &[u8]) -> impl Iterator<Item = u8> {
    let counts = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    text.iter().filter(move |byte| counts(byte)).map(u8::to_ascii_lowercase)
}

/// Whether something around a copy may need this character to stay well-formed: JSON, a code fence, a tag, a table.
fn is_structure(unit: &[u8]) -> bool {
    matches!(unit, [b'"' | b'\\' | b'{' | b'}' | b'[' | b']' | b'<' | b'>' | b'|' | b'`'])
}

/// Bytes of the UTF-8 character that begins with `first`.
fn width(first: u8) -> usize {
    match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0.. => 4,
        _ => 1,
    }
}

// === impl Print ===

impl Print {
    /// Adds a text, as the model gets to see it, as far as there is room.
    pub(crate) fn add(&mut self, text: &[u8]) {
        let room = MAX_PRINT.saturating_sub(self.text.len());
        self.text.extend(compared(text).take(room));
        while let Some(block) = self.text.get(self.hashed..self.hashed + BLOCK) {
            let hash =
                block.iter().fold(0u64, |hash, byte| hash.wrapping_mul(BASE).wrapping_add(u64::from(*byte)));
            self.blocks.entry(hash).or_insert(self.hashed);
            self.hashed += BLOCK;
        }
    }

    /// Whether there is nothing of which a copy could be long enough.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.len() < MIN_COPY
    }

    /// The stretch that ends here, if its last bytes are a block.
    fn run(&self, history: &History) -> Option<Run> {
        if history.count < BLOCK {
            return None;
        }
        let next = self.blocks.get(&history.hash)? + BLOCK;
        let before = self.text.get(..next).unwrap_or_default().iter().rev();
        let len = before.zip(history.backwards()).take_while(|(one, other)| *one == other).count();
        (len >= BLOCK).then_some(Run { next, len })
    }
}

// === impl Copies ===

impl Copies {
    /// The part of the text at `span`, whose end has arrived and not been compared, stays or goes as a whole.
    pub(crate) fn keep_whole(&mut self, span: Range<u64>) {
        let mut span = span;
        self.whole.retain(|other| {
            let is_apart = other.end <= span.start || span.end <= other.start;
            if !is_apart {
                span = span.start.min(other.start)..span.end.max(other.end);
            }
            is_apart
        });
        self.whole.push(span);
    }

    /// Reads the next piece, and compares the text up to offset `until`, or to its end if that `is_over`.
    pub(crate) fn read(&mut self, print: &Print, piece: &[u8], until: u64, is_over: bool) -> Vec<Seen> {
        let mut seen = Vec::new();
        self.unread.extend_from_slice(piece);
        let unread = std::mem::take(&mut self.unread);
        let mut rest = unread.as_slice();
        while let Some((unit, behind)) = self.unit(rest, until, is_over) {
            let span = self.at..self.at + unit.len() as u64;
            self.at = span.end;
            rest = behind;
            let was_copy = self.is_copy;
            if self.compare(print, unit) && !is_structure(unit) {
                match seen.last_mut() {
                    Some(Seen::More(last)) if last.end == span.start => last.end = span.end,
                    _ => seen.push(Seen::More(span)),
                }
            }
            if self.is_copy && !was_copy {
                seen.push(Seen::Copy);
            }
        }
        self.unread.extend_from_slice(rest);
        self.whole.retain(|span| span.end > self.at);
        seen
    }

    /// Where the text begins that may have to be cut out once more of it is there.
    pub(crate) fn open_at(&self) -> Option<u64> {
        (self.is_copy && !self.unread.is_empty()).then_some(self.at)
    }

    /// Splits off what is compared next, if all of it is there: a part that is kept whole, or a character.
    fn unit<'a>(&self, rest: &'a [u8], until: u64, is_over: bool) -> Option<(&'a [u8], &'a [u8])> {
        let decided = usize::try_from(until.saturating_sub(self.at)).unwrap_or(usize::MAX).min(rest.len());
        let (&first, behind) = rest.get(..decided)?.split_first()?;
        let whole = self.whole.iter().find(|span| span.contains(&self.at));
        let len = if let Some(span) = whole {
            usize::try_from(span.end - self.at).unwrap_or(usize::MAX)
        } else {
            let expected = width(first);
            let is_inner = |byte: &&u8| (0x80..0xC0).contains(*byte);
            let there = 1 + behind.iter().take(expected - 1).take_while(is_inner).count();
            if there < expected && there == decided && !is_over { expected } else { there }
        };
        if len <= decided { rest.split_at_checked(len) } else { None }
    }

    /// Compares one unit; returns whether it continues a copy that was one before it.
    fn compare(&mut self, print: &Print, unit: &[u8]) -> bool {
        let mut goes_on = self.is_copy;
        for byte in compared(unit) {
            self.history.push(byte);
            self.runs.retain_mut(|run| run.goes_on(print, byte));
            if let Some(run) = print.run(&self.history)
                && self.runs.len() < MAX_RUNS
                && self.runs.iter().all(|known| known.next != run.next)
            {
                self.runs.push(run);
            }
            self.is_copy = self.runs.iter().any(|run| run.len >= MIN_COPY);
            goes_on &= self.is_copy;
        }
        goes_on
    }
}

// === impl Run ===

impl Run {
    fn goes_on(&mut self, print: &Print, byte: u8) -> bool {
        let goes_on = print.text.get(self.next) == Some(&byte);
        self.next += 1;
        self.len += 1;
        goes_on
    }
}

// === impl History ===

impl History {
    fn push(&mut self, byte: u8) {
        let leaving = self.get(self.count.wrapping_sub(BLOCK));
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(u64::from(byte))
            .wrapping_sub(u64::from(leaving).wrapping_mul(LEAVING));
        if let Some(place) = self.ring.get_mut(self.count % HISTORY) {
            *place = byte;
        }
        self.count = self.count.wrapping_add(1);
    }

    /// What was pushed as number `index`, if that is not too long ago; 0 if nothing was.
    fn get(&self, index: usize) -> u8 {
        self.ring.get(index % HISTORY).copied().unwrap_or_default()
    }

    /// From the last to the first.
    fn backwards(&self) -> impl Iterator<Item = u8> {
        let known = self.count.min(HISTORY);
        (1..=known).map(|back| self.get(self.count - back))
    }
}

impl Default for History {
    fn default() -> History {
        History { ring: [0; HISTORY], count: 0, hash: 0 }
    }
}

#[cfg(test)]
mod tests;
