//! The control plane: store, publisher, xDS and HTTP wired together.

use crate::api::{Api, FAILURES_PER_MINUTE, Limiter, Ports, TrustedProxies};
use crate::collector::{self, Collector};
use crate::keys::{self, GatewayKey};
use crate::publisher::Publisher;
use crate::settings::ServeArgs;
use crate::shutdown;
use crate::up::EnvoyAdmin;
use aegis_store::SqlStore;
use aegis_xds::{Fleet, ReportSink};
use anyhow::Context as _;
use secrecy::SecretString;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// The sockets of a control plane.
#[derive(Debug)]
pub(crate) struct Listeners {
    http: TcpListener,
    xds: TcpListener,
}

/// A control plane that can be run.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    listeners: Listeners,
    publisher: Publisher,
    collector: Collector,
    sink: ReportSink,
    fleet: Fleet,
    api: Api,
}

/// How long running requests may take after the wish to end. The API answers in milliseconds.
const DRAIN_LIMIT: Duration = Duration::from_secs(3);

/// `aegisgate serve`
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let shutdown = shutdown::requested()?;
    let listeners = Listeners::bind(&args, args.host).await?;
    let data_dir = args.create_data_dir()?;
    let control_plane =
        ControlPlane::new(&args, &data_dir, listeners, GatewayKey::load(&data_dir)?.secret, None).await?;
    tracing::info!(
        http = %SocketAddr::new(args.host, args.admin_port),
        xds = %SocketAddr::new(args.host, args.xds_port),
        "control plane ready"
    );
    control_plane.run(shutdown).await
}

/// Binds `port` on `host`, or says which setting to change.
pub(crate) async fn bind(host: IpAddr, port: u16, variable: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port)).await.with_context(|| {
        format!("cannot listen on {host}, port {port}; stop what uses it or set {variable} to a free port")
    })
}

// === impl Listeners ===

impl Listeners {
    /// Binds the control plane's ports.
    pub(crate) async fn bind(args: &ServeArgs, host: IpAddr) -> anyhow::Result<Listeners> {
        Ok(Listeners {
            http: bind(host, args.admin_port, "AEGIS_ADMIN_PORT").await?,
            xds: bind(host, args.xds_port, "AEGIS_XDS_PORT").await?,
        })
    }
}

// === impl ControlPlane ===

impl ControlPlane {
    /// Opens the store and renders its content. `envoy` is the one under the same supervisor.
    pub(crate) async fn new(
        args: &ServeArgs,
        data_dir: &Path,
        listeners: Listeners,
        gateway_key: SecretString,
        envoy: Option<EnvoyAdmin>,
    ) -> anyhow::Result<ControlPlane> {
        let (settings, compiler) = args.render_settings(data_dir)?;
        let store = keys::open_store(data_dir).await?;
        let fleet = Fleet::default();
        let publisher = Publisher::start(store.clone(), settings, compiler, &fleet).await?;
        let (sink, reports) = ReportSink::new(collector::ROOM);
        let changed = publisher.changed();
        let collector = Collector::new(
            store.clone(),
            reports,
            fleet.clone(),
            changed,
            args.event_retention_days,
            args.event_file(),
        );
        let api = Api {
            store,
            changed: publisher.changed(),
            fleet: fleet.clone(),
            gateway_key,
            ports: Ports { gateway: args.port, admin: args.admin_port },
            destinations: args.destinations(),
            loopback_only: args.access.enforce_loopback_only,
            proxies: TrustedProxies::new(args.trusted_proxy_ips.clone()),
            requests: Limiter::new(args.admin_rate_limit_per_minute),
            failures: Limiter::new(FAILURES_PER_MINUTE),
            published: publisher.published(),
            tallies: collector.tallies(),
            sink: sink.clone(),
            envoy,
            started: Instant::now(),
        };
        Ok(ControlPlane { listeners, publisher, collector, sink, fleet, api })
    }

    /// The store, for the supervisor's own registrations.
    pub(crate) fn store(&self) -> SqlStore {
        self.api.store.clone()
    }

    /// Notifies the publisher of a change that was not made through the API.
    pub(crate) fn changed(&self) -> std::sync::Arc<tokio::sync::Notify> {
        self.publisher.changed()
    }

    /// Serves until `shutdown`. Running requests are answered; Envoys keep what they have.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let ControlPlane { listeners, publisher, collector, sink, fleet, api } = self;
        let store = api.store.clone();
        let (drain, draining) = tokio::sync::oneshot::channel::<()>();
        let http =
            axum::serve(listeners.http, api.router().into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(async move {
                    // A sender that is gone means the same.
                    draining.await.ok();
                });
        let mut http = tokio::spawn(http.into_future());
        let resources = publisher.published().resources();
        tokio::select! {
            () = shutdown => {}
            () = publisher.run() => {}
            () = collector.run() => {}
            outcome = aegis_xds::serve(listeners.xds, resources, fleet, sink) => outcome.context("xDS")?,
            outcome = &mut http => return outcome?.context("the HTTP server failed"),
        }
        drop(drain);
        if timeout(DRAIN_LIMIT, http).await.is_err() {
            tracing::warn!("some API requests did not end in time");
        }
        store.close().await;
        Ok(())
    }
}
