//! Asking HTTP services on this machine.

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;
use tokio::time::timeout;

/// A client for small answers.
#[derive(Debug, Clone)]
pub(crate) struct LocalClient(Client<HttpConnector, Body>);

const TIMEOUT: Duration = Duration::from_secs(2);
const LARGEST_ANSWER_BYTES: usize = 1024 * 1024;

// === impl LocalClient ===

impl LocalClient {
    pub(crate) fn new() -> LocalClient {
        LocalClient(Client::builder(TokioExecutor::new()).build_http())
    }

    /// The status and body of `GET url`.
    pub(crate) async fn get(&self, url: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::get(url).body(Body::empty())?;
        let exchange = async {
            let response = self.0.request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!(error))?;
            anyhow::Ok((status, body.to_bytes()))
        };
        timeout(TIMEOUT, exchange).await.context("no answer in time")?
    }
}
