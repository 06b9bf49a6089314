//! Who may change what, and who did.

use crate::Storage;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::future::Future;

/// Who asked for a change: a key's name, or a part of the control plane itself. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(String);

/// What a key may do. Each may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read everything but tokens.
    Viewer,
    /// Change tokens and policies.
    Editor,
    /// See tokens again, and manage keys.
    Admin,
}

/// A key for the REST API, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdminKey {
    /// Name, and what the journal calls its owner.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The tenant whose tokens it is limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// One change, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntry {
    /// Grows with every entry.
    pub number: i64,
    /// Seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: Actor,
    /// What, such as `token.add`.
    pub action: String,
    /// To which: a token's hash, a policy's name.
    pub target: String,
    /// More about it; nothing secret.
    pub detail: String,
    /// The revision that the change made.
    pub revision: u64,
}

/// The keys and the journal of a store.
pub trait Access: Storage {
    /// Adds a key whose secret has this SHA-256; `false` if the name is taken.
    fn add_key(
        &self,
        actor: &Actor,
        key: &AdminKey,
        verifier: &[u8; 32],
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// The key of this name and the SHA-256 of its secret.
    fn find_key(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<(AdminKey, [u8; 32])>, Self::Error>> + Send;

    /// All keys by name.
    fn list_keys(&self) -> impl Future<Output = Result<Vec<AdminKey>, Self::Error>> + Send;

    /// Removes a key; `false` if there is none of this name.
    fn remove_key(&self, actor: &Actor, name: &str)
    -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// The newest entries of the journal before number `before`, newest first.
    fn journal(
        &self,
        before: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<JournalEntry>, Self::Error>> + Send;
}

// === impl Actor ===

impl Actor {
    /// An actor of this name.
    pub fn new(name: impl Into<String>) -> Actor {
        Actor(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Role ===

impl Role {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Role> {
        [Role::Viewer, Role::Editor, Role::Admin].into_iter().find(|role| role.name() == name)
    }
}
