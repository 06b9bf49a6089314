//! Policies: versions, rollouts, assignments.

use crate::change::Part;
use crate::seal::{Sealer, Secret};
use crate::{SqlStore, StoreError, rows};
use aegis_model::{Actor, Policies, PolicyState, PolicyVersion, Rollout, Scope};
use sqlx::AnyConnection;

impl Policies for SqlStore {
    async fn add_version(
        &self,
        actor: &Actor,
        policy: &str,
        document: &str,
    ) -> Result<PolicyVersion, StoreError> {
        // Envoys are told only what a rollout names.
        let mut change = self.change(Part::Neither).await?;
        let sql = "SELECT policy, version, author, created_at FROM policy_versions WHERE policy = $1 \
             ORDER BY version DESC LIMIT 1";
        let newest = sqlx::query_as::<_, VersionRow>(sql)
            .bind(policy)
            .fetch_optional(change.connection())
            .await?
            .map(version)
            .transpose()?;
        if let Some(newest) = &newest {
            let known = read_document(change.connection(), &self.sealer, policy, newest.version).await?;
            if known.as_deref() == Some(document) {
                return Ok(newest.clone());
            }
        }
        let added = PolicyVersion {
            policy: policy.to_owned(),
            version: newest.map_or(0, |newest| newest.version) + 1,
            author: actor.clone(),
            created_at: rows::now(),
        };
        let number = i64::from(added.version);
        let sealed = self.sealer.seal(Secret::Document(policy, number), document.as_bytes())?;
        let sql = "INSERT INTO policy_versions (policy, version, sealed_document, author, created_at) \
             VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(sql)
            .bind(policy)
            .bind(number)
            .bind(sealed)
            .bind(actor.as_str())
            .bind(added.created_at)
            .execute(change.connection())
            .await?;
        change.note(actor, "policy.version", policy, &format!("version {number}")).await?;
        change.commit().await?;
        Ok(added)
    }

    async fn versions(&self, policy: Option<&str>) -> Result<Vec<PolicyVersion>, StoreError> {
        let sql = "SELECT policy, version, author, created_at FROM policy_versions WHERE policy = $1 OR '' = $1 \
             ORDER BY policy, version";
        let rows = sqlx::query_as::<_, VersionRow>(sql)
            .bind(policy.unwrap_or_default())
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(version).collect()
    }

    async fn document(&self, policy: &str, version: u32) -> Result<Option<String>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        read_document(&mut connection, &self.sealer, policy, version).await
    }

    async fn roll_out(
        &self,
        actor: &Actor,
        policy: &str,
        rollout: Option<&Rollout>,
        expected: Option<&Rollout>,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let mut change = self.change(Part::Policies).await?;
        if let Some(expected) = expected {
            let sql = "SELECT rollout FROM rollouts WHERE policy = $1";
            let now = sqlx::query_scalar::<_, String>(sql).bind(policy).fetch_optional(change.connection());
            let now = now.await?.map(|json| read_rollout(&json)).transpose()?;
            if now.as_ref() != Some(expected) {
                return Ok(false);
            }
        }
        let Some(rollout) = rollout else {
            sqlx::query("DELETE FROM rollouts WHERE policy = $1")
                .bind(policy)
                .execute(change.connection())
                .await?;
            change.note(actor, "policy.end", policy, reason).await?;
            change.commit().await?;
            return Ok(true);
        };
        let json = serde_json::to_string(rollout)
            .map_err(|_| StoreError::Corrupt("a rollout that cannot be written"))?;
        let sql = "INSERT INTO rollouts (policy, rollout) VALUES ($1, $2) \
             ON CONFLICT (policy) DO UPDATE SET rollout = excluded.rollout";
        sqlx::query(sql).bind(policy).bind(&json).execute(change.connection()).await?;
        let detail = if reason.is_empty() { json } else { format!("{json}: {reason}") };
        change.note(actor, "policy.rollout", policy, &detail).await?;
        change.commit().await?;
        Ok(true)
    }

    async fn assign(&self, actor: &Actor, scope: &Scope, policy: Option<&str>) -> Result<(), StoreError> {
        let mut change = self.change(Part::Policies).await?;
        let scope = scope.to_string();
        if let Some(policy) = policy {
            let sql = "INSERT INTO assignments (scope, policy) VALUES ($1, $2) \
                 ON CONFLICT (scope) DO UPDATE SET policy = excluded.policy";
            sqlx::query(sql).bind(&scope).bind(policy).execute(change.connection()).await?;
        } else {
            let sql = "DELETE FROM assignments WHERE scope = $1";
            sqlx::query(sql).bind(&scope).execute(change.connection()).await?;
        }
        change.note(actor, "policy.assign", &scope, policy.unwrap_or("none")).await?;
        change.commit().await?;
        Ok(())
    }

    async fn policy_state(&self) -> Result<PolicyState, StoreError> {
        self.read_policies().await
    }
}

/// Columns `policy, version, author, created_at`.
type VersionRow = (String, i64, String, i64);

fn version((policy, version, author, created_at): VersionRow) -> Result<PolicyVersion, StoreError> {
    let version = u32::try_from(version).map_err(|_| StoreError::Corrupt("a version that is no number"))?;
    Ok(PolicyVersion { policy, version, author: Actor::new(author), created_at })
}

fn read_rollout(json: &str) -> Result<Rollout, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt("a malformed rollout"))
}

async fn read_document(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    policy: &str,
    version: u32,
) -> Result<Option<String>, StoreError> {
    let number = i64::from(version);
    let row = sqlx::query_scalar::<_, Vec<u8>>(
        "SELECT sealed_document FROM policy_versions WHERE policy = $1 AND version = $2",
    )
    .bind(policy)
    .bind(number)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(sealer.open(Secret::Document(policy, number), &row)?.to_string()))
}

/// What acts, with the documents of it.
pub(crate) async fn state(
    connection: &mut AnyConnection,
    sealer: &Sealer,
) -> Result<PolicyState, StoreError> {
    let mut state = PolicyState::default();
    let rollouts = sqlx::query_as::<_, (String, String)>("SELECT policy, rollout FROM rollouts")
        .fetch_all(&mut *connection)
        .await?;
    for (policy, json) in rollouts {
        let rollout = read_rollout(&json)?;
        let trial = rollout.candidate.as_ref().map(|candidate| candidate.version);
        for version in [Some(rollout.live), trial].into_iter().flatten() {
            let document = read_document(connection, sealer, &policy, version).await?;
            let document =
                document.ok_or(StoreError::Corrupt("a rollout of a version that does not exist"))?;
            state.documents.insert((policy.clone(), version), document);
        }
        state.rollouts.insert(policy, rollout);
    }
    let assignments = sqlx::query_as::<_, (String, String)>("SELECT scope, policy FROM assignments")
        .fetch_all(connection)
        .await?;
    for (scope, policy) in assignments {
        let scope = Scope::parse(&scope).ok_or(StoreError::Corrupt("a malformed scope"))?;
        state.assignments.insert(scope, policy);
    }
    Ok(state)
}
