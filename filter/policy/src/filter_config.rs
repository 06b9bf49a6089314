//! What the control plane sends to the filter through ECDS, in parts that change independently: routes (tokens and
//! upstreams, in shards) and policies. Each is a resource of its own, so that a new token neither sends the others nor
//! compiles a rule again; one document may also have all, where there is room for one only.
//!
//! Envoy shows these documents in `/config_dump`, so they hold hashes of tokens, never tokens, and no key. Keys reach the
//! filter through the VM's environment.

mod policies;
mod routes;

pub use policies::{PolicyPart, RequestHmac, Track, Trial, Version};
pub use routes::{FilterMode, LocalPorts, RoutePart, RouteShard, SHARDS, TokenHash, TokenRoute, Upstream};

use serde::{Deserialize, Serialize};

/// The filter's configuration (`PluginConfig.configuration`, as JSON). What is not there stays as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// Which shards of the routes belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<RoutePart>,
    /// Tokens and upstreams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<RouteShard>,
    /// Policies, and what holds for every request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<PolicyPart>,
}

/// Why a filter configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum FilterConfigError {
    /// Not JSON, or a key that does not exist.
    #[error("filter configuration: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Nothing in it.
    #[error("filter configuration: neither routes nor policies")]
    Empty,
    /// Routes in more or fewer shards than this version has.
    #[error("filter configuration: {0} shards of routes instead of {SHARDS}")]
    ShardCount(usize),
    /// A shard that does not exist, or with a token that belongs into another one.
    #[error("filter configuration: shard {0} of the routes does not exist or has tokens of another one")]
    BadShard(u8),
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
    /// A track names a policy that is not there.
    #[error("filter configuration: track {track} names policy {index}, but there are {count} policies")]
    UnknownPolicy {
        /// The track's name.
        track: String,
        /// The index that it names.
        index: u32,
        /// How many policies there are.
        count: usize,
    },
    /// The track for everybody is not there.
    #[error("filter configuration: there is no track {0}")]
    UnknownTrack(String),
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
        if self.routes.is_none() && self.shards.is_empty() && self.policies.is_none() {
            return Err(FilterConfigError::Empty);
        }
        self.routes.as_ref().map_or(Ok(()), RoutePart::validate)?;
        self.shards.iter().try_for_each(RouteShard::validate)?;
        self.policies.as_ref().map_or(Ok(()), PolicyPart::validate)
    }
}

#[cfg(test)]
mod tests;
