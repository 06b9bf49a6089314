//! Ends trials that go wrong.

use super::tally::{Tallies, Tally};
use aegis_model::{Actor, Bounds, Candidate, Policies as _, Rollout, Stage, Store as _};
use aegis_store::SqlStore;
use aegis_xds::Fleet;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;

/// Compares what happens under the version on trial with what happens under the one that acts.
#[derive(Debug)]
pub(super) struct Judge {
    store: SqlStore,
    tallies: Arc<Tallies>,
    fleet: Fleet,
    changed: Arc<Notify>,
    /// The revision of policies of which `trials` are.
    revision: Option<u64>,
    trials: BTreeMap<String, Trial>,
}

/// One trial, and what had been counted when it began here.
#[derive(Debug)]
struct Trial {
    rollout: Rollout,
    candidate: Candidate,
    live_before: Tally,
    candidate_before: Tally,
    reloads_before: u64,
}

/// What the journal calls it.
const ACTOR: &str = "automatic-rollback";

// === impl Judge ===

impl Judge {
    pub(super) fn new(store: SqlStore, tallies: Arc<Tallies>, fleet: Fleet, changed: Arc<Notify>) -> Judge {
        Judge { store, tallies, fleet, changed, revision: None, trials: BTreeMap::new() }
    }

    /// Takes back every candidate that has left its bounds.
    pub(super) async fn judge(&mut self) {
        if let Err(error) = self.follow().await {
            tracing::error!("cannot judge trials: {error}");
            return;
        }
        let verdicts: Vec<(String, Rollout, String)> = self
            .trials
            .iter()
            .filter_map(|(policy, trial)| {
                Some((policy.clone(), trial.rollout.clone(), self.verdict(policy, trial)?))
            })
            .collect();
        for (policy, rollout, why) in verdicts {
            let version = rollout.candidate.as_ref().map_or(0, |candidate| candidate.version);
            let Some(back) = rollout.back(why.clone()) else { continue };
            let (actor, reason) = (Actor::new(ACTOR), format!("version {version}: {why}"));
            match self.store.roll_out(&actor, &policy, Some(&back), Some(&rollout), &reason).await {
                Ok(true) => tracing::warn!(policy, "took the version on trial back: {reason}"),
                // Somebody was faster.
                Ok(false) => {}
                Err(error) => tracing::error!(policy, "cannot take the version on trial back: {error}"),
            }
            self.changed.notify_one();
        }
    }

    /// Notices trials that begin and end.
    async fn follow(&mut self) -> Result<(), aegis_store::StoreError> {
        let revision = self.store.revisions().await?.policies;
        if self.revision == Some(revision) {
            return Ok(());
        }
        let rollouts = self.store.policy_state().await?.rollouts;
        let mut trials = BTreeMap::new();
        for (policy, rollout) in rollouts {
            let Some(candidate) = rollout.candidate.clone() else { continue };
            let trial = match self.trials.remove(&policy) {
                Some(known) if known.rollout == rollout => known,
                _ => Trial {
                    live_before: self.tally(&policy, rollout.live, false),
                    candidate_before: self.tally(&policy, candidate.version, is_shadow(&candidate)),
                    reloads_before: self.reloads(),
                    rollout,
                    candidate,
                },
            };
            trials.insert(policy, trial);
        }
        (self.trials, self.revision) = (trials, Some(revision));
        Ok(())
    }

    /// Why a candidate has to go, if it has to.
    fn verdict(&self, policy: &str, trial: &Trial) -> Option<String> {
        let Candidate { version, bounds, .. } = &trial.candidate;
        let live = self.tally(policy, trial.rollout.live, false).since(trial.live_before);
        let shadow = is_shadow(&trial.candidate);
        let candidate = self.tally(policy, *version, shadow).since(trial.candidate_before);
        let reloads = self.reloads().saturating_sub(trial.reloads_before);
        compare(live, candidate, reloads, bounds)
    }

    fn tally(&self, policy: &str, version: u32, shadow: bool) -> Tally {
        self.tallies.versions().get(&(policy.to_owned(), version, shadow)).copied().unwrap_or_default()
    }

    fn reloads(&self) -> u64 {
        self.fleet.nodes().values().map(|status| status.vm_reloads).sum()
    }
}

fn is_shadow(candidate: &Candidate) -> bool {
    candidate.stage == Stage::Shadow
}

/// Which bound was left, if one was.
fn compare(live: Tally, candidate: Tally, reloads: u64, bounds: &Bounds) -> Option<String> {
    if reloads > u64::from(bounds.vm_reloads) {
        return Some(format!("{reloads} VMs had to be started again, {} are allowed", bounds.vm_reloads));
    }
    if candidate.requests < u64::from(bounds.min_requests) {
        return None;
    }
    let of_10_000 = |part: u64, tally: Tally| part * 10_000 / tally.requests.max(1);
    for (what, old, new, more) in [
        ("refuses", of_10_000(live.blocks, live), of_10_000(candidate.blocks, candidate), bounds.more_blocks),
        ("fails", of_10_000(live.errors, live), of_10_000(candidate.errors, candidate), bounds.more_errors),
    ] {
        if new > old + u64::from(more) {
            return Some(format!(
                "it {what} {new} of 10,000 requests, the old version {old}; {more} more are allowed"
            ));
        }
    }
    let average = |tally: Tally| tally.held / tally.requests.max(1) / 1000;
    let (old, new, more) = (average(live), average(candidate), bounds.more_milliseconds);
    if new > old + u64::from(more) {
        return Some(format!(
            "it holds requests for {new} ms, the old version {old} ms; {more} more are allowed"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_may_be_so_much_worse_and_no_more() {
        let bounds = Bounds {
            min_requests: 100,
            more_blocks: 500,
            more_errors: 100,
            vm_reloads: 1,
            more_milliseconds: 5,
        };
        let live = Tally { requests: 1000, blocks: 10, errors: 0, held: 1_000_000, ..Tally::default() };
        let tally =
            |requests, blocks, errors, held| Tally { requests, blocks, errors, held, ..Tally::default() };
        for (candidate, reloads, why) in [
            (tally(100, 6, 1, 600_000), 1, None),
            (tally(99, 99, 99, 0), 0, None),
            (
                tally(100, 7, 0, 0),
                0,
                Some("it refuses 700 of 10,000 requests, the old version 100; 500 more are"),
            ),
            (tally(100, 0, 2, 0), 0, Some("it fails 200 of 10,000")),
            (tally(100, 0, 0, 700_000), 0, Some("it holds requests for 7 ms, the old version 1 ms; 5 more")),
            (tally(1, 0, 0, 0), 2, Some("2 VMs had to be started again, 1 are allowed")),
        ] {
            let verdict = compare(live, candidate, reloads, &bounds);
            assert_eq!(verdict.is_some(), why.is_some(), "{candidate:?}: {verdict:?}");
            assert!(verdict.unwrap_or_default().starts_with(why.unwrap_or_default()));
        }
    }
}
