//! Every limit of a policy document, with its reason.

/// Overrides in one policy. Each is compared with each rule when an engine is built: 400 rules × 16 places.
pub const MAX_OVERRIDES: usize = 1000;

/// Custom rules in one policy. The scanner has room for 4,096 rules, the catalogue has under 500.
pub const MAX_CUSTOM_RULES: usize = 1000;

/// Allowed values in one policy: a digest each in the filter's configuration.
pub const MAX_ALLOWED_VALUES: usize = 10_000;

/// Bytes of an allowed value: the longest finding (`aegis_scanner::MAX_CAP`).
pub const MAX_ALLOWED_VALUE_BYTES: usize = 8192;

/// Allowed patterns in one policy; they are one automaton.
pub const MAX_ALLOWED_PATTERNS: usize = 200;

/// Bytes of one allowed pattern.
pub const MAX_ALLOWED_PATTERN_BYTES: usize = 1000;

/// Allowed keys in one policy.
pub const MAX_ALLOWED_KEYS: usize = 1000;

/// Hosts in one policy to which values may go.
pub const MAX_RESTORE_HOSTS: usize = 1000;

/// Bytes of the name of a host (RFC 1035 §2.3.4).
pub const MAX_HOST_BYTES: usize = 255;

/// Bytes of an allowed key, as in the token API.
pub const MAX_KEY_BYTES: usize = 64;

/// Bytes of names: of policies, of kinds (part of every placeholder), of rules.
pub const MAX_NAME_BYTES: usize = 48;
