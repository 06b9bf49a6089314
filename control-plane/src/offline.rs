//! The engine without a gateway: `scan` and `replay`.

mod replay;
mod scan;

pub(crate) use replay::{ReplayArgs, replay};
pub(crate) use scan::{ScanArgs, scan};

use aegis_engine::{Caches, Engine, MasterKey, Vault};
use anyhow::Context as _;

/// Placeholders of the offline commands when no key is given: the same in every run, and of no use to anybody.
const PUBLIC_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What both commands work with.
struct Workbench {
    engine: Engine,
    caches: Caches,
    key: MasterKey,
}

// === impl Workbench ===

impl Workbench {
    fn new(key: Option<&str>) -> anyhow::Result<Workbench> {
        let engine =
            Engine::new(&aegis_engine::default_rules()).context("the built-in rules do not compile")?;
        let key = MasterKey::from_hex(key.unwrap_or(PUBLIC_KEY)).context("AEGIS_PLACEHOLDER_KEY")?;
        Ok(Workbench { caches: engine.caches(), engine, key })
    }

    fn vault(&self) -> Vault {
        Vault::new(self.key.tenant(b"offline"))
    }
}
