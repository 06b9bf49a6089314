//! What stays although a rule finds it.
//!
//! An allowed finding hides nothing: the text is scanned again without it, and without what lies inside it, so that a
//! finding comes to light that overlaps it and reaches beyond.

use super::key_in_front::{REACH, key_in_front};
use crate::engine::Site;
use crate::limits::{MAX_ALLOW_NFA_BYTES, MAX_ALLOW_ROUNDS};
use crate::placeholder::{DigestKey, VALUE_DIGEST_BYTES};
use aegis_policy::{CompiledAllow, HiddenText, ValueDigest};
use aegis_scanner::{Accept, Match, RuleIndex, TooManyMatches};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Hir, Look};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

/// The allowed values, patterns and keys of a policy.
pub(crate) struct AllowList {
    key: DigestKey,
    /// Sorted: length and digest.
    values: Vec<(u32, [u8; VALUE_DIGEST_BYTES])>,
    patterns: Option<(DFA, RefCell<Cache>)>,
    /// In lower case.
    keys: HashSet<Vec<u8>>,
}

/// Why a list of what is allowed cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// Not a regular expression, or one that cannot be used.
    #[error("allow.patterns[{index}]: {reason}")]
    Pattern {
        /// Position in the list.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// The patterns together are too large.
    #[error("allow.patterns: {0}")]
    Patterns(String),
    /// Not a digest.
    #[error("allow.values[{0}] is no digest")]
    Digest(usize),
}

/// A scan that leaves alone what lies in some spans of its text.
struct Sparing<'a> {
    inner: &'a dyn Accept,
    text: &'a [u8],
    spans: &'a Spans,
}

/// Spans by start, each with the furthest end so far.
#[derive(Default)]
struct Spans(Vec<(Range<usize>, usize)>);

/// The digests of `values`, sorted and without duplicates.
pub(crate) fn digests(key: &DigestKey, values: &[HiddenText]) -> Vec<ValueDigest> {
    let digest = |value: &HiddenText| {
        let text = value.reveal();
        let digest = data_encoding::BASE64URL_NOPAD.encode(&key.digest(text.as_bytes()));
        ValueDigest(u32::try_from(text.len()).unwrap_or(u32::MAX), digest)
    };
    let mut digests: Vec<ValueDigest> = values.iter().map(digest).collect();
    digests.sort();
    digests.dedup();
    digests
}

// === impl AllowList ===

impl AllowList {
    /// Reads a compiled list, whose digests were made with `key`.
    pub(crate) fn new(allow: &CompiledAllow, key: DigestKey) -> Result<AllowList, AllowError> {
        let mut values = Vec::with_capacity(allow.values.len());
        for (index, ValueDigest(len, digest)) in allow.values.iter().enumerate() {
            let digest = data_encoding::BASE64URL_NOPAD.decode(digest.as_bytes()).ok();
            let digest = digest.and_then(|digest| digest.try_into().ok());
            values.push((*len, digest.ok_or(AllowError::Digest(index))?));
        }
        values.sort_unstable();
        let keys = allow.keys.iter().map(|key| key.to_ascii_lowercase().into_bytes()).collect();
        Ok(AllowList { key, values, patterns: patterns(&allow.patterns)?, keys })
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.patterns.is_none() && self.keys.is_empty()
    }

    /// Scans `text`, which stands at `site`, with `scan` into the empty list `found`, until nothing that is allowed is found.
    pub(crate) fn apply(
        &self,
        site: Site<'_>,
        text: &[u8],
        accept: &dyn Accept,
        found: &mut Vec<Match>,
        mut scan: impl FnMut(&dyn Accept, &mut Vec<Match>) -> Result<(), TooManyMatches>,
    ) -> Result<(), TooManyMatches> {
        scan(accept, found)?;
        if self.is_empty() && site.keys.is_empty() {
            return Ok(());
        }
        let mut left_alone = Spans::default();
        for _ in 0..MAX_ALLOW_ROUNDS {
            let fresh = found.iter().filter_map(|one| {
                let value = usize::try_from(one.value).ok()?..usize::try_from(one.end).ok()?;
                self.permits(site, text, &value).then_some(value)
            });
            let fresh: Vec<Range<usize>> = fresh.collect();
            if fresh.is_empty() {
                break;
            }
            left_alone.extend(fresh);
            found.clear();
            scan(&Sparing { inner: accept, text, spans: &left_alone }, found)?;
        }
        // What is still allowed after so many rounds is treated like any other finding.
        Ok(())
    }

    /// Whether the finding `one` of `text`, which stands at `site`, stays.
    pub(crate) fn permits_match(&self, site: Site<'_>, text: &[u8], one: &Match) -> bool {
        let (Ok(start), Ok(end)) = (usize::try_from(one.value), usize::try_from(one.end)) else {
            return false;
        };
        self.permits(site, text, &(start..end))
    }

    /// Whether a finding that is `value` stays, wherever it stands.
    pub(crate) fn permits_value(&self, value: &[u8]) -> bool {
        !self.is_empty() && (self.has_value(value) || self.matches(value))
    }

    /// Whether the finding at `span` of `text` stays.
    fn permits(&self, site: Site<'_>, text: &[u8], span: &Range<usize>) -> bool {
        let Some(value) = text.get(span.clone()) else { return false };
        self.has_value(value) || self.matches(value) || self.has_key(site, text, span.start)
    }

    fn has_value(&self, value: &[u8]) -> bool {
        let Ok(len) = u32::try_from(value.len()) else { return false };
        let first = self.values.partition_point(|known| known.0 < len);
        let is_as_long = self.values.get(first).is_some_and(|known| known.0 == len);
        is_as_long && self.values.binary_search(&(len, self.key.digest(value))).is_ok()
    }

    fn matches(&self, value: &[u8]) -> bool {
        self.patterns.as_ref().is_some_and(|(dfa, cache)| {
            let input = Input::new(value).anchored(Anchored::Yes);
            dfa.try_search_fwd(&mut cache.borrow_mut(), &input).ok().flatten().is_some()
        })
    }

    fn has_key(&self, site: Site<'_>, text: &[u8], at: usize) -> bool {
        if self.keys.is_empty() && site.keys.is_empty() {
            return false;
        }
        let tail = |text: &[u8], len: usize| text.get(text.len().saturating_sub(len)..).map(<[u8]>::to_vec);
        let inside = text.get(..at).and_then(|inside| tail(inside, REACH)).unwrap_or_default();
        let mut front = tail(site.before, REACH - inside.len()).unwrap_or_default();
        front.extend(inside);
        let Some(key) = key_in_front(&front).map(<[u8]>::to_ascii_lowercase) else { return false };
        let is_of_token = || site.keys.binary_search(&self.key.field_digest(&key)).is_ok();
        self.keys.contains(&key) || (!site.keys.is_empty() && is_of_token())
    }
}

impl fmt::Debug for AllowList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllowList")
            .field("values", &self.values.len())
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// The patterns as one automaton, each from the beginning to the end of a value.
fn patterns(patterns: &[String]) -> Result<Option<(DFA, RefCell<Cache>)>, AllowError> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut hirs = Vec::with_capacity(patterns.len());
    for (index, pattern) in patterns.iter().enumerate() {
        let fail = |reason: String| AllowError::Pattern { index, reason };
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .parse(pattern)
            .map_err(|error| fail(format!("not a regular expression: {error}")))?;
        if hir.properties().minimum_len() == Some(0) {
            return Err(fail(
                "the pattern matches the empty text, and so would anything; name what is allowed".into(),
            ));
        }
        hirs.push(Hir::concat(vec![hir, Hir::look(Look::End)]));
    }
    let whole = |error: String| AllowError::Patterns(error);
    let config = thompson::Config::new()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(MAX_ALLOW_NFA_BYTES));
    let nfa = thompson::Compiler::new()
        .configure(config)
        .build_many_from_hir(&hirs)
        .map_err(|error| whole(error.to_string()))?;
    let config = DFA::config().match_kind(MatchKind::All).skip_cache_capacity_check(true);
    let dfa =
        DFA::builder().configure(config).build_from_nfa(nfa).map_err(|error| whole(error.to_string()))?;
    let cache = RefCell::new(dfa.create_cache());
    Ok(Some((dfa, cache)))
}

// === impl Sparing ===

impl Accept for Sparing<'_> {
    fn acts(&self, rule: RuleIndex) -> bool {
        self.inner.acts(rule)
    }

    fn accept(&self, rule: RuleIndex, text: &[u8]) -> Option<Range<usize>> {
        let value = self.inner.accept(rule, text)?;
        // A candidate is a part of the text. If it were not, it would be found, which is the safe side.
        let start = text.first().and_then(|first| self.text.element_offset(first));
        let spared = start.is_some_and(|start| self.spans.contain(start + value.start..start + value.end));
        (!spared).then_some(value)
    }
}

// === impl Spans ===

impl Spans {
    fn extend(&mut self, spans: Vec<Range<usize>>) {
        self.0.extend(spans.into_iter().map(|span| (span, 0)));
        self.0.sort_unstable_by_key(|(span, _)| span.start);
        let mut furthest = 0;
        for (span, end) in &mut self.0 {
            furthest = furthest.max(span.end);
            *end = furthest;
        }
    }

    /// Whether one of the spans contains `part`.
    fn contain(&self, part: Range<usize>) -> bool {
        let behind = self.0.partition_point(|(span, _)| span.start <= part.start);
        let last = behind.checked_sub(1).and_then(|index| self.0.get(index));
        last.is_some_and(|(_, furthest)| *furthest >= part.end)
    }
}
