//! From a committed change to the resources that Envoys get.

use crate::names;
use crate::policy::Compiler;
use aegis_model::{Revisions, Store as _, UpstreamId};
use aegis_store::{Changed, Follower, SqlStore};
use aegis_xds::{Counts, Fleet, Refused, RenderSettings, ResourceSet};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until};

/// Renders the store's content whenever it has changed, whoever changed it.
#[derive(Debug)]
pub(crate) struct Publisher {
    follower: Follower,
    settings: RenderSettings,
    compiler: Compiler,
    resources: watch::Sender<Arc<ResourceSet>>,
    /// What was read and not rendered yet.
    unrendered: Changed,
    changed: Arc<Notify>,
    failing: Arc<AtomicBool>,
    refused: watch::Receiver<Refused>,
    retry: Retry,
    names: names::Watch,
}

/// What others see of a publisher. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    resources: watch::Receiver<Arc<ResourceSet>>,
    failing: Arc<AtomicBool>,
    module: PathBuf,
}

/// When to offer a refused configuration again.
#[derive(Debug)]
struct Retry {
    delay: Duration,
    last: Option<Instant>,
    /// When the next one is due.
    at: Option<Instant>,
    /// The revision that was made for it. What was refused before was another one.
    since: u64,
}

/// What to do next.
enum Task {
    /// The store may have changed.
    Look,
    /// An Envoy has refused what was offered.
    Retry,
    /// These are the upstreams that may not be ones.
    Withdraw(BTreeSet<UpstreamId>),
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
        let mut publisher = Publisher {
            follower: Follower::new(store),
            settings,
            compiler,
            resources: watch::Sender::new(Arc::new(empty)),
            unrendered: Changed::Everything,
            changed: Arc::default(),
            failing: Arc::default(),
            refused: fleet.refused(),
            retry: Retry::new(),
            names: names::Watch::new(),
        };
        publisher.publish().await?;
        Ok(publisher)
    }

    /// What is published, now and later.
    pub(crate) fn published(&self) -> Published {
        Published {
            resources: self.resources.subscribe(),
            failing: Arc::clone(&self.failing),
            module: self.settings.wasm.clone(),
        }
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
                Task::Retry => self.offer_again().await,
                Task::Withdraw(upstreams) => self.withdraw(upstreams).await,
            };
            self.failing.store(outcome.is_err(), Ordering::Relaxed);
            if let Err(error) = outcome {
                tracing::error!("cannot publish what has changed, Envoys keep what they have: {error:#}");
                sleep(FIRST_RETRY).await;
            }
        }
    }

    async fn next(&mut self, clock: &mut tokio::time::Interval) -> Task {
        let (access, stored) = (&self.settings.access, &self.follower.snapshot().upstreams);
        let upstreams = || access.upstreams(stored).into_owned();
        tokio::select! {
            () = self.changed.notified() => Task::Look,
            _ = clock.tick() => Task::Look,
            () = self.retry.due(&mut self.refused) => Task::Retry,
            upstreams = self.names.forbidden(self.settings.destinations, upstreams) => Task::Withdraw(upstreams),
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        if let Some(policy) = self.compiler.changed_file() {
            self.settings.policy = policy;
            // The new content needs a new revision, which this makes and the next lines find.
            self.follower.store().bump_revisions().await?;
        }
        let current: Revisions = self.resources.borrow().revisions;
        let latest = self.follower.store().revisions().await.context("cannot read the revision")?;
        if latest != current || self.unrendered != Changed::nothing() {
            self.publish().await?;
        }
        Ok(())
    }

    /// Makes everything that may have been refused new.
    async fn offer_again(&mut self) -> anyhow::Result<()> {
        let routes = self.refused.borrow().routes >= Some(self.retry.since);
        let revisions = self.follower.store().bump_revisions().await?;
        self.retry.since = revisions.latest;
        if routes {
            self.settings.attempt = revisions.latest;
            self.unrendered = Changed::Everything;
        }
        Ok(())
    }

    /// Takes away the upstreams whose names lead where nothing may go, and brings back those whose names do so no more.
    async fn withdraw(&mut self, upstreams: BTreeSet<UpstreamId>) -> anyhow::Result<()> {
        if upstreams == self.settings.withdrawn {
            return Ok(());
        }
        for id in upstreams.difference(&self.settings.withdrawn) {
            tracing::error!(upstream = %id, "stands for a forbidden address now; nothing goes there");
        }
        for id in self.settings.withdrawn.difference(&upstreams) {
            tracing::info!(upstream = %id, "stands for an address that is allowed again");
        }
        self.settings.withdrawn = upstreams;
        // Again and again, should it not succeed.
        self.unrendered = Changed::Everything;
        self.publish().await
    }

    async fn publish(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        let changed = self.follower.follow().await.context("cannot read routes and policies")?;
        let read = started.elapsed();
        self.unrendered.add(changed);
        let snapshot = self.follower.snapshot();
        let compiled = self.compiler.compile(&snapshot.policies.documents)?;
        let resources = match &self.unrendered {
            Changed::Everything => ResourceSet::render(snapshot, &compiled, &self.settings),
            Changed::Tokens(tokens) => {
                let last = Arc::clone(&self.resources.borrow());
                last.update(tokens, snapshot, &compiled, &self.settings)
            }
        };
        let resources = resources.context("cannot render routes and policies")?;
        self.unrendered = Changed::nothing();
        let Revisions { latest, .. } = resources.revisions;
        self.resources.send_replace(Arc::new(resources));
        tracing::debug!(revision = latest, ?read, elapsed = ?started.elapsed(), "published");
        Ok(())
    }
}

// === impl Published ===

impl Published {
    /// The current resources.
    pub(crate) fn resources(&self) -> watch::Receiver<Arc<ResourceSet>> {
        self.resources.clone()
    }

    /// How much of everything is published.
    pub(crate) fn counts(&self) -> Counts {
        self.resources.borrow().counts
    }

    /// Whether the last change could not be published.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Whether Envoys find the filter's module, if they are on this machine.
    pub(crate) fn has_module(&self) -> bool {
        self.module.is_file()
    }
}

// === impl Retry ===

impl Retry {
    fn new() -> Retry {
        Retry { delay: FIRST_RETRY, last: None, at: None, since: 0 }
    }

    /// Completes when what was offered last has been refused and the delay is over. Can be dropped and called again.
    async fn due(&mut self, refused: &mut watch::Receiver<Refused>) {
        let since = Some(self.since);
        if refused.wait_for(|refused| refused.routes.max(refused.policies) >= since).await.is_err() {
            std::future::pending::<()>().await;
        }
        if self.last.is_some_and(|last| last.elapsed() > LAST_RETRY * 2) {
            self.delay = FIRST_RETRY;
        }
        let at = *self.at.get_or_insert_with(|| Instant::now() + self.delay);
        sleep_until(at.into()).await;
        self.delay = (self.delay * 2).min(LAST_RETRY);
        (self.last, self.at) = (Some(Instant::now()), None);
    }
}
