//! What the filters reported.

use crate::{SqlStore, StoreError};
use aegis_model::{Event, EventQuery, Events};
use sqlx::AssertSqlSafe;
use std::fmt::Write as _;

/// Rows of one INSERT.
const ROWS_AT_ONCE: usize = 500;

impl Events for SqlStore {
    async fn add_events(&self, events: &[Event]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for chunk in events.chunks(ROWS_AT_ONCE) {
            let mut sql = "INSERT INTO events (at, tenant, action, body) VALUES ".to_owned();
            for row in 0..chunk.len() {
                let separator = if row == 0 { "" } else { ", " };
                let first = row * 4;
                // Writing to a String does not fail.
                write!(sql, "{separator}(${}, ${}, ${}, ${})", first + 1, first + 2, first + 3, first + 4)
                    .ok();
            }
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for event in chunk {
                query = query
                    .bind(event.at)
                    .bind(event.tenant.clone())
                    .bind(event.action.clone())
                    .bind(event.body.to_string());
            }
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn events(&self, query: EventQuery<'_>) -> Result<Vec<(i64, Event)>, StoreError> {
        let sql = "SELECT number, at, tenant, action, body FROM events WHERE number > $1 AND at >= $2 \
             AND ('' = $3 OR tenant = $3) AND ('' = $4 OR action = $4) ORDER BY number LIMIT $5";
        let rows = sqlx::query_as::<_, (i64, i64, String, String, String)>(sql)
            .bind(query.after)
            .bind(query.since)
            .bind(query.tenant.unwrap_or_default())
            .bind(query.action.unwrap_or_default())
            .bind(i64::from(query.limit))
            .fetch_all(&self.pool)
            .await?;
        let event = |(number, at, tenant, action, body): (i64, i64, String, String, String)| {
            let body = serde_json::from_str(&body).map_err(|_| StoreError::Corrupt("a malformed event"))?;
            Ok((number, Event { at, tenant, action, body }))
        };
        rows.into_iter().map(event).collect()
    }

    async fn prune_events(&self, at: i64) -> Result<u64, StoreError> {
        let removed = sqlx::query("DELETE FROM events WHERE at < $1").bind(at).execute(&self.pool).await?;
        Ok(removed.rows_affected())
    }
}
