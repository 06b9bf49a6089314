//! Tokens.

use crate::api::base_url::base_url;
use crate::api::caller::Caller;
use crate::api::{Api, ApiError};
use aegis_model::{
    NewToken, Registration, Role, TokenChange, TokenPage, TokenSettings, Tokens as _, WhitelistKeys,
};
use aegis_policy::{FilterMode, TokenHash};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Most tokens of one answer.
const MAX_PAGE: u32 = 1000;

/// A token, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenView {
    /// What it is called where it must not be known.
    id: String,
    /// Its place in the order of all.
    number: i64,
    upstream_base: String,
    whitelist_key: Vec<String>,
    #[serde(flatten)]
    settings: Settings,
    /// Seconds since 1970.
    created_at: i64,
}

/// A token that was just made, or is shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenSecret {
    #[serde(flatten)]
    view: TokenView,
    /// The token. It is a credential.
    token: String,
    /// What clients use as base URL.
    base_url: String,
}

/// What can be said about a token.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct Settings {
    /// The policy of its requests; the one for everybody if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// What the filter does at most: `full`, `redact` or `passthrough`.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// The largest request body in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_body_bytes: Option<u32>,
    /// The most messages of one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_messages: Option<u32>,
    /// Seconds that a request and its answer may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u32>,
    /// Whose token it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    upstream_base: String,
    #[serde(default)]
    whitelist_key: Vec<String>,
    policy: Option<String>,
    mode: Option<String>,
    max_body_bytes: Option<u32>,
    max_messages: Option<u32>,
    timeout_seconds: Option<u32>,
    tenant: Option<String>,
}

/// What changes about a token. What is not there stays; `settings` replaces all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenPatch {
    upstream_base: Option<String>,
    whitelist_key: Option<Vec<String>>,
    settings: Option<Settings>,
}

/// Tokens to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkRequest {
    tokens: Vec<TokenRequest>,
}

/// Which tokens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Only those with a greater number.
    #[serde(default)]
    after: i64,
    /// At most so many, 1 to 1000.
    #[serde(default = "default_limit")]
    limit: u32,
    /// Only those of this tenant.
    tenant: Option<String>,
}

fn default_limit() -> u32 {
    100
}

/// Lists tokens.
#[utoipa::path(get, path = "/__gw__/api/tokens", params(Page), responses((status = 200, body = Vec<TokenView>)))]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Vec<TokenView>>, ApiError> {
    caller.require_for_tenant(Role::Viewer)?;
    let Query(page) = page.map_err(|error| ApiError::InvalidRequest(error.body_text()))?;
    let tenant = match (&caller.tenant, &page.tenant) {
        (Some(own), Some(asked)) if own != asked => return Err(ApiError::Scope),
        (Some(own), _) => Some(own.as_str()),
        (None, asked) => asked.as_deref(),
    };
    let page = TokenPage { after: page.after, limit: page.limit.clamp(1, MAX_PAGE), tenant };
    Ok(Json(api.store.list_tokens(page).await?.iter().map(TokenView::of).collect()))
}

/// Makes a token.
#[utoipa::path(post, path = "/__gw__/api/tokens", request_body = TokenRequest, responses((status = 201, body = TokenSecret)))]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<TokenSecret>), ApiError> {
    caller.require_for_tenant(Role::Editor)?;
    let new = new_token(&api, &caller, read(body)?)?;
    api.resolve([&new.upstream]).await?;
    let store = api.store.clone();
    let added = api.commit(async move { store.add_tokens(&caller.actor, &[new]).await }).await?;
    let added = added.first().ok_or(ApiError::Storage)?;
    Ok((StatusCode::CREATED, Json(TokenSecret::of(&api, &headers, added))))
}

/// Makes many tokens, all or none.
#[utoipa::path(post, path = "/__gw__/api/tokens/bulk", request_body = BulkRequest, responses((status = 201, body = Vec<TokenSecret>)))]
pub(super) async fn create_many(
    State(api): State<Arc<Api>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Vec<TokenSecret>>), ApiError> {
    caller.require_for_tenant(Role::Editor)?;
    let BulkRequest { tokens } = read(body)?;
    let new = tokens.into_iter().map(|token| new_token(&api, &caller, token));
    let new: Vec<NewToken> = new.collect::<Result<_, ApiError>>()?;
    api.resolve(new.iter().map(|token| &token.upstream)).await?;
    let store = api.store.clone();
    let added = api.commit(async move { store.add_tokens(&caller.actor, &new).await }).await?;
    let added = added.iter().map(|registration| TokenSecret::of(&api, &headers, registration));
    Ok((StatusCode::CREATED, Json(added.collect())))
}

/// Shows a token.
#[utoipa::path(get, path = "/__gw__/api/tokens/{id}", params(("id" = String, Path)), responses((status = 200, body = TokenView)))]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TokenView>, ApiError> {
    caller.require_for_tenant(Role::Viewer)?;
    let (_, registration) = find(&api, &caller, &id).await?;
    Ok(Json(TokenView::of(&registration)))
}

/// Shows a token itself.
#[utoipa::path(get, path = "/__gw__/api/tokens/{id}/secret", params(("id" = String, Path)), responses((status = 200, body = TokenSecret)))]
pub(super) async fn reveal(
    State(api): State<Arc<Api>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<TokenSecret>, ApiError> {
    caller.require_for_tenant(Role::Admin)?;
    let (_, registration) = find(&api, &caller, &id).await?;
    Ok(Json(TokenSecret::of(&api, &headers, &registration)))
}

/// Changes a token.
#[utoipa::path(patch, path = "/__gw__/api/tokens/{id}", params(("id" = String, Path)), request_body = TokenPatch, responses((status = 200, body = TokenView)))]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<TokenView>, ApiError> {
    caller.require_for_tenant(Role::Editor)?;
    let TokenPatch { upstream_base, whitelist_key, settings } = read(body)?;
    let (hash, _) = find(&api, &caller, &id).await?;
    let settings = settings.map(|settings| settings.checked(&caller)).transpose()?;
    let change = TokenChange {
        upstream: upstream_base.map(|base| api.upstream(&base)).transpose()?,
        whitelist: whitelist_key.map(|keys| WhitelistKeys::from_json(&keys.into())),
        settings,
    };
    api.resolve(&change.upstream).await?;
    let store = api.store.clone();
    let changed = api.commit(async move { store.change_token(&caller.actor, &hash, &change).await }).await?;
    changed.map(|changed| Json(TokenView::of(&changed))).ok_or(ApiError::TokenNotFound)
}

/// Removes a token.
#[utoipa::path(delete, path = "/__gw__/api/tokens/{id}", params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.require_for_tenant(Role::Editor)?;
    let (hash, _) = find(&api, &caller, &id).await?;
    let store = api.store.clone();
    let removed = api.commit(async move { store.remove_token(&caller.actor, &hash).await }).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::TokenNotFound) }
}

/// The token of this id, if the caller may know that it exists.
async fn find(api: &Api, caller: &Caller, id: &str) -> Result<(TokenHash, Registration), ApiError> {
    let hash = TokenHash::parse(id).ok_or(ApiError::TokenNotFound)?;
    let found = api.store.find_token(&hash).await?.ok_or(ApiError::TokenNotFound)?;
    if caller.sees(found.settings.tenant.as_deref()) {
        Ok((hash, found))
    } else {
        Err(ApiError::TokenNotFound)
    }
}

fn new_token(api: &Api, caller: &Caller, request: TokenRequest) -> Result<NewToken, ApiError> {
    let TokenRequest {
        upstream_base,
        whitelist_key,
        policy,
        mode,
        max_body_bytes,
        max_messages,
        timeout_seconds,
        tenant,
    } = request;
    let tenant = tenant.or_else(|| caller.tenant.clone());
    let settings = Settings { policy, mode, max_body_bytes, max_messages, timeout_seconds, tenant };
    Ok(NewToken {
        upstream: api.upstream(&upstream_base)?,
        whitelist: WhitelistKeys::from_json(&whitelist_key.into()),
        settings: settings.checked(caller)?,
    })
}

/// Reads a body of JSON.
pub(super) fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, ApiError> {
    let body = body.map_err(|_| ApiError::BodyTooLarge)?;
    serde_json::from_slice(&body).map_err(|error| ApiError::InvalidRequest(error.to_string()))
}

// === impl Settings ===

impl Settings {
    fn of(settings: &TokenSettings) -> Settings {
        let mode = match settings.mode {
            FilterMode::Full => None,
            FilterMode::Redact => Some("redact".to_owned()),
            FilterMode::Passthrough => Some("passthrough".to_owned()),
        };
        let TokenSettings { policy, max_body_bytes, max_messages, timeout_seconds, tenant, .. } =
            settings.clone();
        Settings { policy, mode, max_body_bytes, max_messages, timeout_seconds, tenant }
    }

    fn checked(self, caller: &Caller) -> Result<TokenSettings, ApiError> {
        let mode = match self.mode.as_deref() {
            None | Some("full") => FilterMode::Full,
            Some("redact") => FilterMode::Redact,
            Some("passthrough") => FilterMode::Passthrough,
            Some(_) => {
                let detail = "mode must be full, redact or passthrough".to_owned();
                return Err(ApiError::InvalidRequest(detail));
            }
        };
        let Settings { policy, max_body_bytes, max_messages, timeout_seconds, tenant, .. } = self;
        let settings = TokenSettings { policy, mode, max_body_bytes, max_messages, timeout_seconds, tenant };
        settings.validate().map_err(ApiError::InvalidSettings)?;
        if caller.sees(settings.tenant.as_deref()) { Ok(settings) } else { Err(ApiError::Scope) }
    }
}

// === impl TokenView ===

impl TokenView {
    fn of(registration: &Registration) -> TokenView {
        TokenView {
            id: registration.token.hash().as_str().to_owned(),
            number: registration.number,
            upstream_base: registration.upstream.to_string(),
            whitelist_key: registration.whitelist.as_slice().to_vec(),
            settings: Settings::of(&registration.settings),
            created_at: registration.created_at,
        }
    }
}

// === impl TokenSecret ===

impl TokenSecret {
    fn of(api: &Api, headers: &HeaderMap, registration: &Registration) -> TokenSecret {
        TokenSecret {
            view: TokenView::of(registration),
            token: registration.token.reveal().to_owned(),
            base_url: base_url(headers, api.ports, &registration.token),
        }
    }
}
