//! The store itself.

use crate::change::Part;
use crate::connect::Dialect;
use crate::seal::{Sealer, Secret};
use crate::{Database, EncryptionKey, StoreError, rows};
use aegis_model::{Revisions, Snapshot, Storage, Store};
use sqlx::AnyPool;

/// Everything that the control plane knows, in SQLite or PostgreSQL. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pub(crate) pool: AnyPool,
    pub(crate) dialect: Dialect,
    pub(crate) sealer: Sealer,
    /// Of the key that `sealer` has.
    pub(crate) generation: i64,
}

// === impl SqlStore ===

impl SqlStore {
    /// Opens the database, creating or migrating it as needed. The first key that it is opened with becomes its key.
    pub async fn open(database: &Database, key: &EncryptionKey) -> Result<SqlStore, StoreError> {
        let (pool, dialect) = database.connect().await?;
        let mut store = SqlStore { pool, dialect, sealer: Sealer::new(key), generation: 0 };
        store.check_key().await?;
        Ok(store)
    }

    /// Closes the database after running statements have ended.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn check_key(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT key_generation, key_proof FROM state";
        let (mut generation, mut proof) =
            sqlx::query_as::<_, (i64, Vec<u8>)>(sql).fetch_one(&self.pool).await?;
        if proof.is_empty() {
            // Two processes may find a new database; the first one decides.
            let first = self.sealer.seal(Secret::Proof(1), b"")?;
            sqlx::query("UPDATE state SET key_generation = 1, key_proof = $1 WHERE key_generation = 0")
                .bind(first)
                .execute(&self.pool)
                .await?;
            (generation, proof) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        }
        self.sealer.open(Secret::Proof(generation), &proof).map_err(|_| StoreError::WrongKey)?;
        self.generation = generation;
        Ok(())
    }
}

impl Storage for SqlStore {
    type Error = StoreError;
}

impl Store for SqlStore {
    async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.read_snapshot().await
    }

    async fn bump_revisions(&self) -> Result<Revisions, StoreError> {
        self.change(Part::Both).await?.commit().await
    }

    async fn revisions(&self) -> Result<Revisions, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(rows::state(&mut connection).await?.0)
    }
}
