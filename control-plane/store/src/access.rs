//! Keys and the journal.

use crate::change::Part;
use crate::{SqlStore, StoreError};
use aegis_model::{Access, Actor, AdminKey, JournalEntry, Role};

impl Access for SqlStore {
    async fn add_key(&self, actor: &Actor, key: &AdminKey, verifier: &[u8; 32]) -> Result<bool, StoreError> {
        let mut change = self.change(Part::Neither).await?;
        let sql = "INSERT INTO admin_keys (name, role, tenant, verifier, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (name) DO NOTHING";
        let added = sqlx::query(sql)
            .bind(&key.name)
            .bind(key.role.name())
            .bind(key.tenant.as_deref().unwrap_or_default())
            .bind(verifier.as_slice())
            .bind(key.created_at)
            .execute(change.connection())
            .await?
            .rows_affected();
        if added == 0 {
            return Ok(false);
        }
        change.note(actor, "key.add", &key.name, key.role.name()).await?;
        change.commit().await?;
        Ok(true)
    }

    async fn find_key(&self, name: &str) -> Result<Option<(AdminKey, [u8; 32])>, StoreError> {
        let sql = "SELECT name, role, tenant, created_at, verifier FROM admin_keys WHERE name = $1";
        let row = sqlx::query_as::<_, (String, String, String, i64, Vec<u8>)>(sql)
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        let Some((name, role, tenant, created_at, verifier)) = row else { return Ok(None) };
        let verifier =
            verifier.try_into().map_err(|_| StoreError::Corrupt("a malformed verifier of a key"))?;
        Ok(Some((key((name, role, tenant, created_at))?, verifier)))
    }

    async fn list_keys(&self) -> Result<Vec<AdminKey>, StoreError> {
        let sql = "SELECT name, role, tenant, created_at FROM admin_keys ORDER BY name";
        let rows = sqlx::query_as::<_, KeyRow>(sql).fetch_all(&self.pool).await?;
        rows.into_iter().map(key).collect()
    }

    async fn remove_key(&self, actor: &Actor, name: &str) -> Result<bool, StoreError> {
        let mut change = self.change(Part::Neither).await?;
        let removed = sqlx::query("DELETE FROM admin_keys WHERE name = $1")
            .bind(name)
            .execute(change.connection())
            .await?
            .rows_affected();
        if removed == 0 {
            return Ok(false);
        }
        change.note(actor, "key.remove", name, "").await?;
        change.commit().await?;
        Ok(true)
    }

    async fn journal(&self, before: i64, limit: u32) -> Result<Vec<JournalEntry>, StoreError> {
        let sql = "SELECT number, at, actor, action, target, detail, revision FROM journal WHERE number < $1 \
             ORDER BY number DESC LIMIT $2";
        let rows = sqlx::query_as::<_, JournalRow>(sql)
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        let entry = |(number, at, actor, action, target, detail, revision): JournalRow| JournalEntry {
            number,
            at,
            actor: Actor::new(actor),
            action,
            target,
            detail,
            revision: u64::try_from(revision).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}

/// Columns `number, at, actor, action, target, detail, revision`.
type JournalRow = (i64, i64, String, String, String, String, i64);

/// Columns `name, role, tenant, created_at`.
type KeyRow = (String, String, String, i64);

fn key((name, role, tenant, created_at): KeyRow) -> Result<AdminKey, StoreError> {
    let role = Role::parse(&role).ok_or(StoreError::Corrupt("an unknown role"))?;
    Ok(AdminKey { name, role, tenant: Some(tenant).filter(|tenant| !tenant.is_empty()), created_at })
}
