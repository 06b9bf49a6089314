//! The documents that configure AegisGate: detection rules and the filter's configuration.
//!
//! * [`rule`]: one detection rule, as written in `filter/rules/*.toml`.
//! * [`filter_config`]: what the control plane sends to the filter through ECDS.
//! * [`exact`]: exact values as the filter gets them.
//! * [`example`]: look-alike secrets for rule examples and tests.
//! * [`slot`]: where a piece of text comes from, which decides what a rule may do there.
//!
//! This crate only describes and validates documents. It knows no host, no network and no clock, and it is shared by
//! the filter (which reads the documents) and the control plane (which writes them).
#![forbid(unsafe_code)]

pub mod exact;
pub mod example;
pub mod filter_config;
pub mod rule;
pub mod slot;

pub use exact::{CompiledExact, CompiledValue, MAX_EXACT_BYTES, MAX_EXACT_VALUES, MIN_EXACT_BYTES};
pub use filter_config::{FilterConfig, FilterConfigError, Limits, TokenHash, TokenRoute, Upstream};
pub use rule::{Confidence, Rule, RuleFile, Severity, Validator};
pub use slot::{Direction, Slot};
