//! Domain types of the control plane.
//!
//! * [`Token`]: the secret in a client's base URL.
//! * [`UpstreamBase`]: where requests with a token go, validated and normalised.
//! * [`WhitelistKeys`]: field names that an operator exempts from redaction.
//! * [`Snapshot`]: everything that the data plane needs, at one revision.
//! * [`Registry`]: what a store of these offers.
//!
//! Nothing here knows a runtime, a database or a wire protocol: `aegis-store` implements [`Registry`] and `aegis-xds`
//! renders a [`Snapshot`].
#![forbid(unsafe_code)]

mod registry;
mod snapshot;
mod token;
mod upstream_base;
mod whitelist;

pub use registry::{Registered, Registration, Registry};
pub use snapshot::{Snapshot, Upstream, UpstreamId};
pub use token::{InvalidToken, Token};
pub use upstream_base::{Scheme, UpstreamBase, UpstreamBaseError};
pub use whitelist::WhitelistKeys;
