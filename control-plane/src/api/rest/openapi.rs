//! The description of this API, made from its handlers.

use super::{events, keys, nodes, policies, tokens};
use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The document.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "AegisGate", description = "The control plane's API. Only clients of the internal network may use it."),
    paths(
        document,
        tokens::list, tokens::create, tokens::create_many, tokens::show, tokens::reveal, tokens::change, tokens::remove,
        policies::list, policies::document, policies::check, policies::apply, policies::roll_out, policies::roll_back,
        policies::assign, policies::unassign,
        keys::list, keys::create, keys::remove, keys::journal,
        nodes::list,
        events::export,
    ),
    modifiers(&Keys),
    security(("key" = []))
)]
struct Document;

/// Says how a key is given.
struct Keys;

impl Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// Shows this description.
#[utoipa::path(get, path = "/__gw__/api/openapi.json", responses((status = 200, body = Object)), security(()))]
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

/// The description as it is committed.
pub(crate) fn openapi() -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&Document::openapi())? + "\n")
}
