//! Reading what has changed since the last time. The journal says what that is.

use crate::snapshot::{RouteRow, select_routes, upstreams};
use crate::{SqlStore, StoreError, policies};
use aegis_model::{Revisions, Route, Snapshot};
use aegis_policy::TokenHash;
use sqlx::AnyConnection;
use std::collections::BTreeSet;

/// Keeps a [`Snapshot`] up to date.
#[derive(Debug)]
pub struct Follower {
    store: SqlStore,
    snapshot: Snapshot,
    /// How far the journal and the tokens were read; `None` at first.
    read: Option<Position>,
}

/// What may differ from the snapshot before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Anything.
    Everything,
    /// These tokens, upstreams with them, and policies.
    Tokens(BTreeSet<TokenHash>),
}

/// The highest numbers that were read.
#[derive(Debug, Clone, Copy)]
struct Position {
    entry: i64,
    token: i64,
}

/// What was read of tokens.
struct Routes {
    /// Those that were changed; `None` are removed.
    tokens: Vec<(TokenHash, Option<Route>)>,
    to: Position,
}

/// Entries that are looked at one by one. After more of them, reading everything is faster.
const MAX_ENTRIES: usize = 1000;

// === impl Changed ===

impl Changed {
    /// No change.
    pub fn nothing() -> Changed {
        Changed::Tokens(BTreeSet::new())
    }

    /// What changed after `self` as well.
    pub fn add(&mut self, later: Changed) {
        match (self, later) {
            (Changed::Tokens(tokens), Changed::Tokens(more)) => tokens.extend(more),
            (all, _) => *all = Changed::Everything,
        }
    }
}

// === impl Follower ===

impl Follower {
    /// A follower that has read nothing.
    pub fn new(store: SqlStore) -> Follower {
        Follower { store, snapshot: Snapshot::default(), read: None }
    }

    /// The store.
    pub fn store(&self) -> &SqlStore {
        &self.store
    }

    /// Everything, as it was at the last successful [`Follower::follow`].
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Reads what has changed.
    pub async fn follow(&mut self) -> Result<Changed, StoreError> {
        let (mut transaction, revisions) = self.store.point_in_time().await?;
        let known = self.snapshot.revisions;
        // A database that was put back begins again.
        let position = self.read.filter(|_| revisions.latest >= known.latest);
        let routes = match position {
            Some(position) => self.routes(&mut transaction, position).await?,
            None => None,
        };
        let Some(Routes { tokens, to }) = routes else {
            return self.read_everything(transaction, revisions).await;
        };
        let upstreams = if tokens.is_empty() { None } else { Some(upstreams(&mut transaction).await?) };
        let policies = if revisions.policies == known.policies {
            None
        } else {
            Some(policies::state(&mut transaction, &self.store.sealer).await?)
        };
        transaction.commit().await?;

        // Nothing fails from here on, so the snapshot is never half of one and half of another.
        let mut changed = BTreeSet::new();
        for (hash, route) in tokens {
            match route {
                Some(route) => self.snapshot.tokens.insert(hash.clone(), route),
                None => self.snapshot.tokens.remove(&hash),
            };
            changed.insert(hash);
        }
        self.snapshot.revisions = revisions;
        self.snapshot.upstreams = upstreams.unwrap_or_else(|| std::mem::take(&mut self.snapshot.upstreams));
        self.snapshot.policies = policies.unwrap_or_else(|| std::mem::take(&mut self.snapshot.policies));
        self.read = Some(to);
        Ok(Changed::Tokens(changed))
    }

    async fn read_everything(
        &mut self,
        mut transaction: sqlx::Transaction<'static, sqlx::Any>,
        revisions: Revisions,
    ) -> Result<Changed, StoreError> {
        let entry = sqlx::query_scalar::<_, i64>("SELECT COALESCE(MAX(number), 0) FROM journal")
            .fetch_one(&mut *transaction)
            .await?;
        let (snapshot, token) = self.store.read_everything(&mut transaction, revisions).await?;
        transaction.commit().await?;
        (self.snapshot, self.read) = (snapshot, Some(Position { entry, token }));
        Ok(Changed::Everything)
    }

    /// The tokens that were changed since `from`; `None` if there are too many to look at them one by one.
    async fn routes(
        &self,
        connection: &mut AnyConnection,
        from: Position,
    ) -> Result<Option<Routes>, StoreError> {
        let sql = "SELECT number, action, target FROM journal WHERE number > $1 ORDER BY number LIMIT $2";
        let entries = sqlx::query_as::<_, (i64, String, String)>(sql)
            .bind(from.entry)
            .bind(i64::try_from(MAX_ENTRIES + 1).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
        if entries.len() > MAX_ENTRIES {
            return Ok(None);
        }
        let mut to = from;
        let mut tokens = Vec::new();
        let mut touched = BTreeSet::new();
        for (number, action, target) in entries {
            to.entry = number;
            // Of those that were added together, the entry has no hashes; they are read below.
            if action.starts_with("token.") && !target.is_empty() {
                let hash = TokenHash::parse(&target);
                touched.insert(hash.ok_or(StoreError::Corrupt("a malformed hash in the journal"))?);
            }
        }
        for hash in touched {
            let row = sqlx::query_as::<_, RouteRow>(select_routes!("WHERE hash = $1"))
                .bind(hash.as_str())
                .fetch_optional(&mut *connection)
                .await?;
            let route = row.map(|row| self.store.route(row)).transpose()?.map(|(_, route)| route);
            tokens.push((hash, route));
        }
        let added = sqlx::query_as::<_, RouteRow>(select_routes!("WHERE number > $1 ORDER BY number"))
            .bind(from.token)
            .fetch_all(connection)
            .await?;
        for row in added {
            to.token = row.0;
            let (hash, route) = self.store.route(row)?;
            tokens.push((hash, Some(route)));
        }
        Ok(Some(Routes { tokens, to }))
    }
}
