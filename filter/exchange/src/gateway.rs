//! What the exchanges of one worker share.

use aegis_engine::{Caches, Engine, EngineError, MasterKey, Vault};
use aegis_policy::{CompiledPolicy, FilterConfig, TokenHash, TokenRoute, Upstream};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Engine and caches of one worker. Outlives configuration updates that leave the policy alone.
#[derive(Debug)]
pub struct Worker {
    pub(crate) engine: Engine,
    pub(crate) caches: RefCell<Caches>,
}

/// One applied configuration. An exchange keeps the one that it began with.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) worker: Rc<Worker>,
    pub(crate) key: MasterKey,
    pub(crate) holds_headers: bool,
    pub(crate) max_request_body: usize,
    upstreams: Vec<Upstream>,
    tokens: HashMap<TokenHash, TokenRoute>,
}

// === impl Worker ===

impl Worker {
    /// Compiles `policy`, whose digests were made with `key`.
    pub fn new(policy: &CompiledPolicy, key: &MasterKey) -> Result<Worker, EngineError> {
        let engine = Engine::new(policy, key)?;
        let caches = RefCell::new(engine.caches());
        Ok(Worker { engine, caches })
    }
}

// === impl Gateway ===

impl Gateway {
    /// Applies a configuration.
    pub fn new(config: FilterConfig, worker: Rc<Worker>, key: MasterKey) -> Gateway {
        Gateway {
            worker,
            key,
            holds_headers: config.allow_on_headers_stop_iteration,
            max_request_body: usize::try_from(config.limits.max_request_body_bytes).unwrap_or(usize::MAX),
            upstreams: config.upstreams,
            tokens: config.tokens.into_iter().collect(),
        }
    }

    /// An empty vault of the tenant with a token of this hash.
    pub(crate) fn vault(&self, tenant: &TokenHash) -> Vault {
        self.worker.engine.vault(self.key.tenant(tenant.as_str().as_bytes()))
    }

    /// Where requests with `token` go.
    pub(crate) fn upstream(&self, hash: &TokenHash) -> Option<&Upstream> {
        let route = self.tokens.get(hash)?;
        self.upstreams.get(usize::try_from(route.upstream).ok()?)
    }
}
