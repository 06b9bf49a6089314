//! Keys of the API itself, and the journal.

use super::tokens::read;
use crate::api::caller::{Caller, new_secret};
use crate::api::{Api, ApiError};
use aegis_model::{Access as _, AdminKey, Role, is_name};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use utoipa::{IntoParams, ToSchema};

const MAX_PAGE: u32 = 1000;

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyView {
    name: String,
    /// `viewer`, `editor` or `admin`.
    role: String,
    /// The tenant that it is limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    /// Seconds since 1970.
    created_at: i64,
}

/// A key that was just made. It is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeySecret {
    #[serde(flatten)]
    view: KeyView,
    /// What `Authorization: Bearer` takes.
    key: String,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRequest {
    name: String,
    /// `viewer`, `editor` or `admin`.
    role: String,
    /// The tenant that it is limited to.
    tenant: Option<String>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JournalView {
    number: i64,
    /// Seconds since 1970.
    at: i64,
    actor: String,
    action: String,
    target: String,
    detail: String,
    revision: u64,
}

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalPage {
    /// Only those with a smaller number.
    #[serde(default = "latest")]
    before: i64,
    /// At most so many, 1 to 1000.
    #[serde(default = "default_limit")]
    limit: u32,
}

fn latest() -> i64 {
    i64::MAX
}

fn default_limit() -> u32 {
    100
}

/// Lists keys.
#[utoipa::path(get, path = "/__gw__/api/keys", responses((status = 200, body = Vec<KeyView>)))]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Vec<KeyView>>, ApiError> {
    caller.require(Role::Admin)?;
    Ok(Json(api.store.list_keys().await?.into_iter().map(KeyView::of).collect()))
}

/// Makes a key.
#[utoipa::path(post, path = "/__gw__/api/keys", request_body = KeyRequest, responses((status = 201, body = KeySecret)))]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<KeySecret>), ApiError> {
    caller.require(Role::Admin)?;
    let KeyRequest { name, role, tenant } = read(body)?;
    if !is_name(&name) || !tenant.as_deref().is_none_or(is_name) {
        let detail = "names must have 1 to 48 letters, digits, '.', '_' or '-'".to_owned();
        return Err(ApiError::InvalidRequest(detail));
    }
    let role = Role::parse(&role)
        .ok_or_else(|| ApiError::InvalidRequest("role must be viewer, editor or admin".to_owned()))?;
    let created_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let created_at = i64::try_from(created_at).unwrap_or(i64::MAX);
    let key = AdminKey { name, role, tenant, created_at };
    let (secret, verifier) = new_secret(&key.name);
    if !api.store.add_key(&caller.actor, &key, &verifier).await? {
        return Err(ApiError::Conflict("there is a key of this name".to_owned()));
    }
    Ok((StatusCode::CREATED, Json(KeySecret { view: KeyView::of(key), key: secret })))
}

/// Removes a key.
#[utoipa::path(delete, path = "/__gw__/api/keys/{name}", params(("name" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.require(Role::Admin)?;
    let removed = api.store.remove_key(&caller.actor, &name).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::NotFound("key")) }
}

/// Who changed what, newest first.
#[utoipa::path(get, path = "/__gw__/api/journal", params(JournalPage), responses((status = 200, body = Vec<JournalView>)))]
pub(super) async fn journal(
    State(api): State<Arc<Api>>,
    caller: Caller,
    page: Result<Query<JournalPage>, QueryRejection>,
) -> Result<Json<Vec<JournalView>>, ApiError> {
    caller.require(Role::Viewer)?;
    let Query(page) = page.map_err(|error| ApiError::InvalidRequest(error.body_text()))?;
    let entries = api.store.journal(page.before, page.limit.clamp(1, MAX_PAGE)).await?;
    let view = |entry: aegis_model::JournalEntry| JournalView {
        number: entry.number,
        at: entry.at,
        actor: entry.actor.as_str().to_owned(),
        action: entry.action,
        target: entry.target,
        detail: entry.detail,
        revision: entry.revision,
    };
    Ok(Json(entries.into_iter().map(view).collect()))
}

// === impl KeyView ===

impl KeyView {
    fn of(key: AdminKey) -> KeyView {
        KeyView {
            name: key.name,
            role: key.role.name().to_owned(),
            tenant: key.tenant,
            created_at: key.created_at,
        }
    }
}
