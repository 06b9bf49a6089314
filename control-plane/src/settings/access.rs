//! Which requests the gateway takes, besides those with a token.

use aegis_policy::RequestHmac;
use aegis_xds::Access;
use clap::{ArgAction, Args, value_parser};

/// Which requests the gateway takes, besides those with a token.
#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    /// Whether requests must be signed with `AEGIS_REQUEST_HMAC_SECRET`, which Envoy has to have in its environment.
    #[arg(long, env = "AEGIS_ENABLE_REQUEST_HMAC_AUTH", default_value_t = false, action = ArgAction::Set)]
    pub enable_request_hmac_auth: bool,
    /// Seconds that the time of a signature may be off.
    #[arg(long, env = "AEGIS_REQUEST_REPLAY_WINDOW_SECONDS", default_value_t = 300,
          value_parser = value_parser!(u32).range(1..=86400))]
    pub request_replay_window_seconds: u32,
    /// Nonces that one Envoy remembers; when it has no room for another, signed requests are refused.
    #[arg(long, env = "AEGIS_REQUEST_NONCE_CACHE_SIZE", default_value_t = 50_000,
          value_parser = value_parser!(u32).range(64..=1_000_000))]
    pub request_nonce_cache_size: u32,
}

// === impl AccessArgs ===

impl AccessArgs {
    /// The same as the filter is told.
    pub(super) fn render(&self) -> Access {
        Access {
            request_hmac: self.enable_request_hmac_auth.then_some(RequestHmac {
                window_seconds: self.request_replay_window_seconds,
                nonce_cache_size: self.request_nonce_cache_size,
            }),
        }
    }
}
