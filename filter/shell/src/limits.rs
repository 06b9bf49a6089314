//! Every limit of the shell reader, with its reason.

/// How deep scripts may lie inside each other: substitutions, subshells, `sh -c`. What is deeper is read as text.
pub(crate) const MAX_DEPTH: usize = 10;

/// Commands of one pipeline that are looked at together, and of a list that a substitution stands for.
pub(crate) const MAX_STAGES: usize = 32;

/// Words of one command that are kept. `getconf ARG_MAX` allows more, but no model writes so many.
pub(crate) const MAX_WORDS: usize = 10_000;

/// Bytes of `${…}`.
pub(crate) const MAX_PARAMETER: usize = 256;

/// Variables and written files that are remembered.
pub(crate) const MAX_REMEMBERED: usize = 64;

/// Bytes of a value that is remembered or put in place of a variable or a substitution.
pub(crate) const MAX_VALUE: usize = 16 << 10;

/// Words that one word's braces are expanded to.
pub(crate) const MAX_BRACES: usize = 64;

/// Bytes of expansions and nested scripts that are read for each byte of a text, and for every text beyond that.
pub(crate) const NESTED_PER_BYTE: usize = 4;
pub(crate) const NESTED_FREELY: usize = 16 << 10;

/// Findings in one text. What has more is dangerous enough.
pub(crate) const MAX_FINDINGS: usize = 1000;

/// Memory of the automaton of all word patterns.
pub(crate) const MAX_NFA_BYTES: usize = 2 << 20;

/// Bytes of its states that are kept.
pub(crate) const CACHE_BYTES: usize = 2 << 20;
