//! Rows to domain types.

use crate::StoreError;
use crate::seal::{Sealer, Secret};
use aegis_model::{Registration, Revisions, Token, TokenSettings, UpstreamBase, WhitelistKeys};
use sqlx::AnyConnection;
use std::time::{SystemTime, UNIX_EPOCH};

/// Columns of [`REGISTRATION`].
pub(crate) type RegistrationRow = (i64, String, Vec<u8>, Vec<u8>, String, String, i64);

/// The beginning of a statement that reads registrations.
macro_rules! select_registrations {
    ($rest:literal) => {
        concat!(
            "SELECT number, hash, sealed_token, sealed_whitelist, base, settings, created_at ",
            "FROM tokens JOIN upstreams ON upstreams.id = upstream_id ",
            $rest
        )
    };
}
pub(crate) use select_registrations;

pub(crate) fn registration(sealer: &Sealer, row: RegistrationRow) -> Result<Registration, StoreError> {
    let (number, hash, token, whitelist, base, settings, created_at) = row;
    let token = sealer.open(Secret::Token(&hash), &token)?;
    Ok(Registration {
        number,
        token: Token::parse(&token).map_err(|_| StoreError::Corrupt("a malformed token"))?,
        upstream: upstream(&base)?,
        whitelist: self::whitelist(sealer, &hash, &whitelist)?,
        settings: self::settings(&settings)?,
        created_at,
    })
}

pub(crate) fn upstream(text: &str) -> Result<UpstreamBase, StoreError> {
    UpstreamBase::parse(text).map_err(|_| StoreError::Corrupt("a malformed upstream address"))
}

pub(crate) fn settings(json: &str) -> Result<TokenSettings, StoreError> {
    // Almost all of them.
    if json == "{}" {
        return Ok(TokenSettings::default());
    }
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt("malformed settings of a token"))
}

/// The stored form of `settings`, which [`settings`] reads.
pub(crate) fn settings_json(settings: &TokenSettings) -> Result<String, StoreError> {
    serde_json::to_string(settings).map_err(|_| StoreError::Corrupt("settings that cannot be written"))
}

pub(crate) fn whitelist(sealer: &Sealer, hash: &str, stored: &[u8]) -> Result<WhitelistKeys, StoreError> {
    if stored.is_empty() {
        return Ok(WhitelistKeys::default());
    }
    let json = sealer.open(Secret::Whitelist(hash), stored)?;
    let value = serde_json::from_str(&json).map_err(|_| StoreError::Corrupt("a malformed whitelist"))?;
    Ok(WhitelistKeys::from_json(&value))
}

/// The stored form of `keys`, which [`whitelist`] reads.
pub(crate) fn sealed_whitelist(
    sealer: &Sealer,
    hash: &str,
    keys: &WhitelistKeys,
) -> Result<Vec<u8>, StoreError> {
    if keys.as_slice().is_empty() {
        return Ok(Vec::new());
    }
    let json = serde_json::Value::from(keys.as_slice()).to_string();
    sealer.seal(Secret::Whitelist(hash), json.as_bytes())
}

/// The revisions, and the generation of the key.
pub(crate) async fn state(connection: &mut AnyConnection) -> Result<(Revisions, i64), StoreError> {
    let sql = "SELECT latest, routes, policies, key_generation FROM state";
    let (latest, routes, policies, generation) =
        sqlx::query_as::<_, (i64, i64, i64, i64)>(sql).fetch_one(connection).await?;
    let revision = |value| u64::try_from(value).map_err(|_| StoreError::Corrupt("a negative revision"));
    let revisions =
        Revisions { latest: revision(latest)?, routes: revision(routes)?, policies: revision(policies)? };
    Ok((revisions, generation))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}
