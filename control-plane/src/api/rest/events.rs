//! What the filters reported.

use crate::api::caller::Caller;
use crate::api::{Api, ApiError};
use aegis_model::{EventQuery, Events as _, Role};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

const MAX_PAGE: u32 = 10_000;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct EventPage {
    /// Only those with a greater number.
    #[serde(default)]
    after: i64,
    /// From this time on, in milliseconds since 1970.
    #[serde(default)]
    since: i64,
    tenant: Option<String>,
    /// `allow`, `mark`, `redact`, `defang`, `sanitize`, `block` or `refuse`.
    action: Option<String>,
    /// At most so many, 1 to 10000.
    #[serde(default = "default_limit")]
    limit: u32,
}

fn default_limit() -> u32 {
    1000
}

/// Exports events as JSON lines, oldest first.
#[utoipa::path(get, path = "/__gw__/api/events", params(EventPage), responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(super) async fn export(
    State(api): State<Arc<Api>>,
    caller: Caller,
    page: Result<Query<EventPage>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    caller.require_for_tenant(Role::Viewer)?;
    let Query(page) = page.map_err(|error| ApiError::InvalidRequest(error.body_text()))?;
    let tenant = match (&caller.tenant, &page.tenant) {
        (Some(own), Some(asked)) if own != asked => return Err(ApiError::Scope),
        (Some(own), _) => Some(own.as_str()),
        (None, asked) => asked.as_deref(),
    };
    let query = EventQuery {
        after: page.after,
        since: page.since,
        tenant,
        action: page.action.as_deref(),
        limit: page.limit.clamp(1, MAX_PAGE),
    };
    let mut lines = String::new();
    for (number, mut event) in api.store.events(query).await? {
        if let Some(body) = event.body.as_object_mut() {
            body.insert("number".to_owned(), number.into());
        }
        lines.push_str(&event.body.to_string());
        lines.push('\n');
    }
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines))
}
