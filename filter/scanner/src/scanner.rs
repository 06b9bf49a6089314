//! The compiled rules, and the scan of whole texts.

use crate::automaton::Cache;
use crate::error::{RuleError, RuleErrorReason};
use crate::escaped::Position;
use crate::forward::Forward;
use crate::limits::MAX_MATCHES;
use crate::program::{Pattern, Program};
use crate::threads::{Context, Threads, Window};
use crate::{Accept, Budget, Match};
use std::ops::Range;

/// The compiled rules. Immutable: everything that changes while scanning is in the [`Cache`].
#[derive(Debug)]
pub struct Scanner {
    pub(crate) program: Program,
    /// Finds the places where a match may be.
    forward: Forward,
}

/// A text with more matches than anybody can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_MATCHES} matches in one text")]
pub struct TooManyMatches;

// === impl Scanner ===

impl Scanner {
    /// Compiles `patterns`; a pattern's position in the list is its rule index.
    pub fn new(patterns: &[Pattern]) -> Result<Scanner, RuleError> {
        let program = Program::new(patterns)?;
        let forward =
            Forward::new(&program.factors).map_err(|reason| RuleErrorReason::Budget(reason).of("*"))?;
        Ok(Scanner { program, forward })
    }

    /// A cache for this scanner. Use it with no other.
    pub fn cache(&self) -> Cache {
        Cache::new(&self.program, &self.forward)
    }

    /// Scans a whole text and appends its matches, in text order, to `found`.
    ///
    /// The matches are the same as those of a [`Stream`](crate::Stream), however the text was cut there.
    pub fn scan(
        &self,
        cache: &mut Cache,
        text: &[u8],
        accept: &dyn Accept,
        budget: &mut Budget,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        let mut from = Position::FIRST;
        // Where no factor ends no match is: those of all matches that begin at or behind `from` end there, too.
        while let Some(hit) = self.forward.find(&mut cache.forward, text, from) {
            let start = from.go_to(text, self.forward.start(text, from.at, hit));
            let mut threads = Threads::behind(start.before);
            let window = Window { base: 0, bytes: text, before: &[] };
            let mut context = Context { program: &self.program, cache, window, accept, budget };
            let end = scan_exactly(&mut threads, &mut context, start.at..hit.end, found)?;
            from = start.go_to(text, end);
        }
        budget.end_text(text.len() as u64);
        Ok(())
    }
}

/// Runs the exact machine over `span` and on until nothing is open; returns where that was.
fn scan_exactly(
    threads: &mut Threads,
    context: &mut Context<'_>,
    span: Range<usize>,
    found: &mut Vec<Match>,
) -> Result<usize, TooManyMatches> {
    let to = context.window.bytes.len();
    let mut at = span.start as u64;
    while at < to as u64 {
        // In steps, so that matches are taken out, and counted, before they are many.
        let step = (at + STEP).min(to as u64);
        at = threads.run(context, at, step, span.end as u64);
        let settled = threads.settled(at);
        take(threads, settled, found)?;
        if threads.is_idle() && at >= span.end as u64 {
            return Ok(usize::try_from(at).unwrap_or(to));
        }
    }
    threads.finish(context, to as u64);
    take(threads, u64::MAX, found)?;
    Ok(to)
}

/// Bytes between two looks at how many matches there are.
const STEP: u64 = 64 << 10;

fn take(threads: &mut Threads, settled: u64, found: &mut Vec<Match>) -> Result<(), TooManyMatches> {
    while let Some(next) = threads.next_match(settled) {
        if found.len() >= MAX_MATCHES {
            return Err(TooManyMatches);
        }
        found.push(next);
    }
    Ok(())
}
