//! The REST API under `/__gw__/api`.
//!
//! | role | may |
//! |---|---|
//! | viewer | read everything but tokens and policy documents |
//! | editor | change tokens and policies, read policy documents |
//! | admin | see tokens again, manage keys |
//!
//! A key that is limited to a tenant works for that tenant's tokens and events only.

mod events;
mod keys;
mod nodes;
mod openapi;
mod policies;
mod tokens;
mod trial;

pub(crate) use openapi::openapi;

use super::{Api, BODY_LIMIT_BYTES};
use crate::policy::MAX_DOCUMENT_BYTES;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use std::sync::Arc;

/// 100,000 tokens with settings.
const BULK_LIMIT_BYTES: usize = 64 << 20;

/// The routes, below `/__gw__/api`.
pub(super) fn router() -> Router<Arc<Api>> {
    let small = Router::new()
        .route("/openapi.json", get(openapi::document))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}", get(tokens::show).patch(tokens::change).delete(tokens::remove))
        .route("/tokens/{id}/secret", get(tokens::reveal))
        .route("/policies", get(policies::list))
        .route("/policies/{name}/{version}", get(policies::document))
        .route("/policies/{name}/rollout", put(policies::roll_out))
        .route("/policies/{name}/rollback", post(policies::roll_back))
        .route("/assignments/{scope}", put(policies::assign).delete(policies::unassign))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{name}", axum::routing::delete(keys::remove))
        .route("/journal", get(keys::journal))
        .route("/nodes", get(nodes::list))
        .route("/events", get(events::export))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES));
    let large = Router::new()
        .route("/tokens/bulk", post(tokens::create_many))
        .layer(DefaultBodyLimit::max(BULK_LIMIT_BYTES));
    let documents = Router::new()
        .route("/policies/check", post(policies::check))
        .route("/policies/apply", post(policies::apply))
        .layer(DefaultBodyLimit::max(usize::try_from(MAX_DOCUMENT_BYTES).unwrap_or(usize::MAX)));
    small.merge(large).merge(documents)
}
