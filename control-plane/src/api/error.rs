//! What the API says when it does not do what was asked: `{"error": "<code>", "detail": "<what to do>"}`.

use aegis_model::UpstreamBaseError;
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
