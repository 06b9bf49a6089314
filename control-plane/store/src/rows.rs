//! Rows to domain types.

use crate::StoreError;
use aegis_model::{Registration, Token, UpstreamBase, WhitelistKeys};

/// Columns `token, base, whitelist`.
pub(crate) type RegistrationRow = (String, String, String);

pub(crate) fn registration((token, base, whitelist): RegistrationRow) -> Result<Registration, StoreError> {
    Ok(Registration { token: self::token(&token)?, upstream: upstream(&base)?, whitelist: keys(&whitelist)? })
}

pub(crate) fn token(text: &str) -> Result<Token, StoreError> {
    Token::parse(text).map_err(|_| StoreError::Corrupt("a malformed token"))
}

pub(crate) fn upstream(text: &str) -> Result<UpstreamBase, StoreError> {
    UpstreamBase::parse(text).map_err(|_| StoreError::Corrupt("a malformed upstream address"))
}

pub(crate) fn revision(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt("a negative revision"))
}

/// The stored form of `whitelist`, which [`keys`] reads.
pub(crate) fn keys_json(whitelist: &WhitelistKeys) -> String {
    serde_json::Value::from(whitelist.as_slice()).to_string()
}

fn keys(json: &str) -> Result<WhitelistKeys, StoreError> {
    let value = serde_json::from_str(json).map_err(|_| StoreError::Corrupt("a malformed whitelist"))?;
    Ok(WhitelistKeys::from_json(&value))
}
