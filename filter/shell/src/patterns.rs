//! The patterns of all rules, which describe words.

use crate::limits::{CACHE_BYTES, MAX_NFA_BYTES};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::PatternID;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Hir, Look};
use std::collections::HashMap;

/// Collects patterns.
#[derive(Default)]
pub(crate) struct Builder {
    hirs: Vec<Hir>,
    known: HashMap<String, PatternID>,
}

/// All patterns.
pub(crate) struct Patterns {
    dfa: DFA,
}

impl Builder {
    /// The name of `pattern`.
    pub(crate) fn add(&mut self, pattern: &str) -> Result<PatternID, String> {
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
        let index = PatternID::new(self.hirs.len()).map_err(|error| error.to_string())?;
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
        // Each pattern by itself: all of them at once have a state for every mixture of what they have seen.
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .starts_for_each_pattern(true)
            .cache_capacity(CACHE_BYTES)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).map_err(|error| error.to_string())?;
        Ok(Patterns { dfa })
    }
}

impl Patterns {
    pub(crate) fn cache(&self) -> Cache {
        self.dfa.create_cache()
    }

    /// Whether `pattern` describes all of `word`.
    pub(crate) fn describes(&self, cache: &mut Cache, pattern: PatternID, word: &[u8]) -> bool {
        let input = Input::new(word).anchored(Anchored::Pattern(pattern));
        // The automaton gives up on nothing: it has neither quit bytes nor a limit on clearing its cache.
        self.dfa.try_search_fwd(cache, &input).ok().flatten().is_some()
    }
}

impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patterns").field("count", &self.dfa.pattern_len()).finish_non_exhaustive()
    }
}
