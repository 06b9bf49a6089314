//! Reading everything at one point in time.

use crate::connect::Dialect;
use crate::{SqlStore, StoreError, policies, rows};
use aegis_model::{Route, Snapshot, Upstream, UpstreamId};
use aegis_policy::TokenHash;
use std::collections::BTreeMap;

// === impl SqlStore ===

impl SqlStore {
    pub(crate) async fn read_snapshot(&self) -> Result<Snapshot, StoreError> {
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
        let upstreams = sqlx::query_as::<_, (i64, String)>("SELECT id, base FROM upstreams ORDER BY id")
            .fetch_all(&mut *transaction)
            .await?;
        let sql = "SELECT hash, sealed_whitelist, upstream_id, settings FROM tokens";
        let tokens =
            sqlx::query_as::<_, (String, Vec<u8>, i64, String)>(sql).fetch_all(&mut *transaction).await?;
        let policies = policies::state(&mut transaction, &self.sealer).await?;
        transaction.commit().await?;

        let mut routes = BTreeMap::new();
        for (hash, whitelist, upstream, settings) in tokens {
            let route = Route {
                upstream: UpstreamId(upstream),
                settings: rows::settings(&settings)?,
                whitelist: rows::whitelist(&self.sealer, &hash, &whitelist)?,
                internal: false,
            };
            let hash = TokenHash::parse(&hash).ok_or(StoreError::Corrupt("a malformed hash of a token"))?;
            routes.insert(hash, route);
        }
        let upstreams = upstreams
            .iter()
            .map(|(id, base)| rows::upstream(base).map(|base| Upstream { id: UpstreamId(*id), base }));
        Ok(Snapshot {
            revisions,
            upstreams: upstreams.collect::<Result<_, StoreError>>()?,
            tokens: routes,
            policies,
        })
    }
}
