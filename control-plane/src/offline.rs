//! The engine without a gateway: `scan` and `replay`.

mod replay;
mod scan;

pub(crate) use replay::{ReplayArgs, replay};
pub(crate) use scan::{ScanArgs, scan};

use crate::policy;
use aegis_engine::{Caches, Engine, MasterKey, Vault};
use aegis_policy::CompiledPolicy;
use anyhow::Context as _;
use clap::Args;
use std::path::PathBuf;

/// Placeholders and digests of the offline commands when no key is given: the same in every run, and of no use to
/// anybody.
pub(crate) const PUBLIC_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What both commands can be told.
#[derive(Debug, Args)]
struct WorkbenchArgs {
    /// The policy, in YAML or JSON [default: the built-in default policy].
    #[arg(long, env = "AEGIS_POLICY")]
    policy: Option<PathBuf>,
    /// Key of the placeholders, 64 hexadecimal digits.
    #[arg(long, env = "AEGIS_PLACEHOLDER_KEY", hide_env_values = true)]
    placeholder_key: Option<String>,
}

/// What both commands work with.
struct Workbench {
    engine: Engine,
    caches: Caches,
    key: MasterKey,
}

// === impl Workbench ===

impl Workbench {
    fn new(args: &WorkbenchArgs) -> anyhow::Result<Workbench> {
        let key = args.placeholder_key.as_deref().unwrap_or(PUBLIC_KEY);
        let key = MasterKey::from_hex(key).context("AEGIS_PLACEHOLDER_KEY")?;
        let policy = match &args.policy {
            Some(path) => policy::compile(path, &key)?,
            None => CompiledPolicy::default(),
        };
        let engine = Engine::new(&policy, &key).context("the rules do not compile")?;
        Ok(Workbench { caches: engine.caches(), engine, key })
    }

    fn vault(&self) -> Vault {
        self.engine.vault(self.key.tenant(b"offline"))
    }
}

#[cfg(test)]
impl Workbench {
    /// With `policy`.
    fn with(policy: &aegis_policy::Policy) -> Workbench {
        let key = MasterKey::from_hex(PUBLIC_KEY).unwrap();
        let engine = Engine::new(&aegis_engine::compile(policy, &key).unwrap(), &key).unwrap();
        Workbench { caches: engine.caches(), engine, key }
    }
}
