//! The built-in mock LLM: an upstream to try the gateway with, without an account anywhere.
//!
//! It speaks OpenAI chat completions and Responses, Anthropic Messages and Gemini, streamed or not, and echoes what it
//! received. A client behind the gateway sees its own values in the echo, because the gateway restores placeholders in
//! answers, and next to it what the model was really given (see [`answer`]).
#![forbid(unsafe_code)]

pub mod answer;
mod chat;
mod gemini;
mod messages;
mod models;
mod reply;
mod responses;
#[cfg(test)]
mod testing;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// Above the gateway's own default limit, so that in a demo the gateway is what answers 413.
const MAX_BODY_BYTES: usize = 64 << 20;

/// Serves the mock LLM on `listener` until the process ends.
pub async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
    axum::serve(listener, router()).await
}

/// The routes. A client's `base_url` for it ends in `/v1` (Gemini: `/v1` or `/v1beta`).
pub fn router() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::create))
        .route("/v1/responses", post(responses::create))
        .route("/v1/messages", post(messages::create))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{call}", post(gemini::call))
        .route("/v1beta/models/{call}", post(gemini::call))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}
