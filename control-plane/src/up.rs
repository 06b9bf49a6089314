//! `aegisgate up`: the control plane and an Envoy as one supervised foreground process.
//!
//! * [`find`]: which Envoy to run.
//! * [`bootstrap`]: its configuration file.
//! * [`envoy`]: running it, and running it again when it crashes.
//! * [`admin`]: asking it which revision it runs.
//! * [`announce`]: telling the user when the gateway is usable.

mod admin;
mod announce;
mod bootstrap;
mod envoy;
mod find;

pub(crate) use admin::EnvoyAdmin;
pub(crate) use envoy::become_envoy;

use crate::keys::{self, GatewayKey};
use crate::serve::{self, ControlPlane, Listeners};
use crate::settings::{UpArgs, otlp_headers};
use crate::shutdown;
use announce::{Announcement, Demo};
use anyhow::Context as _;
use envoy::Supervisor;
use std::net::{IpAddr, Ipv4Addr};
use tokio::sync::watch;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// `aegisgate up`
pub(crate) async fn run(args: UpArgs) -> anyhow::Result<()> {
    let shutdown = shutdown::requested()?;
    if args.serve.access.enable_request_hmac_auth {
        // Envoy inherits it from here.
        keys::check_request_hmac()?;
    }
    // Envoys share a port silently (SO_REUSEPORT), so whether one is free has to be found out before.
    drop(serve::bind(args.serve.host, args.serve.port, "AEGIS_PORT").await?);
    drop(serve::bind(LOOPBACK, args.serve.envoy_admin_port, "AEGIS_ENVOY_ADMIN_PORT").await?);
    // Only the gateway itself may face a network; Envoy reaches the rest over the loopback interface.
    let listeners = Listeners::bind(&args.serve, LOOPBACK).await?;
    let demo = if args.demo { Some(Demo::bind(args.demo_port).await?) } else { None };

    let binary = find::envoy(args.envoy.as_deref()).await?;
    let data_dir = args.serve.create_data_dir()?;
    let otlp_headers = otlp_headers()?;
    let envoy = Supervisor {
        binary,
        bootstrap: bootstrap::write(&args, &otlp_headers, &data_dir)?,
        concurrency: args.envoy_concurrency,
        log: data_dir.join("envoy.log"),
        placeholder_key: keys::placeholder(&data_dir)?,
        otlp_headers,
    };
    let admin = EnvoyAdmin::new(args.serve.envoy_admin_port);
    let key = GatewayKey::load(&data_dir)?;
    let control_plane =
        ControlPlane::new(&args.serve, &data_dir, listeners, key.secret, Some(admin.clone())).await?;

    let (ready, is_ready) = watch::channel(false);
    let announcement = Announcement::new(&args, key.shell_word, &control_plane, admin, demo);
    let (stop, stopped) = watch::channel(false);
    let wait_for_stop = |mut stopped: watch::Receiver<bool>| async move {
        // A sender that is gone means the same.
        stopped.wait_for(|stop| *stop).await.ok();
    };
    let control_plane = tokio::spawn(control_plane.run(wait_for_stop(stopped.clone())));
    let announcement = tokio::spawn(announcement.run(ready));
    let ended = async {
        tokio::select! {
            () = shutdown => Ok(()),
            outcome = flatten(announcement) => outcome.context("the gateway did not become usable"),
        }
    };
    let mut control_plane = std::pin::pin!(flatten(control_plane));
    let outcome = tokio::select! {
        outcome = envoy.run(ended, is_ready) => outcome,
        outcome = &mut control_plane => return outcome.and(Err(anyhow::anyhow!("the control plane ended by itself"))),
    };
    stop.send_replace(true);
    outcome.and(control_plane.await)
}

async fn flatten<T>(task: tokio::task::JoinHandle<anyhow::Result<T>>) -> anyhow::Result<T> {
    task.await?
}
