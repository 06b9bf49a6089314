//! Replacing the encryption key.

use crate::change::Part;
use crate::seal::{Sealer, Secret};
use crate::{EncryptionKey, SqlStore, StoreError};
use aegis_model::Actor;
use sqlx::AnyConnection;

// === impl SqlStore ===

impl SqlStore {
    /// Seals everything again under `key`, in one transaction: after a crash all of it is under the old key or all of it
    /// under the new one. Other processes refuse to go on until they have the new key.
    pub async fn replace_key(&mut self, actor: &Actor, key: &EncryptionKey) -> Result<(), StoreError> {
        let new = Sealer::new(key);
        let generation = self.generation + 1;
        let mut change = self.change(Part::Neither).await?;
        let connection = change.connection();
        reseal_tokens(connection, &self.sealer, &new).await?;
        reseal_documents(connection, &self.sealer, &new).await?;
        sqlx::query("UPDATE state SET key_generation = $1, key_proof = $2")
            .bind(generation)
            .bind(new.seal(Secret::Proof(generation), b"")?)
            .execute(connection)
            .await?;
        change.note(actor, "encryption_key.replace", "", &format!("generation {generation}")).await?;
        change.commit().await?;
        (self.sealer, self.generation) = (new, generation);
        Ok(())
    }
}

async fn reseal_tokens(connection: &mut AnyConnection, old: &Sealer, new: &Sealer) -> Result<(), StoreError> {
    let sql = "SELECT hash, sealed_token, sealed_whitelist FROM tokens";
    let rows = sqlx::query_as::<_, (String, Vec<u8>, Vec<u8>)>(sql).fetch_all(&mut *connection).await?;
    for (hash, token, whitelist) in rows {
        let token = new.seal(Secret::Token(&hash), old.open(Secret::Token(&hash), &token)?.as_bytes())?;
        let whitelist = if whitelist.is_empty() {
            whitelist
        } else {
            let keys = old.open(Secret::Whitelist(&hash), &whitelist)?;
            new.seal(Secret::Whitelist(&hash), keys.as_bytes())?
        };
        sqlx::query("UPDATE tokens SET sealed_token = $1, sealed_whitelist = $2 WHERE hash = $3")
            .bind(token)
            .bind(whitelist)
            .bind(hash)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn reseal_documents(
    connection: &mut AnyConnection,
    old: &Sealer,
    new: &Sealer,
) -> Result<(), StoreError> {
    let sql = "SELECT policy, version, sealed_document FROM policy_versions";
    let rows = sqlx::query_as::<_, (String, i64, Vec<u8>)>(sql).fetch_all(&mut *connection).await?;
    for (policy, version, document) in rows {
        let secret = Secret::Document(&policy, version);
        let document = new.seal(secret, old.open(secret, &document)?.as_bytes())?;
        sqlx::query("UPDATE policy_versions SET sealed_document = $1 WHERE policy = $2 AND version = $3")
            .bind(document)
            .bind(&policy)
            .bind(version)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
