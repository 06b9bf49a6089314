//! From a committed change to the resources that Envoys get.

use crate::policy::Compiler;
use aegis_model::{Revisions, Store as _};
use aegis_store::SqlStore;
use aegis_xds::{Fleet, RenderSettings, ResourceSet};
use anyhow::Context as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Renders the store's content whenever it has changed, whoever changed it.
#[derive(Debug)]
pub(crate) struct Publisher {
    store: SqlStore,
    settings: RenderSettings,
    compiler: Compiler,
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

/// What to do next.
enum Task {
    /// The store may have changed.
    Look,
    /// An Envoy has refused the current revision.
    Retry,
}

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_mins(1);

/// How often to look for changes that other processes have made, and for those of the policy file.
const LOOK: Duration = Duration::from_millis(250);

// === impl Publisher ===

impl Publisher {
    /// Renders the store's content.
    pub(crate) async fn start(
        store: SqlStore,
        settings: RenderSettings,
        compiler: Compiler,
        fleet: &Fleet,
    ) -> anyhow::Result<Publisher> {
        let empty = ResourceSet::render(&aegis_model::Snapshot::default(), &[].into(), &settings)?;
        let publisher = Publisher {
            store,
            settings,
            compiler,
            resources: watch::Sender::new(Arc::new(empty)),
            changed: Arc::default(),
            refused: fleet.refused(),
            retry: Retry { delay: FIRST_RETRY, last: None },
        };
        publisher.publish().await?;
        Ok(publisher)
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
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = match self.next(&mut clock).await {
                Task::Look => self.look().await,
                Task::Retry => self.store.bump_revisions().await.map(drop).map_err(Into::into),
            };
            if let Err(error) = outcome {
                tracing::error!("cannot publish what has changed, Envoys keep what they have: {error:#}");
                sleep(FIRST_RETRY).await;
            }
        }
    }

    async fn next(&mut self, clock: &mut tokio::time::Interval) -> Task {
        let current = self.resources.borrow().revisions.latest;
        tokio::select! {
            () = self.changed.notified() => Task::Look,
            _ = clock.tick() => Task::Look,
            () = self.retry.due(&mut self.refused, current) => Task::Retry,
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        if let Some(policy) = self.compiler.changed_file() {
            self.settings.policy = policy;
            // The new content needs a new revision, which this makes and the next lines find.
            self.store.bump_revisions().await?;
        }
        let current: Revisions = self.resources.borrow().revisions;
        if self.store.revisions().await.context("cannot read the revision")? != current {
            self.publish().await?;
        }
        Ok(())
    }

    async fn publish(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        let snapshot = self.store.snapshot().await.context("cannot read routes and policies")?;
        let read = started.elapsed();
        let compiled = self.compiler.compile(&snapshot.policies.documents)?;
        let resources = ResourceSet::render(&snapshot, &compiled, &self.settings)
            .context("cannot render routes and policies")?;
        let Revisions { latest, .. } = resources.revisions;
        self.resources.send_replace(Arc::new(resources));
        tracing::debug!(revision = latest, ?read, elapsed = ?started.elapsed(), "published");
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
