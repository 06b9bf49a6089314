//! Domain types of the control plane.
//!
//! * [`Token`]: the secret in a client's base URL; [`TokenSettings`]: what an operator says about it.
//! * [`UpstreamBase`]: where requests with a token go, validated and normalised.
//! * [`WhitelistKeys`]: field names that an operator exempts from redaction.
//! * [`PolicyVersion`], [`Rollout`], [`Scope`]: policies, which versions of them act, and where.
//! * [`AdminKey`], [`JournalEntry`]: who may change what, and who did.
//! * [`Snapshot`]: everything that the data plane needs, at one revision.
//! * [`Store`]: what keeps these: [`Tokens`], [`Policies`], [`Access`] and [`Events`] in one.
//!
//! Nothing here knows a runtime, a database or a wire protocol: `aegis-store` implements [`Store`] and `aegis-xds`
//! renders a [`Snapshot`].
#![forbid(unsafe_code)]

mod access;
mod destination;
mod events;
mod policies;
mod ranges;
mod settings;
mod snapshot;
mod store;
mod token;
mod tokens;
mod upstream_base;
mod whitelist;

pub use access::{Access, Actor, AdminKey, JournalEntry, Role};
pub use destination::{DestinationError, Destinations};
pub use events::{Event, EventQuery, Events};
pub use policies::{
    Bounds, Candidate, Policies, PolicyState, PolicyVersion, Rollout, Scope, Stage, TakenBack,
};
pub use ranges::Range;
pub use settings::{SettingsError, TokenSettings, is_name};
pub use snapshot::{Route, Snapshot, Upstream, UpstreamId};
pub use store::{Revisions, Storage, Store};
pub use token::{InvalidToken, Token};
pub use tokens::{NewToken, Registered, Registration, TokenChange, TokenPage, Tokens};
pub use upstream_base::{Scheme, UpstreamBase, UpstreamBaseError};
pub use whitelist::WhitelistKeys;
