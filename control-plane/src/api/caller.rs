//! Whose key a request to the REST API has, and what it may do.

use super::guard::Client;
use super::{Api, ApiError};
use aegis_model::{Access as _, Actor, Role};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use data_encoding::BASE64URL_NOPAD;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Instant;
use subtle::ConstantTimeEq as _;

/// Who asks.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub actor: Actor,
    role: Role,
    /// The tenant whose tokens the key is limited to.
    pub tenant: Option<String>,
}

/// What the journal calls whoever has the gateway key.
pub(super) const GATEWAY: &str = "gateway-key";

/// Begins every key, so that scanners find those that leak. Then come its name and its secret.
const PREFIX: &str = "aegis-admin";

/// The key of this name and a new secret, and what is kept of it. The secret is random, so one round of a hash is enough.
pub(crate) fn new_secret(name: &str) -> (String, [u8; 32]) {
    let secret = BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>());
    let verifier = Sha256::digest(secret.as_bytes()).into();
    (format!("{PREFIX}:{name}:{secret}"), verifier)
}

// === impl Caller ===

impl Caller {
    /// Whether it has `role`, for something that is no tenant's.
    pub(super) fn require(&self, role: Role) -> Result<(), ApiError> {
        self.require_for_tenant(role)?;
        if self.tenant.is_some() { Err(ApiError::Scope) } else { Ok(()) }
    }

    /// Whether it has `role`, for something of its tenant.
    pub(super) fn require_for_tenant(&self, role: Role) -> Result<(), ApiError> {
        if self.role >= role { Ok(()) } else { Err(ApiError::Role(role)) }
    }

    /// Whether it may see what belongs to `tenant`.
    pub(super) fn sees(&self, tenant: Option<&str>) -> bool {
        self.tenant.is_none() || self.tenant.as_deref() == tenant
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Caller, ApiError> {
        let client = Client::from_request_parts(parts, api).await?;
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(ApiError::KeyMissing)?;
        match find(api, key).await? {
            Some(caller) => Ok(caller),
            None if api.failures.admits(client.peer, Instant::now()) => Err(ApiError::KeyInvalid),
            None => Err(ApiError::RateLimited),
        }
    }
}

async fn find(api: &Api, key: &str) -> Result<Option<Caller>, ApiError> {
    if bool::from(key.as_bytes().ct_eq(api.gateway_key.expose_secret().as_bytes())) {
        return Ok(Some(Caller { actor: Actor::new(GATEWAY), role: Role::Admin, tenant: None }));
    }
    let mut parts = key.splitn(3, ':');
    let (Some(PREFIX), Some(name), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    let Some((key, verifier)) = api.store.find_key(name).await? else { return Ok(None) };
    let given: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let valid = bool::from(given.ct_eq(&verifier));
    Ok(valid.then(|| Caller { actor: Actor::new(key.name), role: key.role, tenant: key.tenant }))
}
