//! Policies, and what holds for every request.

use super::FilterConfigError;
use crate::compiled::CompiledPolicy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Policies, and what holds for every request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPart {
    /// Grows with every change. The filter reports the one that it runs (gauge `aegisgate.policies_revision`).
    pub revision: u64,
    /// Whether the listener sets `PluginConfig.allow_on_headers_stop_iteration`. If so, request headers wait for the
    /// verdict on the body; if not (Istio's builder does not set it) the upstream request opens before the verdict.
    #[serde(default)]
    pub allow_on_headers_stop_iteration: bool,
    /// The largest request body in bytes; more is answered with 413. Envoy's own buffer limit must be larger.
    #[serde(default = "max_request_body_bytes")]
    pub max_request_body_bytes: u32,
    /// Only clients of the machine itself are served.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loopback_only: bool,
    /// Requests must be signed. The secret reaches the filter through the VM's environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_hmac: Option<RequestHmac>,
    /// What is looked for, and what happens to it, each once.
    pub policies: Vec<CompiledPolicy>,
    /// Which of them act, by the name that tokens give.
    pub tracks: BTreeMap<String, Track>,
    /// The track of tokens that name none.
    pub default_track: String,
}

/// How signed requests are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestHmac {
    /// Seconds that a request's time may be off.
    pub window_seconds: u32,
    /// The most nonces that are remembered.
    pub nonce_cache_size: u32,
}

/// Which versions of a policy act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// The version that decides.
    pub live: Version,
    /// A newer version on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
}

/// A version of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Index into [`PolicyPart::policies`].
    pub policy: u32,
    /// What reports call it: 1, 2, 3…; 0 for the built-in one.
    pub version: u32,
}

/// A version on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The version.
    pub version: Version,
    /// For which tokens: those whose [`super::TokenHash::share`] is less.
    pub share: u16,
    /// It decides nothing for them: what it would do is reported only.
    #[serde(default)]
    pub shadow: bool,
}

/// The original's `AEGIS_MAX_REQUEST_BODY_BYTES`.
fn max_request_body_bytes() -> u32 {
    12_000_000
}

// === impl PolicyPart ===

impl PolicyPart {
    /// One policy for everybody.
    pub fn single(revision: u64, policy: CompiledPolicy) -> PolicyPart {
        let name = policy.name.clone();
        let live = Version { policy: 0, version: 0 };
        PolicyPart {
            revision,
            allow_on_headers_stop_iteration: true,
            max_request_body_bytes: max_request_body_bytes(),
            loopback_only: false,
            request_hmac: None,
            policies: vec![policy],
            tracks: BTreeMap::from([(name.clone(), Track { live, trial: None })]),
            default_track: name,
        }
    }

    pub(super) fn validate(&self) -> Result<(), FilterConfigError> {
        if !self.tracks.contains_key(&self.default_track) {
            return Err(FilterConfigError::UnknownTrack(self.default_track.clone()));
        }
        for (name, track) in &self.tracks {
            let trial = track.trial.as_ref().map(|trial| &trial.version);
            for version in [Some(&track.live), trial].into_iter().flatten() {
                if usize::try_from(version.policy).map_or(true, |index| index >= self.policies.len()) {
                    return Err(FilterConfigError::UnknownPolicy {
                        track: name.clone(),
                        index: version.policy,
                        count: self.policies.len(),
                    });
                }
            }
        }
        Ok(())
    }
}
