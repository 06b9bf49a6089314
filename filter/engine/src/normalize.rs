//! Detection sees through disguise: a value is found however it is written, and cut out of the bytes that were sent.
//!
//! The views are those of [`aegis_disguise`]. They are scanned by the same rules and looked through themselves, to
//! [a depth](crate::limits::MAX_VIEW_DEPTH) and within a budget. In runs, which nobody reads by accident, only rules count
//! that are sure of what they find. Rules about the characters themselves never act in views: source code may name what
//! it must not hold.

mod merge;

use crate::limits::{MAX_VIEW_DEPTH, VIEWED_FREELY, VIEWED_PER_BYTE};
use aegis_disguise::{View, decode, inline, run, trigger};
use aegis_policy::{Confidence, Rule, Validator};
use aegis_scanner::{Accept, Budget, Cache, MAX_CAP, Match, RuleIndex, Scanner, TooManyMatches};
use std::ops::Range;

/// What a look through the disguises of one text works with.
pub(crate) struct Looker<'a> {
    pub(crate) scanner: &'a Scanner,
    pub(crate) cache: &'a mut Cache,
    pub(crate) rules: &'a [Rule],
    /// Which rules act.
    pub(crate) accept: &'a dyn Accept,
    pub(crate) budget: &'a mut Budget,
}

/// Which rules act in a view.
struct InView<'a> {
    rules: &'a [Rule],
    accept: &'a dyn Accept,
    decoded: bool,
}

/// The state of one look.
struct Look<'a, 'b> {
    looker: &'b mut Looker<'a>,
    /// Bytes of views that may still be made.
    left: usize,
}

/// How private keys begin, the only matches that reach further than [`VIEW_REACH`](aegis_disguise::limits::VIEW_REACH).
const LONG: &[u8] = b"-----BEGIN";

// === impl Looker ===

impl Looker<'_> {
    /// Adds what the views of `text` show to what the text shows itself: those of `found` from `from` on. They stay sorted
    /// and disjoint.
    pub(crate) fn look(
        &mut self,
        text: &[u8],
        from: usize,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        let left = VIEWED_FREELY.saturating_add(text.len().saturating_mul(VIEWED_PER_BYTE));
        let mut seen = Vec::new();
        Look { looker: self, left }.views(text, MAX_VIEW_DEPTH, false, &mut seen)?;
        if !seen.is_empty() {
            let mut all = found.split_off(from);
            all.extend(seen);
            found.extend(merge::disjoint(all));
        }
        Ok(())
    }
}

// === impl Look ===

impl Look<'_, '_> {
    /// Appends what the views of `text` show, as matches of `text`.
    fn views(
        &mut self,
        text: &[u8],
        depth: usize,
        decoded: bool,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        for window in trigger::windows(text) {
            let view = stretch(text, &window);
            self.read(&view, depth, decoded, found)?;
        }
        for run in run::runs(text) {
            for view in decode::views(text, run) {
                self.read(&view, depth, true, found)?;
            }
        }
        if !text.is_ascii() {
            for view in decode::tags(text) {
                self.read(&view, depth, true, found)?;
            }
        }
        Ok(())
    }

    /// Appends what `view` shows and the text behind it does not, as matches of that text.
    fn read(
        &mut self,
        view: &View,
        depth: usize,
        decoded: bool,
        found: &mut Vec<Match>,
    ) -> Result<(), TooManyMatches> {
        let Some(left) = self.left.checked_sub(view.bytes.len()) else { return Ok(()) };
        self.left = left;
        let Looker { scanner, cache, rules, accept, budget } = &mut *self.looker;
        let accept = InView { rules, accept: *accept, decoded };
        let mut inner = Vec::new();
        scanner.scan(cache, &view.bytes, &accept, budget, &mut inner)?;
        if depth > 1 {
            self.views(&view.bytes, depth - 1, decoded, &mut inner)?;
        }
        found.extend(inner.into_iter().filter_map(|one| located(view, &one)));
        Ok(())
    }
}

/// The view of `window`, and of what belongs to it if it holds a private key.
fn stretch(text: &[u8], window: &Range<usize>) -> View {
    let reach = MAX_CAP as usize;
    let before = window.start.saturating_sub(reach);
    let start = text
        .get(before..window.start)
        .and_then(|before| memchr::memmem::rfind(before, LONG))
        .map_or(window.start, |key| before + key);
    let view = inline::view(text, &(start..window.end));
    if window.end < text.len() && memchr::memmem::find(&view.bytes, LONG).is_some() {
        return inline::view(text, &(start..text.len().min(window.end + reach)));
    }
    view
}

/// Where `one`, which was found in `view`, stands in the text; `None` if it stands there as it is.
fn located(view: &View, one: &Match) -> Option<Match> {
    let offset = |at: u64| usize::try_from(at).ok();
    let whole = offset(one.start)?..offset(one.end)?;
    if !view.is_changed(&whole) {
        return None;
    }
    let value = view.source(&(offset(one.value)?..whole.end))?;
    let start = view.source(&whole)?.start;
    Some(Match { rule: one.rule, start: start as u64, value: value.start as u64, end: value.end as u64 })
}

// === impl InView ===

impl Accept for InView<'_> {
    fn acts(&self, rule: RuleIndex) -> bool {
        let acts = |rule: &Rule| {
            rule.validator != Some(Validator::UnicodeSmuggling)
                && (!self.decoded || rule.confidence == Confidence::High)
        };
        self.accept.acts(rule) && self.rules.get(usize::from(rule)).is_some_and(acts)
    }

    fn accept(&self, rule: RuleIndex, text: &[u8]) -> Option<Range<usize>> {
        self.accept.accept(rule, text)
    }
}
