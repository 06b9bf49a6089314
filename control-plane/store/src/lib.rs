//! Durable storage of everything that the control plane knows.
//!
//! [`SqlStore`] keeps it in one SQLite file or in a PostgreSQL database and implements [`aegis_model::Store`]. Both
//! understand the same statements; what differs is in `connect.rs` and in the migrations. [`Follower`] reads what changes.
//!
//! Secrets are sealed ([`EncryptionKey`]): tokens, field names and policy documents. Tokens are found by their hashes.
#![forbid(unsafe_code)]

mod access;
mod change;
mod connect;
mod error;
mod events;
mod file;
mod follow;
mod policies;
mod rotate;
mod rows;
mod seal;
mod snapshot;
mod sql;
mod tokens;

pub use connect::Database;
pub use error::StoreError;
pub use follow::{Changed, Follower};
pub use seal::{EncryptionKey, InvalidKey};
pub use sql::SqlStore;
