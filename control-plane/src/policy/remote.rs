//! Commands that talk to a control plane about policies.

use super::bounds::BoundsArgs;
use super::{diff, file};
use crate::client::Server;
use crate::json::at;
use anyhow::{Context as _, anyhow};
use axum::http::Method;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

/// `aegisgate policy apply`
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    server: Server,
    /// The document, in YAML or JSON.
    file: PathBuf,
    /// How the new version begins to act.
    #[arg(long, value_enum, default_value_t = StageArg::Enforce)]
    stage: StageArg,
    /// Of a canary: for how many percent of the tokens, 0.01 to 100.
    #[arg(long)]
    percent: Option<f64>,
    /// Of a group: the Envoys.
    #[arg(long)]
    group: Option<String>,
    /// Also make it the policy of this scope: global, or group:NAME.
    #[arg(long)]
    assign: Option<String>,
    #[command(flatten)]
    bounds: BoundsArgs,
}

/// How a new version begins to act.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StageArg {
    /// At once and for everybody.
    Enforce,
    /// It decides nothing; what it would decide is reported.
    Shadow,
    /// For a share of the tokens.
    Canary,
    /// On the Envoys of a group.
    Group,
}

/// `aegisgate policy rollback`
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    server: Server,
    /// The policy's name.
    policy: String,
}

/// `aegisgate policy assign`
#[derive(Debug, Args)]
pub(crate) struct AssignArgs {
    #[command(flatten)]
    server: Server,
    /// global, or group:NAME.
    scope: String,
    /// The policy's name; nothing takes the assignment back.
    policy: Option<String>,
}

/// `aegisgate policy diff`
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    server: Server,
    /// The new document.
    new: PathBuf,
    /// The old document [default: the version of this policy that acts on the control plane].
    #[arg(long)]
    old: Option<PathBuf>,
}

// === impl ApplyArgs ===

impl ApplyArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let text = file::text(&self.file).map_err(|error| anyhow!(error))?;
        let stage = self.stage.to_possible_value().map(|value| value.get_name().to_owned());
        let percent = self.percent.map(|percent| format!("&percent={percent}")).unwrap_or_default();
        let group = self.group.as_ref().map(|group| format!("&group={group}")).unwrap_or_default();
        let path = format!(
            "policies/apply?stage={}{percent}{group}{}",
            stage.unwrap_or_default(),
            self.bounds.query()
        );
        let media_type = file::Format::of(&self.file).media_type();
        let answer = self.server.send_text(Method::POST, &path, media_type, text).await;
        let answer = answer.with_context(|| self.file.display().to_string())?;
        println!(
            "{}, version {}: {}",
            text_of(at(&answer, &["policy"])),
            at(&answer, &["version"]),
            at(&answer, &["rollout"])
        );
        if let Some(scope) = &self.assign {
            let body = json!({ "policy": at(&answer, &["policy"]) });
            self.server.send(Method::PUT, &format!("assignments/{scope}"), Some(&body)).await?;
        }
        Ok(())
    }
}

// === impl RollbackArgs ===

impl RollbackArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let path = format!("policies/{}/rollback", self.policy);
        let answer = self.server.send(Method::POST, &path, None).await?;
        println!("{}: {}", self.policy, at(&answer, &["rollout"]));
        Ok(())
    }
}

// === impl AssignArgs ===

impl AssignArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let path = format!("assignments/{}", self.scope);
        match &self.policy {
            Some(policy) => self.server.send(Method::PUT, &path, Some(&json!({ "policy": policy }))).await?,
            None => self.server.send(Method::DELETE, &path, None).await?,
        };
        Ok(())
    }
}

// === impl DiffArgs ===

impl DiffArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let new = file::read(&self.new).map_err(|error| anyhow!(error))?;
        let old = if let Some(path) = &self.old {
            serde_json::to_value(file::read(path).map_err(|error| anyhow!(error))?)?
        } else {
            let policies = self.server.send(Method::GET, "policies", None).await?;
            let live = at(&policies, &["rollouts", &new.name, "live"]).as_u64();
            let live = live.with_context(|| format!("no version of {} acts there", new.name))?;
            self.server.send(Method::GET, &format!("policies/{}/{live}", new.name), None).await?
        };
        for line in diff::diff(&old, &serde_json::to_value(&new)?) {
            println!("{line}");
        }
        Ok(())
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
