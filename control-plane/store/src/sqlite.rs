//! Tokens and upstreams in one SQLite file.

use crate::{StoreError, file, rows};
use aegis_model::{
    Registered, Registration, Registry, Snapshot, Token, Upstream, UpstreamBase, UpstreamId, WhitelistKeys,
};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, SqliteConnection, Transaction};
use std::path::Path;
use std::time::Duration;

/// Tokens and upstreams in one SQLite file: write-ahead log, every commit synced to the disk, owner-only mode.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

/// Readers do not wait for the writer in WAL mode; more connections than this only queue for it.
const CONNECTIONS: u32 = 4;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const REGISTRATION_BY_BASE: &str = "SELECT token, base, whitelist FROM tokens JOIN upstreams ON upstreams.id = upstream_id \
     WHERE base = ? ORDER BY created_at, token LIMIT 1";

// === impl SqliteStore ===

impl SqliteStore {
    /// Opens the database at `path`, creating or migrating it as needed.
    pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        file::ensure_private(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // WAL's usual NORMAL may lose acknowledged commits when the machine loses power.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(options)
            .await
            .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        sqlx::migrate!("migrations/sqlite")
            .run(&pool)
            .await
            .map_err(|source| StoreError::Migrate { path: path.to_owned(), source })?;
        Ok(SqliteStore { pool })
    }

    /// Closes the database after running statements have ended.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that may write. Starting as a reader and writing later fails when another writer came between
    /// (<https://www.sqlite.org/lang_transaction.html>).
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

impl Registry for SqliteStore {
    type Error = StoreError;

    async fn register(
        &self,
        upstream: &UpstreamBase,
        whitelist: Option<&WhitelistKeys>,
    ) -> Result<Registered, StoreError> {
        let mut transaction = self.write().await?;
        let registered = if let Some(mut known) = find(&mut transaction, upstream).await? {
            if let Some(whitelist) = whitelist {
                replace_whitelist(&mut transaction, &known.token, whitelist).await?;
                known.whitelist = whitelist.clone();
            }
            Registered::Existing(known)
        } else {
            let whitelist = whitelist.cloned().unwrap_or_default();
            Registered::New(insert(&mut transaction, upstream, whitelist).await?)
        };
        transaction.commit().await?;
        Ok(registered)
    }

    async fn lookup(&self, upstream: &UpstreamBase) -> Result<Option<Registration>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        find(&mut connection, upstream).await
    }

    async fn unregister(&self, token: &Token) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let deleted = sqlx::query("DELETE FROM tokens WHERE token = ?")
            .bind(token.reveal())
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if deleted == 0 {
            return Ok(false);
        }
        sqlx::query(
            "DELETE FROM upstreams WHERE NOT EXISTS (SELECT 1 FROM tokens WHERE upstream_id = upstreams.id)",
        )
        .execute(&mut *transaction)
        .await?;
        next_revision(&mut transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let revision =
            sqlx::query_scalar::<_, i64>("SELECT value FROM revision").fetch_one(&mut *transaction).await?;
        let upstreams = sqlx::query_as::<_, (i64, String)>("SELECT id, base FROM upstreams ORDER BY id")
            .fetch_all(&mut *transaction)
            .await?;
        let tokens = sqlx::query_as::<_, (String, i64)>("SELECT token, upstream_id FROM tokens")
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Snapshot {
            revision: rows::revision(revision)?,
            upstreams: upstreams
                .iter()
                .map(|(id, base)| Ok(Upstream { id: UpstreamId(*id), base: rows::upstream(base)? }))
                .collect::<Result<_, StoreError>>()?,
            tokens: tokens
                .iter()
                .map(|(token, id)| Ok((rows::token(token)?, UpstreamId(*id))))
                .collect::<Result<_, StoreError>>()?,
        })
    }

    async fn bump_revision(&self) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let revision = next_revision(&mut transaction).await?;
        transaction.commit().await?;
        Ok(revision)
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let value = sqlx::query_scalar::<_, i64>("SELECT value FROM revision").fetch_one(&self.pool).await?;
        rows::revision(value)
    }
}

async fn find(
    connection: &mut SqliteConnection,
    upstream: &UpstreamBase,
) -> Result<Option<Registration>, StoreError> {
    let row = sqlx::query_as::<_, rows::RegistrationRow>(REGISTRATION_BY_BASE)
        .bind(upstream.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(rows::registration).transpose()
}

async fn insert(
    connection: &mut SqliteConnection,
    upstream: &UpstreamBase,
    whitelist: WhitelistKeys,
) -> Result<Registration, StoreError> {
    let token = Token::generate(&mut rand::rng());
    let id = sqlx::query_scalar::<_, i64>("INSERT INTO upstreams (base) VALUES (?) RETURNING id")
        .bind(upstream.to_string())
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO tokens (token, upstream_id, whitelist) VALUES (?, ?, ?)")
        .bind(token.reveal())
        .bind(id)
        .bind(rows::keys_json(&whitelist))
        .execute(&mut *connection)
        .await?;
    next_revision(connection).await?;
    Ok(Registration { token, upstream: upstream.clone(), whitelist })
}

async fn replace_whitelist(
    connection: &mut SqliteConnection,
    token: &Token,
    whitelist: &WhitelistKeys,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE tokens SET whitelist = ? WHERE token = ?")
        .bind(rows::keys_json(whitelist))
        .bind(token.reveal())
        .execute(connection)
        .await?;
    Ok(())
}

async fn next_revision(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let value = sqlx::query_scalar::<_, i64>("UPDATE revision SET value = value + 1 RETURNING value")
        .fetch_one(connection)
        .await?;
    rows::revision(value)
}
