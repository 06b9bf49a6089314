//! Asking HTTP services: Envoy's admin interface, and the API of a control plane.

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;
use tokio::time::timeout;

/// A client for answers that fit into memory.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    client: HyperClient<HttpConnector, Body>,
    patience: Duration,
}

/// For services on this machine.
const LOCAL_PATIENCE: Duration = Duration::from_secs(2);
const LARGEST_ANSWER_BYTES: usize = 256 * 1024 * 1024;

// === impl Client ===

impl Client {
    /// For services on this machine that answer at once.
    pub(crate) fn local() -> Client {
        Client::patient(LOCAL_PATIENCE)
    }

    /// For services that may take this long.
    pub(crate) fn patient(patience: Duration) -> Client {
        Client { client: HyperClient::builder(TokioExecutor::new()).build_http(), patience }
    }

    /// The status and body of `GET url`.
    pub(crate) async fn get(&self, url: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        self.send(Request::get(url).body(Body::empty())?).await
    }

    /// The status and body of the answer to `request`.
    pub(crate) async fn send(&self, request: Request<Body>) -> anyhow::Result<(StatusCode, Bytes)> {
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!(error))?;
            anyhow::Ok((status, body.to_bytes()))
        };
        timeout(self.patience, exchange).await.context("no answer in time")?
    }
}
