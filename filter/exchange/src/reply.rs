//! What the gateway answers itself.

use aegis_engine::{Protocol, Refusal};
use serde_json::{Value, json};

/// An answer of the gateway's own.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u32,
    content_type: &'static str,
    pub(crate) code: &'static str,
    pub(crate) body: Vec<u8>,
}

// === impl Reply ===

impl Reply {
    /// Its headers.
    pub(crate) fn headers(&self) -> [(&'static str, &'static str); 2] {
        [("content-type", self.content_type), ("cache-control", "no-store")]
    }

    /// An answer in the model's place.
    pub(crate) fn in_place(refusal: Refusal) -> Reply {
        Reply {
            status: 200,
            code: "request_blocked",
            content_type: refusal.media_type,
            body: refusal.body.into_bytes(),
        }
    }

    /// Requests that never reached a protocol: `{"error": "<code>", "detail": …}`.
    pub(crate) fn simple(status: u32, code: &'static str, detail: &str) -> Reply {
        Reply::json(status, code, &json!({ "error": code, "detail": detail }))
    }

    /// Requests that the gateway's boundary turns away.
    pub(crate) fn boundary(status: u32, code: &'static str, message: &str) -> Reply {
        Reply::json(status, code, &refused(message, "aegisgate_error", code))
    }

    /// Errors in the dialect of the client's protocol.
    pub(crate) fn dialect(protocol: Protocol, status: u32, code: &'static str, message: &str) -> Reply {
        match protocol {
            // <https://docs.claude.com/en/api/errors>
            Protocol::Messages => {
                let kind = match status {
                    401 => "authentication_error",
                    403 => "permission_error",
                    404 => "not_found_error",
                    413 => "request_too_large",
                    429 => "rate_limit_error",
                    ..500 => "invalid_request_error",
                    _ => "api_error",
                };
                Reply::json(
                    status,
                    code,
                    &json!({
                        "type": "error",
                        "error": { "type": kind, "message": message },
                        "aegisgate": note(code),
                    }),
                )
            }
            // <https://cloud.google.com/apis/design/errors>
            Protocol::Gemini => {
                let kind = match status {
                    401 => "UNAUTHENTICATED",
                    403 => "PERMISSION_DENIED",
                    404 => "NOT_FOUND",
                    429 => "RESOURCE_EXHAUSTED",
                    408 | 504 => "DEADLINE_EXCEEDED",
                    502 | 503 => "UNAVAILABLE",
                    ..500 => "INVALID_ARGUMENT",
                    _ => "INTERNAL",
                };
                Reply::json(
                    status,
                    code,
                    &json!({
                        "error": { "code": status, "message": message, "status": kind },
                        "aegisgate": note(code),
                    }),
                )
            }
            // <https://platform.openai.com/docs/guides/error-codes>; what nobody knows gets the most widespread shape.
            Protocol::ChatCompletions
            | Protocol::Responses
            | Protocol::Completions
            | Protocol::Embeddings
            | Protocol::Generic => {
                let kind = if status < 500 { "invalid_request_error" } else { "server_error" };
                Reply::json(status, code, &refused(message, kind, code))
            }
        }
    }

    /// What Envoy answers itself with `status`, in the dialect of the client's protocol.
    pub(crate) fn for_local_reply(protocol: Protocol, status: u32) -> Reply {
        let (code, message) = match status {
            403 => {
                ("upstream_forbidden", "The upstream of this token has an address to which nothing may go.")
            }
            413 => ("request_body_too_large", "The request body is larger than the gateway accepts."),
            408 => ("request_timeout", "The request did not arrive in time."),
            504 => ("upstream_timeout", "The upstream did not answer in time."),
            502 | 503 => ("upstream_unreachable", "The gateway could not reach the upstream of this token."),
            _ => ("gateway_internal_error", "The gateway could not complete the request."),
        };
        Reply::dialect(protocol, status, code, message)
    }

    fn json(status: u32, code: &'static str, body: &Value) -> Reply {
        Reply { status, code, content_type: "application/json", body: body.to_string().into_bytes() }
    }
}

/// `error` as OpenAI writes it, with the original's fields beside it.
fn refused(message: &str, kind: &str, code: &str) -> Value {
    json!({
        "error": { "message": message, "type": kind, "param": null, "code": code },
        "error_code": code,
        "detail": message,
        "aegisgate": note(code),
    })
}

/// What the gateway says of itself.
fn note(code: &str) -> Value {
    json!({ "action": "block", "risk_score": 1.0, "reasons": [code] })
}
