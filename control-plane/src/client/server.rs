//! Which control plane, and with which key.

use crate::http::Client;
use crate::json::at;
use crate::keys;
use anyhow::{Context as _, bail};
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request};
use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// Which control plane. The key comes from `AEGIS_ADMIN_KEY`, else it is the gateway key of this machine.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The control plane.
    #[arg(long, env = "AEGIS_SERVER", default_value = "http://127.0.0.1:18081")]
    server: String,
    /// Where the gateway key is, if it is not in the environment.
    #[arg(long, env = "AEGIS_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
}

/// Compiling the largest policy takes seconds, and so do 100,000 tokens.
const PATIENCE: Duration = Duration::from_mins(2);

// === impl Server ===

impl Server {
    /// The answer to a request with a JSON body, or none.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let text = body.map(Value::to_string).unwrap_or_default();
        self.send_text(method, path, "application/json", text).await
    }

    /// The answer to a request with a body of this media type.
    pub(crate) async fn send_text(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        text: String,
    ) -> anyhow::Result<Value> {
        let key = keys::admin(&self.data_dir)?;
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/__gw__/api/{path}", self.server.trim_end_matches('/')))
            .header(AUTHORIZATION, format!("Bearer {}", key.expose_secret()))
            .header(CONTENT_TYPE, media_type)
            .body(Body::from(text))?;
        let sent = Client::patient(PATIENCE).send(request).await;
        let (status, body) = sent.with_context(|| {
            format!("no control plane answers at {}; start one or set AEGIS_SERVER", self.server)
        })?;
        if body.is_empty() && status.is_success() {
            return Ok(Value::Null);
        }
        let answer: Value =
            serde_json::from_slice(&body).with_context(|| format!("the server answered {status}"))?;
        if status.is_success() {
            return Ok(answer);
        }
        let text = |name: &str| at(&answer, &[name]).as_str().unwrap_or_default().to_owned();
        bail!("{status}, {}: {}", text("error"), text("detail"))
    }
}
