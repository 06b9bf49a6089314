//! Reading everything at one point in time.

use crate::connect::Dialect;
use crate::{SqlStore, StoreError, policies, rows};
use aegis_model::{PolicyState, Revisions, Route, Snapshot, Upstream, UpstreamId};
use aegis_policy::TokenHash;
use sqlx::{Any, AnyConnection, Transaction};

/// Columns `number, hash, sealed_whitelist, upstream_id, settings` of a token.
pub(crate) type RouteRow = (i64, String, Vec<u8>, i64, String);

/// The beginning of a statement that reads [`RouteRow`]s.
macro_rules! select_routes {
    ($rest:literal) => {
        concat!("SELECT number, hash, sealed_whitelist, upstream_id, settings FROM tokens ", $rest)
    };
}
pub(crate) use select_routes;

// === impl SqlStore ===

impl SqlStore {
    /// A transaction whose statements all see the same point in time, and the revisions there.
    pub(crate) async fn point_in_time(&self) -> Result<(Transaction<'static, Any>, Revisions), StoreError> {
        let mut transaction = match self.dialect {
            Dialect::Sqlite => self.pool.begin().await?,
            // The default would let every statement see another point in time.
            Dialect::Postgres => {
                self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?
            }
        };
        let (revisions, generation) = rows::state(&mut transaction).await?;
        if generation != self.generation {
            return Err(StoreError::KeyReplaced);
        }
        Ok((transaction, revisions))
    }

    pub(crate) async fn read_snapshot(&self) -> Result<Snapshot, StoreError> {
        let (mut transaction, revisions) = self.point_in_time().await?;
        let (snapshot, _) = self.read_everything(&mut transaction, revisions).await?;
        transaction.commit().await?;
        Ok(snapshot)
    }

    pub(crate) async fn read_policies(&self) -> Result<PolicyState, StoreError> {
        let (mut transaction, _) = self.point_in_time().await?;
        let policies = policies::state(&mut transaction, &self.sealer).await?;
        transaction.commit().await?;
        Ok(policies)
    }

    /// Everything, and the highest number of a token.
    pub(crate) async fn read_everything(
        &self,
        connection: &mut AnyConnection,
        revisions: Revisions,
    ) -> Result<(Snapshot, i64), StoreError> {
        let upstreams = upstreams(connection).await?;
        let tokens = sqlx::query_as::<_, RouteRow>(select_routes!("")).fetch_all(&mut *connection).await?;
        let policies = policies::state(connection, &self.sealer).await?;
        let last = tokens.iter().map(|row| row.0).max().unwrap_or_default();
        let tokens = tokens.into_iter().map(|row| self.route(row)).collect::<Result<_, StoreError>>()?;
        Ok((Snapshot { revisions, upstreams, tokens, policies }, last))
    }

    pub(crate) fn route(&self, row: RouteRow) -> Result<(TokenHash, Route), StoreError> {
        let (_, hash, whitelist, upstream, settings) = row;
        let route = Route {
            upstream: UpstreamId(upstream),
            settings: rows::settings(&settings)?,
            whitelist: rows::whitelist(&self.sealer, &hash, &whitelist)?,
            internal: false,
        };
        let hash = TokenHash::parse(&hash).ok_or(StoreError::Corrupt("a malformed hash of a token"))?;
        Ok((hash, route))
    }
}

/// All upstreams, ordered by identity.
pub(crate) async fn upstreams(connection: &mut AnyConnection) -> Result<Vec<Upstream>, StoreError> {
    let rows = sqlx::query_as::<_, (i64, String)>("SELECT id, base FROM upstreams ORDER BY id")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|(id, base)| rows::upstream(base).map(|base| Upstream { id: UpstreamId(*id), base }))
        .collect()
}
