//! A database of a test's own.

use aegis_model::{Actor, UpstreamBase};
use aegis_postgres::Postgres;
use aegis_store::{Database, EncryptionKey, SqlStore};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A database of a test's own.
pub(crate) struct Site {
    pub(crate) database: Database,
    dir: TempDir,
    server: Option<Arc<Postgres>>,
}

// === impl Site ===

impl Site {
    pub(crate) fn sqlite() -> Site {
        let dir = TempDir::new().unwrap();
        Site { database: Database::Sqlite(dir.path().join("aegisgate.db")), dir, server: None }
    }

    pub(crate) fn postgres() -> Site {
        let server = Postgres::shared();
        let database = Database::Postgres(server.create_database());
        Site { database, dir: TempDir::new().unwrap(), server: Some(server) }
    }

    pub(crate) async fn open(&self) -> SqlStore {
        SqlStore::open(&self.database, &key("a")).await.unwrap()
    }

    /// The folder in which the database keeps everything.
    pub(crate) fn files(&self) -> PathBuf {
        self.server.as_ref().map_or(self.dir.path().to_owned(), |server| server.data_dir())
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }
}

pub(crate) fn key(digit: &str) -> EncryptionKey {
    EncryptionKey::from_hex(&digit.repeat(64)).unwrap()
}

pub(crate) fn base(text: &str) -> UpstreamBase {
    UpstreamBase::parse(text).unwrap()
}

pub(crate) fn me() -> Actor {
    Actor::new("tester")
}
