//! Opening a database: what differs between SQLite and PostgreSQL.

use crate::{StoreError, file};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{AnyPool, Connection as _};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which database.
#[derive(Clone)]
pub enum Database {
    /// A file: write-ahead log, every commit synced to the disk, owner-only mode.
    Sqlite(PathBuf),
    /// A server, by its URL. It may hold a password.
    Postgres(String),
}

/// What the statements cannot hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Readers of SQLite do not wait for the writer in WAL mode, and a control plane asks little of PostgreSQL: more
/// connections than this only queue.
const CONNECTIONS: u32 = 4;

/// How long to wait for a connection, also to a server that is down.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

// === impl Database ===

impl Database {
    /// `postgres://…`, or the file at `default` if there is no URL.
    pub fn from_url(url: Option<&str>, default: PathBuf) -> Result<Database, StoreError> {
        match url {
            None => Ok(Database::Sqlite(default)),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Database::Postgres(url.to_owned()))
            }
            Some(_) => Err(StoreError::Url),
        }
    }

    /// Connects, and creates or migrates the schema as needed.
    pub(crate) async fn connect(&self) -> Result<(AnyPool, Dialect), StoreError> {
        sqlx::any::install_default_drivers();
        let open = |source| StoreError::Open { database: self.to_string(), source };
        let (url, dialect) = match self {
            Database::Sqlite(path) => {
                file::ensure_private(path)?;
                create_sqlite(path).await.map_err(open)?;
                (sqlite_url(path), Dialect::Sqlite)
            }
            Database::Postgres(url) => (url.clone(), Dialect::Postgres),
        };
        let options: AnyConnectOptions = url.parse().map_err(|_| StoreError::Url)?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if dialect == Dialect::Sqlite {
                        // WAL's usual NORMAL may lose acknowledged commits when the machine loses power.
                        sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(open)?;
        let migrations = match dialect {
            Dialect::Sqlite => sqlx::migrate!("migrations/sqlite").run(&pool).await,
            Dialect::Postgres => sqlx::migrate!("migrations/postgres").run(&pool).await,
        };
        migrations.map_err(|source| StoreError::Migrate { database: self.to_string(), source })?;
        Ok((pool, dialect))
    }
}

/// The file's path, or what stands for a server: its URL may hold a password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => path.display().fmt(f),
            Database::Postgres(_) => f.write_str("AEGIS_DATABASE_URL"),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

/// Puts the file into WAL mode, where it stays. Done once, because changing the mode does not wait for others.
async fn create_sqlite(path: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal);
    SqliteConnection::connect_with(&options).await?.close().await
}

/// The driver waits 5 s for another writer and enforces foreign keys unless told otherwise.
fn sqlite_url(path: &Path) -> String {
    let mut url = "sqlite://".to_owned();
    for character in path.to_string_lossy().chars() {
        match character {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            other => url.push(other),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_never_shown() {
        let database = Database::from_url(Some("postgres://u:hunter2@h/d"), "x".into()).unwrap();
        assert_eq!(format!("{database} {database:?}"), "AEGIS_DATABASE_URL Database(AEGIS_DATABASE_URL)");
        let error = Database::from_url(Some("mysql://u:hunter2@h/d"), "x".into()).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }

    #[tokio::test]
    async fn any_path_can_hold_a_database() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a b.db", "50%25.db", "what?mode=ro.db", "#1.db"] {
            let path = dir.path().join(name);
            let (pool, _) = Database::Sqlite(path.clone()).connect().await.unwrap();
            pool.close().await;
            assert!(path.metadata().unwrap().len() > 4096, "{name}");
        }
    }
}
