//! `aegisgate policy list`

use super::bounds;
use crate::client::Server;
use crate::json::at;
use aegis_model::{Candidate, Rollout, Stage};
use anyhow::Context as _;
use axum::http::Method;
use clap::Args;
use serde_json::Value;
use std::collections::BTreeMap;

/// `aegisgate policy list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    server: Server,
}

// === impl ListArgs ===

impl ListArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let answer = self.server.send(Method::GET, "policies", None).await?;
        let rollouts: BTreeMap<String, Rollout> = serde_json::from_value(at(&answer, &["rollouts"]).clone())
            .context("the control plane is of another version")?;
        for version in at(&answer, &["versions"]).as_array().into_iter().flatten() {
            let text = |name: &str| at(version, &[name]).as_str().unwrap_or_default();
            let (number, created_at) = (at(version, &["version"]), at(version, &["created_at"]));
            let state = rollouts.get(text("policy")).map(|rollout| state(rollout, number));
            println!(
                "{} {number} {} {created_at} {}",
                text("policy"),
                text("author"),
                state.unwrap_or_default()
            );
        }
        for (scope, policy) in at(&answer, &["assignments"]).as_object().into_iter().flatten() {
            println!("{scope}: {}", policy.as_str().unwrap_or_default());
        }
        Ok(())
    }
}

/// What version `number` does, and until when.
fn state(rollout: &Rollout, number: &Value) -> String {
    let is = |version: u32| number.as_u64() == Some(version.into());
    match (&rollout.candidate, &rollout.taken_back) {
        _ if is(rollout.live) => "live".to_owned(),
        (Some(candidate), _) if is(candidate.version) => {
            let Candidate { stage, bounds, .. } = candidate;
            format!("on trial ({}), {}", trial(stage), bounds::shown(bounds))
        }
        (_, Some(back)) if is(back.version) => format!("taken back: {}", back.why),
        _ => String::new(),
    }
}

fn trial(stage: &Stage) -> String {
    match stage {
        Stage::Shadow => "shadow".to_owned(),
        Stage::Canary { share } => format!("canary of {}%", f64::from(*share) / 100.0),
        Stage::Group { group } => format!("group {group}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::Bounds;

    #[test]
    fn every_version_says_what_it_does() {
        let bounds = Bounds::default();
        let candidate = Candidate { version: 2, stage: Stage::Canary { share: 250 }, bounds };
        let tried = Rollout { candidate: Some(candidate), ..Rollout::only(1) };
        let back = tried.back("it refuses more".to_owned()).unwrap();
        for (rollout, number, expected) in [
            (&tried, 1, "live"),
            (
                &tried,
                2,
                "on trial (canary of 2.5%), min_requests=200 more_blocks=500/10000 more_errors=100/10000 \
                 vm_reloads=0 more_milliseconds=50",
            ),
            (&tried, 3, ""),
            (&back, 1, "live"),
            (&back, 2, "taken back: it refuses more"),
        ] {
            assert_eq!(state(rollout, &number.into()), expected);
        }
    }
}
