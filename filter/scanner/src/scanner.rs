//! The compiled rules, and the scan of whole texts.

use crate::automaton::{self, Cache};
use crate::error::{RuleError, RuleErrorReason};
use crate::escaped::{self, Escaped};
use crate::limits::{MAX_MATCHES, SHORT_CAP};
use crate::program::{Pattern, Program};
use crate::threads::{Context, Threads, Window};
use crate::{Accept, Budget, Match};
use memchr::memmem;
use regex_automata::Input;
use regex_automata::hybrid::dfa::DFA;
use std::ops::Range;

/// The compiled rules. Immutable: everything that changes while scanning is in the [`Cache`].
#[derive(Debug)]
pub struct Scanner {
    pub(crate) program: Program,
    /// Unanchored: finds the first place where a match of any rule ends.
    forward: DFA,
    /// The largest cap up to [`SHORT_CAP`].
    short_reach: usize,
    /// Rules with a larger cap, which begin with a literal.
    long: Vec<LongRule>,
}

/// A text with more matches than anybody can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_MATCHES} matches in one text")]
pub struct TooManyMatches;

#[derive(Debug)]
struct LongRule {
    cap: usize,
    prefix: memmem::Finder<'static>,
}

// === impl Scanner ===

impl Scanner {
    /// Compiles `patterns`; a pattern's position in the list is its rule index.
    pub fn new(patterns: &[Pattern]) -> Result<Scanner, RuleError> {
        let mut program = Program::new(patterns)?;
        let forward = automaton::forward_dfa(&std::mem::take(&mut program.forward))
            .map_err(|reason| RuleErrorReason::Budget(reason).of("*"))?;
        let (mut short_reach, mut long) = (0, Vec::new());
        for facts in &program.rules {
            let cap = facts.cap as usize;
            if facts.cap <= SHORT_CAP {
                short_reach = short_reach.max(cap);
            } else {
                long.push(LongRule { cap, prefix: memmem::Finder::new(&facts.prefix).into_owned() });
            }
        }
        Ok(Scanner { program, forward, short_reach, long })
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
        let mut at = 0;
        while let Some(end) = self.first_match_end(cache, text, at) {
            let start = self.earliest_start(text, at, end);
            let before = text.get(..start).unwrap_or_default();
            let mut threads = Threads::behind(before);
            let window = Window { base: 0, bytes: text };
            let mut context = Context { program: &self.program, cache, window, accept, budget };
            at = scan_exactly(&mut threads, &mut context, start..end, found)?;
        }
        budget.end_text(text.len() as u64);
        Ok(())
    }

    /// Where the first match of any rule that begins at or behind `from` ends; `from` or later, never missed, but it
    /// may be one that [`Accept`] refuses.
    fn first_match_end(&self, cache: &mut Cache, text: &[u8], from: usize) -> Option<usize> {
        if from >= text.len() {
            return None;
        }
        if Escaped::hides(text.get(..from).unwrap_or_default()) {
            return Some(text.len().min(from + escaped::LONGEST));
        }
        let input = Input::new(text).range(from..).earliest(true);
        match self.forward.try_search_fwd(&mut cache.forward, &input) {
            Ok(half) => half.map(|half| half.offset()),
            // The lazy DFA gave up (it never does with this configuration): read everything exactly.
            Err(_) => Some(text.len()),
        }
    }

    /// A position from which the exact machine sees every match that ends at `end` or later and begins at or behind
    /// `from`, given that none ends before.
    fn earliest_start(&self, text: &[u8], from: usize, end: usize) -> usize {
        let short = from.max(end.saturating_sub(self.short_reach));
        self.long
            .iter()
            .filter_map(|rule| {
                let reach = from.max(end.saturating_sub(rule.cap));
                // The prefix may reach over `end`: the match that ends there need not be this rule's.
                let until = text.len().min(end + rule.prefix.needle().len());
                rule.prefix.find(text.get(reach..until)?).map(|offset| reach + offset)
            })
            .fold(short, usize::min)
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
