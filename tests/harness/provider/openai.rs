//! What OpenAI's APIs have in common.

use super::quote;
use super::template::fill;
use crate::Reply;

/// `GET /v1/models`.
pub(super) const MODELS: &str = r#"{
  "object": "list",
  "data": [
    {
      "id": "echo-1",
      "object": "model",
      "created": 1686935002,
      "owned_by": "mock"
    },
    {
      "id": "tool-1",
      "object": "model",
      "created": 1686935002,
      "owned_by": "mock"
    }
  ]
}
"#;

/// `GET /v1/models/<id>`.
pub(super) const MODEL: &str = r#"{
  "id": "echo-1",
  "object": "model",
  "created": 1686935002,
  "owned_by": "mock"
}
"#;

const REFUSAL: &str = r#"{
    "error": {
        "message": "The mock refuses: $status.",
        "type": $kind,
        "param": null,
        "code": $code
    }
}
"#;

/// <https://platform.openai.com/docs/guides/error-codes>
pub(super) fn refusal(status: u16) -> Reply {
    let (kind, code) = match status {
        429 => ("requests", "rate_limit_exceeded"),
        ..500 => ("invalid_request_error", "mock_refuses"),
        _ => ("server_error", "mock_failed"),
    };
    let status_text = status.to_string();
    let body = fill(REFUSAL, &[("status", &status_text), ("kind", &quote(kind)), ("code", &quote(code))]);
    let reply = Reply::whole("application/json", body).status(status).header("x-request-id", "req_mock1");
    // The clients wait as long as the first says, and show the second.
    reply.header("retry-after-ms", "3").header("retry-after", "7")
}
