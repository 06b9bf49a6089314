//! Tokens and upstreams.

use crate::change::{Change, Part};
use crate::rows::{self, RegistrationRow, select_registrations};
use crate::seal::Secret;
use crate::{SqlStore, StoreError};
use aegis_model::{
    Actor, NewToken, Registered, Registration, Token, TokenChange, TokenPage, TokenSettings, Tokens,
    UpstreamBase, WhitelistKeys,
};
use aegis_policy::TokenHash;
use sqlx::{AnyConnection, AssertSqlSafe};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Rows of one INSERT. SQLite takes 32,766 values in a statement, PostgreSQL 65,535.
const ROWS_AT_ONCE: usize = 500;

const INSERT_TOKENS: &str = "INSERT INTO tokens \
     (hash, sealed_token, sealed_whitelist, upstream_id, settings, tenant, created_at) VALUES ";

impl Tokens for SqlStore {
    async fn register(
        &self,
        actor: &Actor,
        upstream: &UpstreamBase,
        whitelist: Option<&WhitelistKeys>,
    ) -> Result<Registered, StoreError> {
        let mut change = self.change(Part::Routes).await?;
        let known = self.first_of(change.connection(), upstream).await?;
        let registered = match (known, whitelist) {
            // Nothing to do: the transaction is rolled back, and the revision with it.
            (Some(known), None) => return Ok(Registered::Existing(known)),
            (Some(known), Some(keys)) if known.whitelist == *keys => return Ok(Registered::Existing(known)),
            (Some(mut known), Some(keys)) => {
                let hash = known.token.hash();
                let edit = TokenChange { whitelist: Some(keys.clone()), ..TokenChange::default() };
                self.update(&mut change, &hash, &edit).await?;
                change.note(actor, "token.change", hash.as_str(), "whitelist").await?;
                known.whitelist = keys.clone();
                Registered::Existing(known)
            }
            (None, keys) => {
                let token = NewToken {
                    upstream: upstream.clone(),
                    whitelist: keys.cloned().unwrap_or_default(),
                    settings: TokenSettings::default(),
                };
                let added = self.insert(&mut change, actor, std::slice::from_ref(&token)).await?;
                let added =
                    added.into_iter().next().ok_or(StoreError::Corrupt("no row that was just added"))?;
                Registered::New(added)
            }
        };
        change.commit().await?;
        Ok(registered)
    }

    async fn add_tokens(&self, actor: &Actor, tokens: &[NewToken]) -> Result<Vec<Registration>, StoreError> {
        let mut change = self.change(Part::Routes).await?;
        let added = self.insert(&mut change, actor, tokens).await?;
        change.commit().await?;
        Ok(added)
    }

    async fn lookup(&self, upstream: &UpstreamBase) -> Result<Option<Registration>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.first_of(&mut connection, upstream).await
    }

    async fn find_token(&self, hash: &TokenHash) -> Result<Option<Registration>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.by_hash(&mut connection, hash).await
    }

    async fn list_tokens(&self, page: TokenPage<'_>) -> Result<Vec<Registration>, StoreError> {
        let all = select_registrations!("WHERE number > $1 AND '' = $2 ORDER BY number LIMIT $3");
        let of_tenant = select_registrations!("WHERE number > $1 AND tenant = $2 ORDER BY number LIMIT $3");
        let sql = if page.tenant.is_some() { of_tenant } else { all };
        let rows = sqlx::query_as::<_, RegistrationRow>(sql)
            .bind(page.after)
            .bind(page.tenant.unwrap_or_default())
            .bind(i64::from(page.limit))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(|row| rows::registration(&self.sealer, row)).collect()
    }

    async fn change_token(
        &self,
        actor: &Actor,
        hash: &TokenHash,
        edit: &TokenChange,
    ) -> Result<Option<Registration>, StoreError> {
        let mut change = self.change(Part::Routes).await?;
        if !self.update(&mut change, hash, edit).await? {
            return Ok(None);
        }
        let changed = self.by_hash(change.connection(), hash).await?;
        let parts = [
            (edit.upstream.is_some(), "upstream"),
            (edit.whitelist.is_some(), "whitelist"),
            (edit.settings.is_some(), "settings"),
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|(given, _)| *given).map(|(_, name)| name).collect();
        change.note(actor, "token.change", hash.as_str(), &parts.join(", ")).await?;
        change.commit().await?;
        Ok(changed)
    }

    async fn remove_token(&self, actor: &Actor, hash: &TokenHash) -> Result<bool, StoreError> {
        let mut change = self.change(Part::Routes).await?;
        let deleted = sqlx::query("DELETE FROM tokens WHERE hash = $1")
            .bind(hash.as_str())
            .execute(change.connection())
            .await?
            .rows_affected();
        if deleted == 0 {
            return Ok(false);
        }
        remove_unused_upstreams(change.connection()).await?;
        change.note(actor, "token.remove", hash.as_str(), "").await?;
        change.commit().await?;
        Ok(true)
    }
}

// === impl SqlStore ===

impl SqlStore {
    async fn first_of(
        &self,
        connection: &mut AnyConnection,
        upstream: &UpstreamBase,
    ) -> Result<Option<Registration>, StoreError> {
        let sql = select_registrations!("WHERE base = $1 ORDER BY number LIMIT 1");
        let row = sqlx::query_as::<_, RegistrationRow>(sql)
            .bind(upstream.to_string())
            .fetch_optional(connection)
            .await?;
        row.map(|row| rows::registration(&self.sealer, row)).transpose()
    }

    async fn by_hash(
        &self,
        connection: &mut AnyConnection,
        hash: &TokenHash,
    ) -> Result<Option<Registration>, StoreError> {
        let sql = select_registrations!("WHERE hash = $1");
        let row =
            sqlx::query_as::<_, RegistrationRow>(sql).bind(hash.as_str()).fetch_optional(connection).await?;
        row.map(|row| rows::registration(&self.sealer, row)).transpose()
    }

    /// Adds tokens with their upstreams.
    async fn insert(
        &self,
        change: &mut Change,
        actor: &Actor,
        tokens: &[NewToken],
    ) -> Result<Vec<Registration>, StoreError> {
        let mut upstreams: BTreeMap<&UpstreamBase, i64> = BTreeMap::new();
        for token in tokens {
            if !upstreams.contains_key(&token.upstream) {
                let id = upstream_id(change.connection(), &token.upstream).await?;
                upstreams.insert(&token.upstream, id);
            }
        }
        let mut added = Vec::with_capacity(tokens.len());
        for chunk in tokens.chunks(ROWS_AT_ONCE) {
            let ids = chunk.iter().map(|token| upstreams.get(&token.upstream).copied().unwrap_or_default());
            added.extend(self.insert_rows(change, chunk, ids).await?);
        }
        match added.as_slice() {
            [one] => {
                let detail = format!("upstream {}", one.upstream);
                change.note(actor, "token.add", one.token.hash().as_str(), &detail).await?;
            }
            [first, .., last] => {
                let detail = format!("{} tokens, numbers {} to {}", added.len(), first.number, last.number);
                change.note(actor, "token.add", "", &detail).await?;
            }
            [] => {}
        }
        Ok(added)
    }

    async fn insert_rows(
        &self,
        change: &mut Change,
        tokens: &[NewToken],
        upstreams: impl Iterator<Item = i64>,
    ) -> Result<Vec<Registration>, StoreError> {
        let mut sql = INSERT_TOKENS.to_owned();
        for row in 0..tokens.len() {
            let separator = if row == 0 { "" } else { ", " };
            let columns: Vec<String> = (1..=7).map(|column| format!("${}", row * 7 + column)).collect();
            // Writing to a String does not fail.
            write!(sql, "{separator}({})", columns.join(", ")).ok();
        }
        sql.push_str(" RETURNING number, hash");
        let created_at = rows::now();
        let mut query = sqlx::query_as::<_, (i64, String)>(AssertSqlSafe(sql));
        let mut added = BTreeMap::new();
        for (new, upstream) in tokens.iter().zip(upstreams) {
            let token = Token::generate(&mut rand::rng());
            let hash = token.hash();
            query = query
                .bind(hash.as_str().to_owned())
                .bind(self.sealer.seal(Secret::Token(hash.as_str()), token.reveal().as_bytes())?)
                .bind(rows::sealed_whitelist(&self.sealer, hash.as_str(), &new.whitelist)?)
                .bind(upstream)
                .bind(rows::settings_json(&new.settings)?)
                .bind(new.settings.tenant.clone().unwrap_or_default())
                .bind(created_at);
            let NewToken { upstream, whitelist, settings } = new.clone();
            let registration = Registration { number: 0, token, upstream, whitelist, settings, created_at };
            added.insert(hash.as_str().to_owned(), registration);
        }
        // In any order.
        for (number, hash) in query.fetch_all(change.connection()).await? {
            if let Some(registration) = added.get_mut(&hash) {
                registration.number = number;
            }
        }
        let mut added: Vec<Registration> = added.into_values().collect();
        added.sort_by_key(|registration| registration.number);
        Ok(added)
    }

    /// Changes the row of a token; `false` if there is none.
    async fn update(
        &self,
        change: &mut Change,
        hash: &TokenHash,
        edit: &TokenChange,
    ) -> Result<bool, StoreError> {
        let Some(known) = self.by_hash(change.connection(), hash).await? else { return Ok(false) };
        let upstream = edit.upstream.as_ref().unwrap_or(&known.upstream);
        let settings = edit.settings.as_ref().unwrap_or(&known.settings);
        let whitelist = edit.whitelist.as_ref().unwrap_or(&known.whitelist);
        let id = upstream_id(change.connection(), upstream).await?;
        let sql = "UPDATE tokens SET upstream_id = $1, settings = $2, tenant = $3, sealed_whitelist = $4 \
             WHERE hash = $5";
        sqlx::query(sql)
            .bind(id)
            .bind(rows::settings_json(settings)?)
            .bind(settings.tenant.as_deref().unwrap_or_default())
            .bind(rows::sealed_whitelist(&self.sealer, hash.as_str(), whitelist)?)
            .bind(hash.as_str())
            .execute(change.connection())
            .await?;
        if edit.upstream.is_some() {
            remove_unused_upstreams(change.connection()).await?;
        }
        Ok(true)
    }
}

/// The identity of `base`, which is added if it is new.
async fn upstream_id(connection: &mut AnyConnection, base: &UpstreamBase) -> Result<i64, StoreError> {
    let base = base.to_string();
    let known = sqlx::query_scalar::<_, i64>("SELECT id FROM upstreams WHERE base = $1")
        .bind(&base)
        .fetch_optional(&mut *connection)
        .await?;
    match known {
        Some(id) => Ok(id),
        None => Ok(sqlx::query_scalar("INSERT INTO upstreams (base) VALUES ($1) RETURNING id")
            .bind(&base)
            .fetch_one(connection)
            .await?),
    }
}

async fn remove_unused_upstreams(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let sql =
        "DELETE FROM upstreams WHERE NOT EXISTS (SELECT 1 FROM tokens WHERE upstream_id = upstreams.id)";
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}
