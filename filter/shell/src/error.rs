//! Why a command rule cannot be used.

/// A rule that is refused, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("rule `{rule}`: {reason}")]
pub struct CommandError {
    /// Id of the rule, or `*` for all together.
    pub rule: String,
    /// What is wrong.
    pub reason: CommandErrorReason,
}

/// What is wrong with a command rule.
#[derive(Debug, thiserror::Error)]
pub enum CommandErrorReason {
    /// A pattern is no regular expression, or all together are too large.
    #[error("a pattern cannot be used: {0}")]
    Pattern(String),
    /// It describes no command.
    #[error("`any` needs a pipeline, and a pipeline a stage")]
    Empty,
    /// An example does not behave as the rule says.
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
