//! Policy documents: reading, checking, compiling, applying.

mod bounds;
mod check;
mod compiler;
mod diff;
mod file;
mod list;
mod remote;

pub(crate) use check::check_text;
pub(crate) use compiler::Compiler;
pub(crate) use file::{Format, MAX_BYTES as MAX_DOCUMENT_BYTES};

use crate::cli::runtime;
use aegis_engine::MasterKey;
use aegis_policy::{CompiledPolicy, Policy};
use anyhow::{Context as _, bail};
use clap::Subcommand;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// `aegisgate policy …`
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check policy documents: what is wrong with them, or what they do.
    Check {
        /// The documents, in YAML or JSON.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of policy documents, for editors.
    Schema,
    /// Show in what two policies differ: two files, or a file and the version that acts.
    Diff(remote::DiffArgs),
    /// Keep a policy as a new version and let it act.
    Apply(remote::ApplyArgs),
    /// End a trial, or go back to the version before.
    Rollback(remote::RollbackArgs),
    /// List policies, their versions and what acts: what is on trial and for how long, and why one was taken back.
    List(list::ListArgs),
    /// Say which policy acts where no token says otherwise.
    Assign(remote::AssignArgs),
}

/// Carries out the command.
pub(crate) fn run(command: PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Check { files } => {
            let bad = files.iter().filter(|path| !report(path)).count();
            if bad > 0 {
                bail!("{bad} of {} policies cannot be used", files.len());
            }
        }
        PolicyCommand::Schema => std::io::stdout().write_all(schema()?.as_bytes())?,
        PolicyCommand::Diff(args) => runtime()?.block_on(args.run())?,
        PolicyCommand::Apply(args) => runtime()?.block_on(args.run())?,
        PolicyCommand::Rollback(args) => runtime()?.block_on(args.run())?,
        PolicyCommand::List(args) => runtime()?.block_on(args.run())?,
        PolicyCommand::Assign(args) => runtime()?.block_on(args.run())?,
    }
    Ok(())
}

/// Reads the policy at `path` and compiles it; its digests are made with `key`.
pub(crate) fn compile(path: &Path, key: &MasterKey) -> anyhow::Result<CompiledPolicy> {
    let refused = || format!("the policy {} cannot be used", path.display());
    let policy = file::read(path).map_err(anyhow::Error::msg).with_context(refused)?;
    aegis_engine::compile(&policy, key).with_context(refused)
}

/// Says what is wrong with the policy at `path`, or what it does; `false` if it cannot be used.
fn report(path: &Path) -> bool {
    match check::check(path) {
        Ok(checked) => {
            println!("{}: ok\n{}", path.display(), checked.summary);
            true
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            false
        }
    }
}

/// The JSON Schema of policy documents.
fn schema() -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(Policy))? + "\n")
}

#[cfg(test)]
mod tests;
