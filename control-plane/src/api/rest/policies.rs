//! Policies.

use super::tokens::read;
use super::trial::Trial;
use crate::api::caller::Caller;
use crate::api::{Api, ApiError};
use crate::policy::{Format, check_text};
use aegis_model::{Policies as _, PolicyVersion, Role, Rollout, Scope};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the token table calls the policy that nobody has applied: of the file, or built in.
const RESERVED: &str = "default";

/// All policies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PoliciesView {
    versions: Vec<VersionView>,
    /// What acts, by policy.
    #[schema(value_type = Object)]
    rollouts: BTreeMap<String, Rollout>,
    /// Which policy acts where no token says otherwise: by `global` or `group:<name>`.
    assignments: BTreeMap<String, String>,
}

/// A version of a policy.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionView {
    policy: String,
    version: u32,
    author: String,
    /// Seconds since 1970.
    created_at: i64,
}

/// A policy that was checked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckView {
    name: String,
    /// What it does, for people.
    summary: String,
}

/// A policy that was applied.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApplyView {
    policy: String,
    version: u32,
    #[schema(value_type = Object)]
    rollout: Rollout,
}

/// Another version that is to act.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RolloutRequest {
    version: u32,
    #[serde(flatten)]
    trial: Trial,
}

/// A policy for a scope.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignRequest {
    policy: String,
}

/// Lists policies, and what acts.
#[utoipa::path(get, path = "/__gw__/api/policies", responses((status = 200, body = PoliciesView)))]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<PoliciesView>, ApiError> {
    caller.require(Role::Viewer)?;
    let state = api.store.policy_state().await?;
    let versions = api.store.versions(None).await?.into_iter().map(VersionView::of).collect();
    let assignments =
        state.assignments.into_iter().map(|(scope, policy)| (scope.to_string(), policy)).collect();
    Ok(Json(PoliciesView { versions, rollouts: state.rollouts, assignments }))
}

/// Shows the document of a version. It may hold values that must not get out.
#[utoipa::path(get, path = "/__gw__/api/policies/{name}/{version}", params(("name" = String, Path), ("version" = u32, Path)), responses((status = 200, body = Object)))]
pub(super) async fn document(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    caller.require(Role::Editor)?;
    let version = version.parse().map_err(|_| ApiError::NotFound("version"))?;
    let document = api.store.document(&name, version).await?.ok_or(ApiError::NotFound("version"))?;
    Ok(([(CONTENT_TYPE, "application/json")], document))
}

/// Checks a document, in YAML or JSON, and keeps nothing.
#[utoipa::path(post, path = "/__gw__/api/policies/check", request_body(content = String, content_type = "application/yaml"), responses((status = 200, body = CheckView)))]
pub(super) async fn check(
    State(_): State<Arc<Api>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CheckView>, ApiError> {
    caller.require(Role::Viewer)?;
    let (view, _) = validate(&headers, body).await?;
    Ok(Json(view))
}

/// Checks a document, keeps it as a new version and lets it act as the query says.
#[utoipa::path(post, path = "/__gw__/api/policies/apply", params(Trial), request_body(content = String, content_type = "application/yaml"), responses((status = 200, body = ApplyView)))]
pub(super) async fn apply(
    State(api): State<Arc<Api>>,
    caller: Caller,
    trial: Result<Query<Trial>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ApplyView>, ApiError> {
    caller.require(Role::Editor)?;
    let Query(trial) = trial.map_err(|error| ApiError::InvalidRequest(error.body_text()))?;
    let (CheckView { name, .. }, document) = validate(&headers, body).await?;
    let known = api.store.policy_state().await?.rollouts.remove(&name);
    // Before a version is kept that the query would not let act.
    trial.rollout(0, known.as_ref())?;
    let added = api.store.add_version(&caller.actor, &name, &document).await?;
    let rollout = act(&api, &caller, &name, added.version, &trial, known).await?;
    Ok(Json(ApplyView { policy: name, version: added.version, rollout }))
}

/// Lets another version act.
#[utoipa::path(put, path = "/__gw__/api/policies/{name}/rollout", params(("name" = String, Path)), request_body = RolloutRequest, responses((status = 200, body = ApplyView)))]
pub(super) async fn roll_out(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ApplyView>, ApiError> {
    caller.require(Role::Editor)?;
    let RolloutRequest { version, trial } = read(body)?;
    api.store.document(&name, version).await?.ok_or(ApiError::NotFound("version"))?;
    let known = api.store.policy_state().await?.rollouts.remove(&name);
    let rollout = act(&api, &caller, &name, version, &trial, known).await?;
    Ok(Json(ApplyView { policy: name, version, rollout }))
}

/// Ends a trial, or goes back to the version before.
#[utoipa::path(post, path = "/__gw__/api/policies/{name}/rollback", params(("name" = String, Path)), responses((status = 200, body = ApplyView)))]
pub(super) async fn roll_back(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ApplyView>, ApiError> {
    caller.require(Role::Editor)?;
    let known = api.store.policy_state().await?.rollouts.remove(&name).ok_or(ApiError::NotFound("policy"))?;
    let rollout = known
        .back(format!("rolled back by {}", caller.actor.as_str()))
        .ok_or_else(|| ApiError::Conflict("there is no version to go back to".to_owned()))?;
    replace(&api, &caller, &name, &rollout, Some(known), "rolled back").await?;
    Ok(Json(ApplyView { policy: name, version: rollout.live, rollout }))
}

/// Says which policy acts where no token says otherwise.
#[utoipa::path(put, path = "/__gw__/api/assignments/{scope}", params(("scope" = String, Path)), request_body = AssignRequest, responses((status = 204)))]
pub(super) async fn assign(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(scope): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, ApiError> {
    caller.require(Role::Editor)?;
    let AssignRequest { policy } = read(body)?;
    let scope = self::scope(&scope)?;
    if !api.store.policy_state().await?.rollouts.contains_key(&policy) {
        return Err(ApiError::NotFound("policy"));
    }
    let store = api.store.clone();
    api.commit(async move { store.assign(&caller.actor, &scope, Some(&policy)).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an assignment back.
#[utoipa::path(delete, path = "/__gw__/api/assignments/{scope}", params(("scope" = String, Path)), responses((status = 204)))]
pub(super) async fn unassign(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(scope): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.require(Role::Editor)?;
    let scope = self::scope(&scope)?;
    let store = api.store.clone();
    api.commit(async move { store.assign(&caller.actor, &scope, None).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn act(
    api: &Api,
    caller: &Caller,
    name: &str,
    version: u32,
    trial: &Trial,
    known: Option<Rollout>,
) -> Result<Rollout, ApiError> {
    let rollout = trial.rollout(version, known.as_ref())?;
    if known.as_ref() != Some(&rollout) {
        replace(api, caller, name, &rollout, known, "").await?;
    }
    Ok(rollout)
}

async fn replace(
    api: &Api,
    caller: &Caller,
    name: &str,
    rollout: &Rollout,
    known: Option<Rollout>,
    reason: &'static str,
) -> Result<(), ApiError> {
    let (store, actor) = (api.store.clone(), caller.actor.clone());
    let (name, rollout) = (name.to_owned(), rollout.clone());
    let replaced = api
        .commit(async move { store.roll_out(&actor, &name, Some(&rollout), known.as_ref(), reason).await })
        .await?;
    if replaced {
        Ok(())
    } else {
        Err(ApiError::Conflict("somebody else has changed it meanwhile; look and try again".to_owned()))
    }
}

/// The policy in a body, and its document as it is kept.
async fn validate(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(CheckView, String), ApiError> {
    let body = body.map_err(|_| ApiError::BodyTooLarge)?;
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().ends_with(b"json"));
    let format = if is_json { Format::Json } else { Format::Yaml };
    let text = String::from_utf8(body.to_vec())
        .map_err(|_| ApiError::InvalidPolicy(vec!["policy: not UTF-8".to_owned()]))?;
    // Rules are compiled, which takes a while.
    let checked = tokio::task::spawn_blocking(move || check_text(&text, format, "policy"));
    let checked = checked.await.map_err(|_| ApiError::Storage)?.map_err(ApiError::InvalidPolicy)?;
    let name = checked.policy.name.clone();
    if name == RESERVED {
        let what =
            "policy: the name `default` is that of the policy that acts where none is applied; take another";
        return Err(ApiError::InvalidPolicy(vec![what.to_owned()]));
    }
    let document: Value = serde_json::to_value(&checked.policy).map_err(|_| ApiError::Storage)?;
    Ok((CheckView { name, summary: checked.summary }, document.to_string()))
}

fn scope(text: &str) -> Result<Scope, ApiError> {
    let invalid = || ApiError::InvalidRequest("a scope is `global` or `group:<name>`".to_owned());
    Scope::parse(text).ok_or_else(invalid)
}

// === impl VersionView ===

impl VersionView {
    fn of(version: PolicyVersion) -> VersionView {
        VersionView {
            policy: version.policy,
            version: version.version,
            author: version.author.as_str().to_owned(),
            created_at: version.created_at,
        }
    }
}
