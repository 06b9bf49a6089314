//! From a committed change to the resources that Envoys get.

use aegis_model::Registry;
use aegis_store::SqliteStore;
use aegis_xds::{Fleet, RenderSettings, ResourceSet};
use anyhow::Context as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

/// Renders the store's content whenever it has changed.
#[derive(Debug)]
pub(crate) struct Publisher {
    store: SqliteStore,
    settings: RenderSettings,
    resources: watch::Sender<Arc<ResourceSet>>,
    changed: Arc<Notify>,
    refused: watch::Receiver<u64>,
    retry: Retry,
}

/// When to offer a refused configuration again.
#[derive(Debug)]
struct Retry {
    delay: Duration,
    last: Option<Instant>,
}

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_mins(1);

// === impl Publisher ===

impl Publisher {
    /// Renders the store's content under a new revision: this process may have other settings than the last one.
    pub(crate) async fn start(
        store: SqliteStore,
        settings: RenderSettings,
        fleet: &Fleet,
    ) -> anyhow::Result<Publisher> {
        store.bump_revision().await?;
        let resources = ResourceSet::render(&store.snapshot().await?, &settings)?;
        Ok(Publisher {
            store,
            settings,
            resources: watch::Sender::new(Arc::new(resources)),
            changed: Arc::default(),
            refused: fleet.refused_filter(),
            retry: Retry { delay: FIRST_RETRY, last: None },
        })
    }

    /// The current resources.
    pub(crate) fn resources(&self) -> watch::Receiver<Arc<ResourceSet>> {
        self.resources.subscribe()
    }

    /// To be notified after a change was committed.
    pub(crate) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Publishes changes for ever. Several at once become one.
    pub(crate) async fn run(mut self) {
        loop {
            let published =
                if self.next_is_retry().await { self.retry().await } else { self.publish().await };
            if let Err(error) = published {
                tracing::error!("cannot publish the current routes, Envoys keep the last ones: {error:#}");
                sleep(FIRST_RETRY).await;
                self.changed.notify_one();
            }
        }
    }

    /// Waits for something to do: `false` for a change in the store, `true` for a refused configuration.
    async fn next_is_retry(&mut self) -> bool {
        let current = self.resources.borrow().revision;
        tokio::select! {
            () = self.changed.notified() => false,
            () = self.retry.due(&mut self.refused, current) => true,
        }
    }

    async fn retry(&mut self) -> anyhow::Result<()> {
        self.store.bump_revision().await?;
        self.publish().await
    }

    async fn publish(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        let snapshot = self.store.snapshot().await.context("cannot read the routes")?;
        let resources = ResourceSet::render(&snapshot, &self.settings).context("cannot render the routes")?;
        let revision = resources.revision;
        self.resources.send_replace(Arc::new(resources));
        tracing::debug!(revision, elapsed = ?started.elapsed(), "published");
        Ok(())
    }
}

// === impl Retry ===

impl Retry {
    /// Completes when the `current` revision has been refused and the delay is over.
    async fn due(&mut self, refused: &mut watch::Receiver<u64>, current: u64) {
        if refused.wait_for(|revision| *revision >= current).await.is_err() {
            std::future::pending::<()>().await;
        }
        if self.last.is_some_and(|last| last.elapsed() > LAST_RETRY * 2) {
            self.delay = FIRST_RETRY;
        }
        sleep(self.delay).await;
        self.delay = (self.delay * 2).min(LAST_RETRY);
        self.last = Some(Instant::now());
    }
}
