//! Tokens and upstreams.

use super::FilterConfigError;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Into how many shards the tokens are divided. A change of one token sends and reads one of them; each is a filter in
/// Envoy's listener (`envoy/bootstrap.yaml`).
pub const SHARDS: u8 = 16;

/// Which shards belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutePart {
    /// Grows with every change. The filter reports it once it runs all of its shards (gauge
    /// `aegisgate.routes_revision`): Envoy's ACK alone does not prove that a configuration was applied.
    pub revision: u64,
    /// The version of each shard.
    pub shards: Vec<String>,
}

/// Some of the tokens, and the upstreams that they lead to. Complete by itself, so that shards may arrive in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteShard {
    /// Which one: [`TokenHash::shard`] of its tokens.
    pub number: u8,
    /// Names its content.
    pub version: String,
    /// Where requests can go.
    pub upstreams: Vec<Upstream>,
    /// Token hash → route. The one of the empty token is for requests without any.
    pub tokens: BTreeMap<TokenHash, TokenRoute>,
    /// Port numbers stand for tokens, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_ports: Option<LocalPorts>,
}

/// Ports of one host, each of which is an upstream with the path `/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalPorts {
    /// Name of the Envoy cluster, which connects to the address in `x-aegis-destination`.
    pub cluster: String,
    /// The host's address; if it is an IPv6 address, in brackets.
    pub address: String,
    /// What the `host` header calls it.
    pub host: String,
    /// Ports that are the gateway's own.
    pub reserved: Vec<u16>,
    /// Only for clients of the internal network.
    pub internal: bool,
}

/// Ports below are the system's.
const FIRST_LOCAL_PORT: u16 = 1024;

/// One upstream: an Envoy cluster and how to address it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Name of the Envoy cluster.
    pub cluster: String,
    /// Value of the `host`/`:authority` header for this upstream, such as `api.openai.com`.
    pub authority: String,
    /// Path that the rest of the client's path is appended to, without a trailing slash, such as `/v1`.
    pub path: String,
}

/// Where requests with a token go, and what holds for them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRoute {
    /// Index into [`RouteShard::upstreams`].
    pub upstream: u32,
    /// The track of policies that its requests are under; the one for everybody if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// Only for clients of the internal network.
    #[serde(default, skip_serializing_if = "is_default")]
    pub internal: bool,
    /// What the filter does at most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: FilterMode,
    /// The largest request body in bytes, if it is less than for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<u32>,
    /// The most messages of one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_messages: Option<u32>,
    /// Seconds that a request and its answer may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Whose token it is; its own if not given. Tenants get different placeholders for the same value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Keyed digests of names of fields whose values stay, as a policy's `allow.keys` do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_keys: Vec<String>,
}

/// What the filter does for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FilterMode {
    /// Everything that the policy asks for.
    #[default]
    Full,
    /// Redaction and restoration only.
    Redact,
    /// Nothing.
    Passthrough,
}

/// A token as it may be shown: the first 16 bytes of SHA-256 over a domain prefix and the token, in base64url.
///
/// Tokens are 24 random alphanumerics (142 bits), so an unkeyed hash cannot be turned around by guessing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

// === impl RoutePart ===

impl RoutePart {
    pub(super) fn validate(&self) -> Result<(), FilterConfigError> {
        let count = self.shards.len();
        if count == usize::from(SHARDS) { Ok(()) } else { Err(FilterConfigError::ShardCount(count)) }
    }
}

// === impl RouteShard ===

impl RouteShard {
    pub(super) fn validate(&self) -> Result<(), FilterConfigError> {
        if self.number >= SHARDS || self.tokens.keys().any(|hash| hash.shard() != self.number) {
            return Err(FilterConfigError::BadShard(self.number));
        }
        let bad_path = |path: &str| !path.is_empty() && !path.starts_with('/');
        for (index, upstream) in self.upstreams.iter().enumerate() {
            if upstream.cluster.is_empty() || upstream.authority.is_empty() || bad_path(&upstream.path) {
                return Err(FilterConfigError::BadUpstream(index));
            }
        }
        for (hash, route) in &self.tokens {
            if usize::try_from(route.upstream).map_or(true, |index| index >= self.upstreams.len()) {
                return Err(FilterConfigError::UnknownUpstream {
                    hash: hash.0.clone(),
                    upstream: route.upstream,
                    count: self.upstreams.len(),
                });
            }
        }
        Ok(())
    }
}

// === impl LocalPorts ===

impl LocalPorts {
    /// The port that `token` is: 1024 to 65535, written as usual.
    pub fn port(token: &str) -> Option<u16> {
        let plain = !token.starts_with(['0', '+']);
        token.parse().ok().filter(|port| plain && *port >= FIRST_LOCAL_PORT)
    }
}

// === impl TokenHash ===

impl TokenHash {
    /// Characters of a hash.
    const LENGTH: usize = 22;

    /// The hash of `token`.
    pub fn of(token: &[u8]) -> TokenHash {
        let digest = Sha256::new().chain_update(b"aegisgate/token\0").chain_update(token).finalize();
        let (head, _) = digest.split_at(16);
        TokenHash(data_encoding::BASE64URL_NOPAD.encode(head))
    }

    /// Reads the text of a hash.
    pub fn parse(text: &str) -> Option<TokenHash> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (text.len() == TokenHash::LENGTH && text.bytes().all(allowed)).then(|| TokenHash(text.to_owned()))
    }

    /// The hash in base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shard of the routes that it belongs into: a number below [`SHARDS`].
    pub fn shard(&self) -> u8 {
        self.0.bytes().fold(0, u8::wrapping_add) % SHARDS
    }

    /// Where the token stands among all: a number below 10,000 that is the same on every Envoy.
    pub fn share(&self) -> u16 {
        let digest = Sha256::new().chain_update(b"aegisgate/share\0").chain_update(&self.0).finalize();
        let (head, _) = digest.split_at(8);
        let number = head.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        // Less than 10,000.
        u16::try_from(number % 10_000).unwrap_or_default()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
