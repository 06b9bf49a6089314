//! What the API says when it does not do what was asked: `{"error": "<code>", "detail": "<what to do>"}`.

use aegis_model::{DestinationError, Role, SettingsError, UpstreamBaseError};
use aegis_store::StoreError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The body is no JSON object.
    InvalidJson,
    /// A member is missing or no text.
    MissingParams(&'static [&'static str]),
    /// The gateway key is wrong.
    GatewayKeyInvalid,
    /// The address was copied from the documentation.
    ExampleUpstream,
    /// The address cannot be an upstream.
    InvalidUpstream(UpstreamBaseError),
    /// The address may not be an upstream.
    ForbiddenUpstream(DestinationError),
    /// The token leads to another upstream.
    UpstreamConflict,
    /// `whitelist_key` is no list.
    MissingList,
    /// The client is not in the internal network.
    NotInternal,
    /// The client is not on this machine.
    NotLoopback,
    /// Too many requests, or too many wrong keys.
    RateLimited,
    /// No key in `Authorization`.
    KeyMissing,
    /// Not a key.
    KeyInvalid,
    /// The key may not do this.
    Role(Role),
    /// The key is limited to a tenant.
    Scope,
    /// The body or the query does not say what is needed.
    InvalidRequest(String),
    /// Settings of a token that cannot be used.
    InvalidSettings(SettingsError),
    /// A policy that cannot be used, with everything that is wrong.
    InvalidPolicy(Vec<String>),
    /// It is not there.
    NotFound(&'static str),
    /// It is there already, or has changed meanwhile.
    Conflict(String),
    /// No token for this upstream.
    NotRegistered,
    /// No such token.
    TokenNotFound,
    /// The body is larger than any valid one.
    BodyTooLarge,
    /// No such path.
    UnknownPath,
    /// The path exists, the method does not.
    WrongMethod,
    /// The store failed; the log says why.
    Storage,
}

// === impl ApiError ===

impl ApiError {
    fn parts(&self) -> (StatusCode, &'static str, Option<String>) {
        match self {
            ApiError::InvalidJson => {
                (StatusCode::BAD_REQUEST, "invalid_json", Some("the body must be a JSON object".to_owned()))
            }
            ApiError::MissingParams(names) => {
                let detail = format!("{} must be given as non-empty text", names.join(" and "));
                (StatusCode::BAD_REQUEST, "missing_params", Some(detail))
            }
            ApiError::GatewayKeyInvalid => (StatusCode::FORBIDDEN, "gateway_key_invalid", None),
            ApiError::ExampleUpstream => {
                let detail =
                    "this is the address of the documentation's example; write your provider's".to_owned();
                (StatusCode::BAD_REQUEST, "example_upstream_forbidden", Some(detail))
            }
            ApiError::InvalidUpstream(error) => {
                let detail = format!("{}: upstream_base {error}", error.code());
                (StatusCode::BAD_REQUEST, "invalid_upstream_base", Some(detail))
            }
            ApiError::ForbiddenUpstream(error) => {
                let code = match error {
                    DestinationError::Metadata => "upstream_metadata",
                    DestinationError::Private => "upstream_private",
                };
                let detail = format!("{code}: upstream_base {error}");
                (StatusCode::BAD_REQUEST, "invalid_upstream_base", Some(detail))
            }
            ApiError::UpstreamConflict => {
                let detail = "the token leads to another upstream".to_owned();
                (StatusCode::CONFLICT, "upstream_pair_conflict", Some(detail))
            }
            ApiError::MissingList => {
                let detail = "whitelist_key must be given as a list of field names".to_owned();
                (StatusCode::BAD_REQUEST, "missing_params", Some(detail))
            }
            ApiError::NotInternal => {
                let detail = "only clients of the internal network may use this".to_owned();
                (StatusCode::FORBIDDEN, "admin_endpoint_network_restricted", Some(detail))
            }
            ApiError::NotLoopback => {
                let detail = "only clients of this machine may use this".to_owned();
                (StatusCode::FORBIDDEN, "loopback_only_reject", Some(detail))
            }
            ApiError::RateLimited => {
                let detail = "wait a minute".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, "admin_rate_limited", Some(detail))
            }
            ApiError::KeyMissing => {
                let detail = "give a key as `Authorization: Bearer <key>`".to_owned();
                (StatusCode::UNAUTHORIZED, "admin_key_missing", Some(detail))
            }
            ApiError::KeyInvalid => (StatusCode::UNAUTHORIZED, "admin_key_invalid", None),
            ApiError::Role(role) => {
                let detail = format!("this needs a key with the role {}", role.name());
                (StatusCode::FORBIDDEN, "role_forbidden", Some(detail))
            }
            ApiError::Scope => {
                let detail = "this key is limited to the tokens of a tenant".to_owned();
                (StatusCode::FORBIDDEN, "scope_forbidden", Some(detail))
            }
            ApiError::InvalidRequest(detail) => {
                (StatusCode::BAD_REQUEST, "invalid_request", Some(detail.clone()))
            }
            ApiError::InvalidSettings(error) => {
                (StatusCode::BAD_REQUEST, "invalid_settings", Some(error.to_string()))
            }
            ApiError::InvalidPolicy(problems) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_policy", Some(problems.join("\n")))
            }
            ApiError::NotFound(what) => {
                (StatusCode::NOT_FOUND, "not_found", Some(format!("there is no such {what}")))
            }
            ApiError::Conflict(detail) => (StatusCode::CONFLICT, "conflict", Some(detail.clone())),
            ApiError::NotRegistered => {
                (StatusCode::NOT_FOUND, "not_found", Some("this upstream is not registered".to_owned()))
            }
            ApiError::TokenNotFound => (StatusCode::NOT_FOUND, "token_not_found", None),
            ApiError::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "request_body_too_large", None),
            ApiError::UnknownPath => (StatusCode::NOT_FOUND, "not_found", None),
            ApiError::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", None),
            ApiError::Storage => {
                let detail = "the database did not answer; nothing was changed; see the control plane's log"
                    .to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, "token_persistence_failed", Some(detail))
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, detail) = self.parts();
        let body = match detail {
            Some(detail) => json!({ "error": code, "detail": detail }),
            None => json!({ "error": code }),
        };
        (status, Json(body)).into_response()
    }
}

/// Says in the log what the caller is not told.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!("{error}: {source}");
        ApiError::Storage
    }
}
