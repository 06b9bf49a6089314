//! Why a rule cannot be compiled.

use crate::limits::{MAX_CAP, MAX_FACTOR_DISTANCE, MAX_GAP_CAP, MAX_RULES};

/// A rule that the scanner refuses, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("rule `{rule}`: {reason}")]
pub struct RuleError {
    /// Id of the rule, or `*` for the set as a whole.
    pub rule: String,
    /// What is wrong and what to do about it.
    pub reason: RuleErrorReason,
}

/// What is wrong with a rule.
#[derive(Debug, thiserror::Error)]
pub enum RuleErrorReason {
    /// Not a regular expression of the supported syntax.
    #[error("the pattern is not valid: {0}")]
    Syntax(String),
    /// The pattern matches the empty text.
    #[error("the pattern matches the empty text; make it consume at least one byte")]
    Empty,
    /// The pattern can match part of a code point.
    #[error("the pattern can match part of a UTF-8 code point; write negated classes as (?u:[^…])")]
    NotUtf8,
    /// Unicode word boundaries see letters of other scripts as word characters and miss keys that follow them.
    #[error("Unicode word boundaries are not supported; use \\b outside (?u:…)")]
    UnicodeWordBoundary,
    /// The cap is out of range.
    #[error("cap {0} is outside 1..={MAX_CAP}")]
    Cap(u32),
    /// The cap is shorter than the shortest match.
    #[error("cap {cap} is shorter than the shortest match ({minimum} bytes)")]
    CapTooShort {
        /// The declared cap.
        cap: u32,
        /// Length of the shortest text that the pattern matches.
        minimum: usize,
    },
    /// The pattern can start anywhere inside a word.
    #[error("the pattern can start at {0} different letters or digits inside a word; put \\b on its left")]
    GenericStart(usize),
    /// A gap would hold back what stands in it for too long.
    #[error(
        "a long repetition matches nearly anything: exclude line breaks from it, and let the cap be {MAX_GAP_CAP} or less"
    )]
    Gap,
    /// What stands behind a value would have to be read to an end that is nowhere.
    #[error("what stands `behind` ends in a run of any length; end it with something, or limit the run")]
    OpenBehind,
    /// The fast pass would have to go too far back.
    #[error(
        "what tells the pattern apart from ordinary text ends up to {distance} bytes behind its beginning, more than \
         {MAX_FACTOR_DISTANCE}; begin with a literal, or lower the cap"
    )]
    FactorTooFar {
        /// How far, in bytes.
        distance: usize,
    },
    /// Too many rules.
    #[error("more than {MAX_RULES} rules")]
    TooMany,
    /// The rules together do not fit the automaton's limits.
    #[error("the rules together exceed the automaton's budget: {0}")]
    Budget(String),
    /// An example does not behave as the rule says. The example itself is not shown: it may look like a secret.
    #[error("{list} example {index}: {problem}")]
    Example {
        /// `match` or `no_match`.
        list: &'static str,
        /// Position in the list, from 0.
        index: usize,
        /// What happened.
        problem: &'static str,
    },
}

impl RuleErrorReason {
    /// This reason, for `rule`.
    pub(crate) fn of(self, rule: &str) -> RuleError {
        RuleError { rule: rule.to_owned(), reason: self }
    }
}
