//! What the names of upstreams stand for, as this process sees it.
//!
//! Envoy resolves names itself, later and perhaps elsewhere, and refuses addresses that are forbidden
//! (`xds/src/destination.rs`). Here they are refused when somebody registers them, and withdrawn when they change.

use aegis_model::{DestinationError, Destinations, Upstream, UpstreamBase, UpstreamId};
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::lookup_host;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// Looks up the names of all upstreams from time to time, in the background.
#[derive(Debug)]
pub(crate) struct Watch {
    clock: Interval,
    running: Option<JoinHandle<BTreeSet<UpstreamId>>>,
}

/// How long a name may take. What cannot be resolved here may still be a name that Envoy knows.
const PATIENCE: Duration = Duration::from_secs(3);

/// Names that are looked up at the same time.
const AT_ONCE: usize = 32;

/// How often names are looked up again.
const AGAIN: Duration = Duration::from_secs(30);

// === impl Watch ===

impl Watch {
    /// A watch that begins now.
    pub(crate) fn new() -> Watch {
        let mut clock = interval(AGAIN);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Watch { clock, running: None }
    }

    /// The upstreams that may not be ones now. Completes each time that the names were looked up; can be dropped before.
    pub(crate) async fn forbidden(
        &mut self,
        destinations: Destinations,
        upstreams: impl Fn() -> Vec<Upstream>,
    ) -> BTreeSet<UpstreamId> {
        loop {
            if let Some(task) = &mut self.running {
                let outcome = task.await;
                self.running = None;
                if let Ok(found) = outcome {
                    return found;
                }
            }
            self.clock.tick().await;
            self.running = Some(tokio::spawn(forbidden(destinations, upstreams())));
        }
    }
}

/// Whether none of these leads to an address that may not be an upstream.
pub(crate) async fn check(
    destinations: Destinations,
    bases: impl IntoIterator<Item = &UpstreamBase>,
) -> Result<(), DestinationError> {
    let hosts: BTreeSet<(String, u16)> = bases.into_iter().filter_map(named).collect();
    let lookups = stream::iter(hosts).map(|host| check_host(destinations, host));
    let mut outcomes = lookups.buffer_unordered(AT_ONCE);
    while let Some(outcome) = outcomes.next().await {
        outcome?;
    }
    Ok(())
}

async fn forbidden(destinations: Destinations, upstreams: Vec<Upstream>) -> BTreeSet<UpstreamId> {
    let lookups = stream::iter(upstreams).map(|upstream| is_forbidden(destinations, upstream));
    let verdicts: Vec<(UpstreamId, bool)> = lookups.buffer_unordered(AT_ONCE).collect().await;
    verdicts.into_iter().filter(|(_, forbidden)| *forbidden).map(|(id, _)| id).collect()
}

async fn is_forbidden(destinations: Destinations, Upstream { id, base }: Upstream) -> (UpstreamId, bool) {
    let verdict = match (destinations.check(&base), named(&base)) {
        (Ok(()), Some(host)) => check_host(destinations, host).await,
        (verdict, _) => verdict,
    };
    (id, verdict.is_err())
}

/// Host and port, if the host is a name.
fn named(base: &UpstreamBase) -> Option<(String, u16)> {
    base.ip().is_none().then(|| (base.host(), base.port()))
}

async fn check_host(destinations: Destinations, host: (String, u16)) -> Result<(), DestinationError> {
    let addresses = match timeout(PATIENCE, lookup_host(host)).await {
        Ok(Ok(addresses)) => addresses.map(|address| address.ip()).collect(),
        Ok(Err(_)) | Err(_) => Vec::<IpAddr>::new(),
    };
    addresses.into_iter().try_for_each(|address| destinations.check_address(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(id: i64, base: &str) -> Upstream {
        Upstream { id: UpstreamId(id), base: UpstreamBase::parse(base).unwrap() }
    }

    #[tokio::test]
    async fn a_name_is_what_it_stands_for() {
        let bases = ["http://localhost:1", "http://8.8.8.8", "http://nowhere.invalid"];
        let upstreams: Vec<Upstream> = (1..).zip(bases).map(|(id, base)| upstream(id, base)).collect();
        for (private, refused) in [(true, vec![]), (false, vec![UpstreamId(1)])] {
            let destinations = Destinations { private };
            let found = Watch::new().forbidden(destinations, || upstreams.clone()).await;
            assert_eq!(found.into_iter().collect::<Vec<_>>(), refused);
            let verdict = check(destinations, upstreams.iter().map(|upstream| &upstream.base)).await;
            assert_eq!(verdict, if private { Ok(()) } else { Err(DestinationError::Private) });
        }
    }

    #[tokio::test]
    async fn what_was_registered_before_it_was_forbidden_is_withdrawn() {
        let upstreams = [upstream(1, "http://169.254.169.254"), upstream(2, "http://127.0.0.1:9")];
        let found = Watch::new().forbidden(Destinations { private: true }, || upstreams.to_vec()).await;
        assert_eq!(found, BTreeSet::from([UpstreamId(1)]));
    }
}
