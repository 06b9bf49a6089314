//! Telling the user when the gateway is usable, and how to use it.

use super::LOOPBACK;
use super::admin::EnvoyAdmin;
use crate::http::Client;
use crate::serve::{self, ControlPlane};
use crate::settings::UpArgs;
use aegis_model::{Actor, Registered, Store as _, Tokens as _, UpstreamBase};
use aegis_store::SqlStore;
use axum::http::StatusCode;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

/// What to wait for and what to say then.
pub(super) struct Announcement {
    store: SqlStore,
    changed: Arc<Notify>,
    admin: EnvoyAdmin,
    /// As a client on this machine writes it.
    gateway: SocketAddr,
    /// A shell word that gives the gateway key without showing it here.
    key_word: String,
    demo: Option<Demo>,
}

/// The mock LLM.
pub(super) struct Demo {
    listener: TcpListener,
    port: u16,
}

const POLL: Duration = Duration::from_millis(50);

/// After this long without becoming usable, say so once.
const SLOW: Duration = Duration::from_secs(15);

// === impl Demo ===

impl Demo {
    /// Binds the mock LLM's port. It stays the same from run to run, so that its token does, too.
    pub(super) async fn bind(port: u16) -> anyhow::Result<Demo> {
        Ok(Demo { listener: serve::bind(LOOPBACK, port, "AEGIS_DEMO_PORT").await?, port })
    }
}

// === impl Announcement ===

impl Announcement {
    pub(super) fn new(
        args: &UpArgs,
        key_word: String,
        control_plane: &ControlPlane,
        admin: EnvoyAdmin,
        demo: Option<Demo>,
    ) -> Announcement {
        let mut gateway = args.gateway_address();
        if gateway.ip().is_unspecified() {
            gateway.set_ip(LOOPBACK);
        }
        let (store, changed) = (control_plane.store(), control_plane.changed());
        Announcement { store, changed, admin, gateway, key_word, demo }
    }

    /// Waits, sets `ready`, speaks, and then runs the mock LLM if there is one. Ends only in failure.
    pub(super) async fn run(mut self, ready: watch::Sender<bool>) -> anyhow::Result<()> {
        let demo = self.demo.take();
        let base = match &demo {
            Some(demo) => Some(self.register(demo.port).await?),
            None => None,
        };
        let serve = async {
            match demo {
                Some(demo) => Ok(aegis_demo::serve(demo.listener).await?),
                None => std::future::pending().await,
            }
        };
        let announce = async {
            self.wait_until_usable(base.as_deref()).await?;
            ready.send_replace(true);
            self.speak(base.as_deref());
            std::future::pending().await
        };
        tokio::select! {
            outcome = serve => outcome,
            outcome = announce => outcome,
        }
    }

    /// Gives the mock LLM a token and returns its base URL.
    async fn register(&self, port: u16) -> anyhow::Result<String> {
        let upstream = UpstreamBase::parse(&format!("http://{LOOPBACK}:{port}/v1"))?;
        let (Registered::New(registration) | Registered::Existing(registration)) =
            self.store.register(&Actor::new("demo"), &upstream, None).await?;
        self.changed.notify_one();
        Ok(format!("http://{}/v1/__gw__/t/{}", self.gateway, registration.token.reveal()))
    }

    async fn wait_until_usable(&self, demo_base: Option<&str>) -> anyhow::Result<()> {
        let client = Client::local();
        let started = Instant::now();
        let mut patient = true;
        loop {
            let current = self.store.revisions().await?;
            if matches!(self.admin.applied().await, Ok(Some(running)) if running.is(&current)) {
                let Some(base) = demo_base else { return Ok(()) };
                if matches!(client.get(&format!("{base}/models")).await, Ok((StatusCode::OK, _))) {
                    return Ok(());
                }
            }
            if patient && started.elapsed() > SLOW {
                patient = false;
                tracing::warn!(
                    "still waiting for Envoy to run the filter; envoy.log in the data directory may say why"
                );
            }
            sleep(POLL).await;
        }
    }

    fn speak(&self, demo_base: Option<&str>) {
        println!("aegisgate ready: http://{}", self.gateway);
        match demo_base {
            Some(base) => println!("{}", demo_help(base)),
            None => println!("{}", self.register_help()),
        }
    }

    fn register_help(&self) -> String {
        format!(
            "register an upstream, then use the baseUrl of the answer:\n  \
             curl -s http://{}/__gw__/register -d \
             \"{{\\\"upstream_base\\\":\\\"https://api.openai.com/v1\\\",\\\"gateway_key\\\":\\\"{}\\\"}}\"",
            self.gateway, self.key_word
        )
    }
}

fn demo_help(base: &str) -> String {
    // The card number is a published test number, and nothing leaves this machine.
    let message = "I am jane.doe@example.com and my card is 4111 1111 1111 1111. Who am I?";
    let body = format!(r#"{{"model":"demo","messages":[{{"role":"user","content":"{message}"}}]}}"#);
    format!(
        "a mock LLM is behind it; it echoes what reached it:\n  \
         export OPENAI_BASE_URL={base}\n  \
         curl -s \"$OPENAI_BASE_URL/chat/completions\" -H 'content-type: application/json' -d '{body}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_request_is_valid_json() {
        let help = demo_help("http://127.0.0.1:1/v1/__gw__/t/x");
        let body = help.split("-d '").nth(1).unwrap().trim_end_matches('\'');
        serde_json::from_str::<serde_json::Value>(body).unwrap();
    }
}
