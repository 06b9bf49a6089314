//! Configuration: what Envoy sends is checked and compiled before it replaces what runs.
//!
//! Filters of one chain share a VM: one has the policies and works, the others bring the routes only, each a shard. Each
//! has a root context here, and all put what they have into the VM's own state. Shards are kept in the host as well,
//! because a VM that starts after a crash is told by the working filter alone.

use crate::context::HttpExchange;
use crate::host;
use aegis_engine::MasterKey;
use aegis_exchange::{Exchange, Gateway, Policies, Routes, Worker, nonce_keys};
use aegis_policy::{CompiledPolicy, FilterConfig, PolicyPart, RoutePart};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Instant;

/// Environment variable with the placeholder key (`vm_config.environment_variables.host_env_keys`).
const KEY_VARIABLE: &str = "AEGIS_PLACEHOLDER_KEY";

/// The same for the secret that requests are signed with. It need not be there.
const SECRET_VARIABLE: &str = "AEGIS_REQUEST_HMAC_SECRET";

/// Report the configuration that runs: Envoy's ACK alone does not prove that it was applied.
const ROUTES_GAUGE: &str = "aegisgate.routes_revision";
const POLICIES_GAUGE: &str = "aegisgate.policies_revision";

/// How long the last policy took to compile here. While it compiles, this thread of Envoy does nothing else.
const COMPILE_GAUGE: &str = "aegisgate.policy_compile_ms";
/// How many policies were compiled, by all VMs together.
const COMPILE_COUNTER: &str = "aegisgate.policies_compiled";

thread_local! {
    /// What runs. A VM has one thread, and is reused for configuration updates.
    static STATE: RefCell<State> = RefCell::default();
}

#[derive(Default)]
struct State {
    /// The policies of the last configuration, compiled: whatever stays the same is not compiled again.
    workers: Vec<(CompiledPolicy, Rc<Worker>)>,
    policies: Option<Rc<Policies>>,
    routes: Routes,
    /// What `routes` should be.
    current: Option<RoutePart>,
    /// Made of both when the first stream after a change asks.
    gateway: Option<Rc<Gateway>>,
}

/// One root context.
pub(crate) struct Root;

// === impl Root ===

impl Root {
    fn configure(&self) -> Result<(), Box<dyn Error>> {
        let json = self.get_plugin_configuration().unwrap_or_default();
        let FilterConfig { routes, shards, policies } = FilterConfig::from_json(&json)?;
        STATE.with_borrow_mut(|state| {
            if let Some(part) = policies {
                let revision = part.revision;
                state.apply_policies(part)?;
                host::set_gauge(POLICIES_GAUGE, revision);
            }
            for shard in shards {
                host::keep_shard(shard.number, &shard.version, &json);
                state.routes.apply(shard);
            }
            if routes.is_some() {
                state.current = routes;
            }
            state.gateway = None;
            state.report_routes();
            Ok(())
        })
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        host::define_counters();
        true
    }

    /// `false` makes Envoy refuse the configuration and keep the last one.
    fn on_configure(&mut self, _size: usize) -> bool {
        match self.configure() {
            Ok(()) => true,
            Err(error) => {
                log::error!("aegisgate: configuration refused: {error}");
                false
            }
        }
    }

    fn on_tick(&mut self) {
        host::end_doomed_streams();
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        let gateway = STATE.with_borrow_mut(State::gateway)?;
        Some(Box::new(HttpExchange::new(context_id, Exchange::new(gateway))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

// === impl State ===

impl State {
    fn apply_policies(&mut self, part: PolicyPart) -> Result<(), Box<dyn Error>> {
        let key = std::env::var(KEY_VARIABLE)
            .map_err(|_| format!("{KEY_VARIABLE} is not set in the VM's environment (host_env_keys)"))?;
        let key = MasterKey::from_hex(&key)?;
        let mut workers = Vec::with_capacity(part.policies.len());
        for policy in &part.policies {
            workers.push((policy.clone(), self.worker(policy, &key)?));
        }
        let compiled: Vec<Rc<Worker>> = workers.iter().map(|(_, worker)| Rc::clone(worker)).collect();
        if part.request_hmac.is_some() {
            nonce_keys().for_each(|key| host::share(&key));
        }
        let secret = std::env::var(SECRET_VARIABLE).ok();
        self.policies = Some(Rc::new(Policies::new(part, &compiled, key, secret.as_deref())));
        self.workers = workers;
        Ok(())
    }

    /// The compiled `policy`, from the last configuration if it was there. The key was: a VM's environment never changes.
    fn worker(&self, policy: &CompiledPolicy, key: &MasterKey) -> Result<Rc<Worker>, Box<dyn Error>> {
        if let Some((_, worker)) = self.workers.iter().find(|(known, _)| known == policy) {
            return Ok(Rc::clone(worker));
        }
        let began = Instant::now();
        let worker = Rc::new(Worker::new(policy, key)?);
        host::set_gauge(COMPILE_GAUGE, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        host::count(COMPILE_COUNTER);
        Ok(worker)
    }

    fn gateway(&mut self) -> Option<Rc<Gateway>> {
        if self.gateway.is_none() {
            let policies = self.policies.clone()?;
            self.take_kept_shards();
            let gateway = Rc::new(Gateway::new(self.routes.clone(), policies));
            if self.routes.missing().next().is_some() {
                // It refuses what is not there; the next stream looks again.
                return Some(gateway);
            }
            self.gateway = Some(gateway);
        }
        self.gateway.clone()
    }

    /// Takes the shards that are missing from those that another VM has left.
    fn take_kept_shards(&mut self) {
        let missing: Vec<u8> = self.routes.missing().collect();
        let kept = missing.into_iter().filter_map(|number| {
            let config = FilterConfig::from_json(&host::kept_shard(number)?).ok()?;
            config.shards.into_iter().find(|shard| shard.number == number)
        });
        kept.for_each(|shard| self.routes.apply(shard));
    }

    /// Says which revision of the routes runs, once all of its shards do.
    fn report_routes(&self) {
        let Some(RoutePart { revision, shards }) = &self.current else { return };
        if self.routes.are(shards) {
            host::set_gauge(ROUTES_GAUGE, *revision);
        }
    }
}
