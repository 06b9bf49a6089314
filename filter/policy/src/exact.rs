//! Exact values as the filter gets them.
//!
//! Envoy shows this in `/config_dump`. Of a value it tells the length and what is computed with a key that is not
//! there; the scanner crate says how (`aegis_scanner::exact`).

use serde::{Deserialize, Serialize};

/// Exact values in one configuration.
pub const MAX_EXACT_VALUES: usize = 10_000;

/// Bytes of the shortest exact value: shorter ones are ordinary words and numbers.
pub const MIN_EXACT_BYTES: usize = 6;

/// Bytes of the longest exact value.
pub const MAX_EXACT_BYTES: usize = 4096;

/// Exact values that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompiledExact {
    /// The values, in the order of their digests, which says nothing about them.
    #[serde(default)]
    pub values: Vec<CompiledValue>,
    /// Keyed digest of all of them, in base64url: proves that the filter has the key and the values are complete.
    #[serde(default)]
    pub proof: String,
}

/// One exact value: the list that it is from, its length in bytes, and its record in base64url (a keyed digest, and
/// keyed hashes of its beginnings under a pad).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompiledValue(pub u16, pub u16, pub String);
