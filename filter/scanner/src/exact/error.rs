//! Why values or their compiled form are refused. Nothing here shows a value.

use aegis_policy::{MAX_EXACT_BYTES, MAX_EXACT_VALUES, MIN_EXACT_BYTES};

/// Why values cannot be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExactValueError {
    /// More values than a worker has memory for.
    #[error("{0} exact values; at most {MAX_EXACT_VALUES} are possible")]
    TooMany(usize),
    /// A value that would be found everywhere.
    #[error("exact value {index} has {len} bytes; use at least {MIN_EXACT_BYTES}")]
    TooShort {
        /// Position in the list that was compiled.
        index: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// A value that a stream could not hold.
    #[error("exact value {index} has {len} bytes; use at most {MAX_EXACT_BYTES}")]
    TooLong {
        /// Position in the list that was compiled.
        index: usize,
        /// Its length in bytes.
        len: usize,
    },
}

/// Why compiled values cannot be used. A filter that cannot find what it should must not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExactConfigError {
    /// The proof does not fit.
    #[error("the exact values were compiled with another key, or are not complete")]
    Proof,
    /// A record that no compiler writes.
    #[error("the record of exact value {0} cannot be read")]
    Record(usize),
    /// More values than a worker has memory for.
    #[error("{0} exact values; at most {MAX_EXACT_VALUES} are possible")]
    TooMany(usize),
}
