//! The documents that configure AegisGate: policies, detection rules and the filter's configuration.
//!
//! * [`policy`]: what is looked for, where, and what happens to it, as people write it.
//! * [`compiled`]: a policy as the filter gets it.
//! * [`rule`]: one detection rule, as written in `filter/rules/*.toml`.
//! * [`filter_config`]: what the control plane sends to the filter through ECDS.
//! * [`exact`]: exact values as the filter gets them.
//! * [`injection`]: what a policy says about prompt injection.
//! * [`example`]: look-alike secrets for rule examples and tests.
//! * [`slot`]: where a piece of text comes from, which decides what a rule may do there.
//!
//! This crate only describes and validates documents. It knows no host, no network and no clock, and it is shared by
//! the filter (which reads the documents) and the control plane (which writes them).
#![forbid(unsafe_code)]

pub mod compiled;
mod disposition;
pub mod exact;
pub mod example;
pub mod filter_config;
mod hidden;
pub mod injection;
mod key_name;
pub mod limits;
pub mod policy;
mod problem;
pub mod rule;
pub mod slot;

pub use compiled::{CompiledAllow, CompiledPolicy, ExactList, ValueDigest};
pub use disposition::Disposition;
pub use exact::{CompiledExact, CompiledValue, MAX_EXACT_BYTES, MAX_EXACT_VALUES, MIN_EXACT_BYTES};
pub use filter_config::{
    FilterConfig, FilterConfigError, FilterMode, LocalPorts, PolicyPart, RequestHmac, RoutePart, RouteShard,
    SHARDS, TokenHash, TokenRoute, Track, Trial, Upstream, Version,
};
pub use hidden::HiddenText;
pub use injection::Injection;
pub use key_name::names_credential;
pub use policy::{AS_MESSAGE, Allow, ExactValues, FORBIDDEN, Level, Mode, Override, Policy, Preset, Restore};
pub use problem::{Problem, Problems};
pub use rule::{Confidence, Rule, RuleFile, Severity, Validator};
pub use slot::{Direction, Slot};
