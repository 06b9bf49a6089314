//! One change: a transaction that has the one row of state, so that changes happen one after another.

use crate::connect::Dialect;
use crate::{SqlStore, StoreError, rows};
use aegis_model::{Actor, Revisions};
use sqlx::{Any, AnyConnection, Transaction};

/// What a change is about, and which revisions it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Routes,
    Policies,
    Both,
    /// Nothing that an Envoy is told.
    Neither,
}

/// A transaction that may write.
pub(crate) struct Change {
    transaction: Transaction<'static, Any>,
    pub(crate) revisions: Revisions,
}

// === impl SqlStore ===

impl SqlStore {
    /// Begins a change. If it is dropped, nothing has happened.
    pub(crate) async fn change(&self, part: Part) -> Result<Change, StoreError> {
        // Starting as a reader of SQLite and writing later fails when another writer came between
        // (<https://www.sqlite.org/lang_transaction.html>).
        let mut transaction = match self.dialect {
            Dialect::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await?,
            Dialect::Postgres => self.pool.begin().await?,
        };
        let sql = match part {
            Part::Routes => "UPDATE state SET latest = latest + 1, routes = latest + 1",
            Part::Policies => "UPDATE state SET latest = latest + 1, policies = latest + 1",
            Part::Both => "UPDATE state SET latest = latest + 1, routes = latest + 1, policies = latest + 1",
            Part::Neither => "UPDATE state SET latest = latest",
        };
        sqlx::query(sql).execute(&mut *transaction).await?;
        let (revisions, generation) = rows::state(&mut transaction).await?;
        if generation != self.generation {
            return Err(StoreError::KeyReplaced);
        }
        Ok(Change { transaction, revisions })
    }
}

// === impl Change ===

impl Change {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Writes down who did what.
    pub(crate) async fn note(
        &mut self,
        actor: &Actor,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO journal (at, actor, action, target, detail, revision) VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(sql)
            .bind(rows::now())
            .bind(actor.as_str())
            .bind(action)
            .bind(target)
            .bind(detail)
            .bind(i64::try_from(self.revisions.latest).unwrap_or(i64::MAX))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<Revisions, StoreError> {
        self.transaction.commit().await?;
        Ok(self.revisions)
    }
}
