//! From what filters report to events that are kept, counters, and the end of trials that go wrong.

mod file;
mod judge;
mod tally;

pub(crate) use file::EventFile;
pub(crate) use tally::{Place, Tallies};

use crate::json::at;
use aegis_model::{Event, Events as _};
use aegis_policy::Disposition;
use aegis_store::SqlStore;
use aegis_xds::{ExchangeReport, Fleet};
use judge::Judge;
use serde::Deserialize as _;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// Takes reports, writes them down in batches and judges trials.
#[derive(Debug)]
pub(crate) struct Collector {
    store: SqlStore,
    reports: mpsc::Receiver<ExchangeReport>,
    tallies: Arc<Tallies>,
    judge: Judge,
    retention: Duration,
    /// Where events go besides.
    file: Option<EventFile>,
}

/// Reports that wait to be written. At 10,000 exchanges a second that is some seconds of a slow disk.
pub(crate) const ROOM: usize = 50_000;

/// Events of one transaction.
const BATCH: usize = 2000;

const WRITE_EVERY: Duration = Duration::from_millis(250);
const PRUNE_EVERY: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

// === impl Collector ===

impl Collector {
    pub(crate) fn new(
        store: SqlStore,
        reports: mpsc::Receiver<ExchangeReport>,
        fleet: Fleet,
        changed: Arc<Notify>,
        retention_days: u32,
        file: Option<EventFile>,
    ) -> Collector {
        let tallies = Arc::<Tallies>::default();
        let judge = Judge::new(store.clone(), Arc::clone(&tallies), fleet, changed);
        Collector { store, reports, tallies, judge, retention: DAY * retention_days, file }
    }

    /// What was counted.
    pub(crate) fn tallies(&self) -> Arc<Tallies> {
        Arc::clone(&self.tallies)
    }

    /// Works for ever.
    pub(crate) async fn run(mut self) {
        let mut write = interval(WRITE_EVERY);
        let mut prune = interval(PRUNE_EVERY);
        write.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = write.tick() => {
                    self.write().await;
                    self.judge.judge().await;
                }
                _ = prune.tick() => self.prune().await,
            }
        }
    }

    async fn write(&mut self) {
        loop {
            let mut events = Vec::new();
            while events.len() < BATCH
                && let Ok(report) = self.reports.try_recv()
            {
                match read(&report) {
                    Some(event) => {
                        self.tallies.count(&event.body);
                        events.push(event);
                    }
                    None => self.tallies.lose(Place::Store, 1),
                }
            }
            if events.is_empty() {
                return;
            }
            if let Err(error) = self.store.add_events(&events).await {
                self.tallies.lose(Place::Store, events.len() as u64);
                tracing::error!("{} events are lost: {error}", events.len());
            }
            let last = events.len() < BATCH;
            self.write_file(events).await;
            if last {
                return;
            }
        }
    }

    async fn write_file(&self, events: Vec<Event>) {
        let Some(file) = self.file.clone() else { return };
        let (count, path) = (events.len(), file.path().to_owned());
        let outcome = spawn_blocking(move || file.add(&events)).await;
        let Err(error) = outcome.unwrap_or_else(|panic| Err(panic.into())) else { return };
        self.tallies.lose(Place::File, count as u64);
        tracing::error!("{count} events are not in {}: {error}", path.display());
    }

    async fn prune(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = now.saturating_sub(self.retention).as_millis();
        match self.store.prune_events(i64::try_from(before).unwrap_or(i64::MAX)).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed events that are too old"),
            Err(error) => tracing::error!("cannot remove old events: {error}"),
        }
    }
}

/// The event of a report; `None` if it is none.
fn read(report: &ExchangeReport) -> Option<Event> {
    let mut body: Value = serde_json::from_slice(&report.event).ok()?;
    let members = body.as_object_mut()?;
    let more: [(&str, Value); 8] = [
        ("at", report.at.into()),
        ("node", report.node.clone().into()),
        ("request_id", report.request_id.clone().into()),
        ("status", report.status.into()),
        ("request_bytes", report.request_bytes.into()),
        ("response_bytes", report.response_bytes.into()),
        ("milliseconds", report.milliseconds.into()),
        ("held_microseconds", report.held_microseconds.into()),
    ];
    members.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let action = action(&body).to_owned();
    let tenant = at(&body, &["tenant"]).as_str().unwrap_or_default().to_owned();
    Some(Event { at: report.at, tenant, action, body })
}

/// The strongest thing that was done to an exchange; `refuse` if the gateway answered for another reason.
fn action(event: &Value) -> &'static str {
    let done =
        |half: &str| Disposition::deserialize(at(event, &[half, "action"])).unwrap_or(Disposition::Allow);
    match done("request").max(done("response")) {
        Disposition::Block => "block",
        _ if at(event, &["refused"]).is_string() => "refuse",
        strongest => strongest.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_exchange_is_called_by_the_strongest_thing_that_was_done() {
        for (event, expected) in [
            (json!({"request": {"action": "allow"}, "response": {"action": "allow"}}), "allow"),
            (json!({"request": {"action": "redact"}, "response": {"action": "defang"}}), "defang"),
            (json!({"request": {"action": "block"}, "refused": "request_blocked"}), "block"),
            (json!({"refused": "token_not_found"}), "refuse"),
            (json!({}), "allow"),
        ] {
            assert_eq!(action(&event), expected, "{event}");
        }
    }
}
