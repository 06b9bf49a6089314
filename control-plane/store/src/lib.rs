//! Durable storage of tokens and upstreams.
//!
//! [`SqliteStore`] keeps them in one SQLite file and implements [`aegis_model::Registry`].
#![forbid(unsafe_code)]

mod error;
mod file;
mod rows;
mod sqlite;

pub use error::StoreError;
pub use sqlite::SqliteStore;
