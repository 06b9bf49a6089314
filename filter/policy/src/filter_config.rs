//! What the control plane sends to the filter through ECDS: the token table, the upstreams and the policy.
//!
//! Envoy shows this document in `/config_dump`, so it holds hashes of tokens, never tokens, and no key. Keys reach the
//! filter through the VM's environment.

use crate::compiled::CompiledPolicy;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The filter's configuration (`PluginConfig.configuration`, as JSON).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// Grows with every change. The filter reports the one it runs (gauge `aegisgate.config_revision`): Envoy's ACK
    /// alone does not prove that a configuration was applied.
    pub revision: u64,
    /// Whether the listener sets `PluginConfig.allow_on_headers_stop_iteration`. If so, request headers wait for the
    /// verdict on the body; if not (Istio's builder does not set it) the upstream request opens before the verdict.
    #[serde(default)]
    pub allow_on_headers_stop_iteration: bool,
    /// Limits on what a client may send.
    #[serde(default)]
    pub limits: Limits,
    /// Where requests can go.
    pub upstreams: Vec<Upstream>,
    /// Token hash → route.
    pub tokens: BTreeMap<TokenHash, TokenRoute>,
    /// What is looked for, and what happens to it.
    pub policy: CompiledPolicy,
}

/// Limits on what a client may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest request body in bytes; more is answered with 413. Envoy's own buffer limit must be larger.
    pub max_request_body_bytes: u32,
}

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

/// Where requests with a token go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRoute {
    /// Index into [`FilterConfig::upstreams`].
    pub upstream: u32,
}

/// A token as it may be shown: the first 16 bytes of SHA-256 over a domain prefix and the token, in base64url.
///
/// Tokens are 24 random alphanumerics (142 bits), so an unkeyed hash cannot be turned around by guessing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

/// Why a filter configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum FilterConfigError {
    /// Not JSON, or a key that does not exist.
    #[error("filter configuration: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A token points past the end of `upstreams`.
    #[error("filter configuration: token {hash} names upstream {upstream}, but there are {count} upstreams")]
    UnknownUpstream {
        /// Hash of the token.
        hash: String,
        /// The index that it names.
        upstream: u32,
        /// How many upstreams there are.
        count: usize,
    },
    /// An upstream that cannot be addressed.
    #[error(
        "filter configuration: upstream {0} has an empty cluster or authority, or a path that does not start with /"
    )]
    BadUpstream(usize),
}

// === impl FilterConfig ===

impl FilterConfig {
    /// Reads and checks a configuration.
    pub fn from_json(json: &[u8]) -> Result<FilterConfig, FilterConfigError> {
        let config: FilterConfig = serde_json::from_slice(json)?;
        config.validate()?;
        Ok(config)
    }

    /// Checks what the types cannot express.
    pub fn validate(&self) -> Result<(), FilterConfigError> {
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

// === impl Limits ===

impl Default for Limits {
    fn default() -> Limits {
        // The original's `AEGIS_MAX_REQUEST_BODY_BYTES`.
        Limits { max_request_body_bytes: 12_000_000 }
    }
}

// === impl TokenHash ===

impl TokenHash {
    /// The hash of `token`.
    pub fn of(token: &[u8]) -> TokenHash {
        let digest = Sha256::new().chain_update(b"aegisgate/token\0").chain_update(token).finalize();
        let (head, _) = digest.split_at(16);
        TokenHash(data_encoding::BASE64URL_NOPAD.encode(head))
    }

    /// The hash in base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> FilterConfig {
        FilterConfig {
            revision: 7,
            allow_on_headers_stop_iteration: true,
            limits: Limits::default(),
            upstreams: vec![Upstream {
                cluster: "upstream-1".into(),
                authority: "api.example.com".into(),
                path: "/v1".into(),
            }],
            tokens: BTreeMap::from([(TokenHash::of(b"demo"), TokenRoute { upstream: 0 })]),
            policy: CompiledPolicy::default(),
        }
    }

    #[test]
    fn survives_a_round_trip_without_the_token() {
        let json = serde_json::to_vec(&config()).unwrap();
        assert_eq!(FilterConfig::from_json(&json).unwrap(), config());
        assert!(!String::from_utf8(json).unwrap().contains("demo"));
    }

    #[test]
    fn refuses_unknown_keys_and_dangling_upstreams() {
        let error = FilterConfig::from_json(br#"{"colour":1,"revision":1,"upstreams":[],"tokens":{}}"#);
        assert!(error.unwrap_err().to_string().contains("colour"));
        let mut dangling = config();
        dangling.tokens.insert(TokenHash::of(b"x"), TokenRoute { upstream: 1 });
        assert!(matches!(dangling.validate(), Err(FilterConfigError::UnknownUpstream { upstream: 1, .. })));
        let mut relative = config();
        relative.upstreams[0].path = "v1".into();
        assert!(matches!(relative.validate(), Err(FilterConfigError::BadUpstream(0))));
    }

    #[test]
    fn a_token_hash_is_22_base64url_characters() {
        let hash = TokenHash::of(b"AbCdEfGhIjKlMnOpQrStUvWx");
        assert_eq!(hash.as_str().len(), 22);
        assert_ne!(hash, TokenHash::of(b"AbCdEfGhIjKlMnOpQrStUvWy"));
    }
}
