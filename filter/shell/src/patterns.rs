//! The patterns of all rules as one automaton, which says of a word which of them describe it.

use crate::limits::{CACHE_BYTES, MAX_NFA_BYTES};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Hir, Look};
use std::collections::HashMap;

/// A pattern, by its place.
pub(crate) type PatternIndex = usize;

/// Collects patterns.
#[derive(Default)]
pub(crate) struct Builder {
    hirs: Vec<Hir>,
    known: HashMap<String, PatternIndex>,
}

/// All patterns.
pub(crate) struct Patterns {
    dfa: DFA,
    count: usize,
}

/// Which patterns describe a word.
#[derive(Debug, Clone, Default)]
pub(crate) struct PatternSet {
    words: Vec<u64>,
}

impl Builder {
    /// The place of `pattern`.
    pub(crate) fn add(&mut self, pattern: &str) -> Result<PatternIndex, String> {
        if let Some(index) = self.known.get(pattern) {
            return Ok(*index);
        }
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .dot_matches_new_line(true)
            .build()
            .parse(pattern)
            .map_err(|error| error.to_string())?;
        let index = self.hirs.len();
        self.hirs.push(Hir::concat(vec![hir, Hir::look(Look::End)]));
        self.known.insert(pattern.to_owned(), index);
        Ok(index)
    }

    pub(crate) fn build(self) -> Result<Patterns, String> {
        let config = thompson::Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MAX_NFA_BYTES));
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_many_from_hir(&self.hirs)
            .map_err(|error| error.to_string())?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(CACHE_BYTES)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).map_err(|error| error.to_string())?;
        Ok(Patterns { dfa, count: self.hirs.len() })
    }
}

impl Patterns {
    pub(crate) fn cache(&self) -> Cache {
        self.dfa.create_cache()
    }

    /// Adds the patterns that describe `word` to `set`.
    pub(crate) fn classify(&self, cache: &mut Cache, word: &[u8], set: &mut PatternSet) {
        // The automaton gives up on nothing: it has neither quit bytes nor a limit on clearing its cache.
        self.try_classify(cache, word, set);
    }

    fn try_classify(&self, cache: &mut Cache, word: &[u8], set: &mut PatternSet) -> Option<()> {
        if self.count == 0 {
            return None;
        }
        let start = start::Config::new().anchored(Anchored::Yes);
        let mut state = self.dfa.start_state(cache, &start).ok()?;
        for byte in word {
            state = self.dfa.next_state(cache, state, *byte).ok()?;
            if state.is_dead() {
                return None;
            }
        }
        state = self.dfa.next_eoi_state(cache, state).ok()?;
        if state.is_match() {
            for index in 0..self.dfa.match_len(cache, state) {
                set.insert(self.dfa.match_pattern(cache, state, index).as_usize());
            }
        }
        Some(())
    }
}

impl PatternSet {
    fn insert(&mut self, pattern: PatternIndex) {
        let word = pattern / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= 1 << (pattern % 64);
        }
    }

    pub(crate) fn contains(&self, pattern: PatternIndex) -> bool {
        self.words.get(pattern / 64).is_some_and(|bits| bits & 1 << (pattern % 64) != 0)
    }
}

impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patterns").field("count", &self.count).finish_non_exhaustive()
    }
}
