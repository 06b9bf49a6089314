//! Configuration: what Envoy sends is checked and compiled before it replaces what runs.

use crate::context::HttpExchange;
use crate::host;
use aegis_engine::MasterKey;
use aegis_exchange::{Exchange, Gateway, Worker};
use aegis_policy::{CompiledPolicy, FilterConfig};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Instant;

/// Environment variable with the placeholder key (`vm_config.environment_variables.host_env_keys`).
const KEY_VARIABLE: &str = "AEGIS_PLACEHOLDER_KEY";

/// Reports the configuration that runs: Envoy's ACK alone does not prove that it was applied.
const REVISION_GAUGE: &str = "aegisgate.config_revision";

/// How long the last policy took to compile here. While it compiles, this thread of Envoy does nothing else.
const COMPILE_GAUGE: &str = "aegisgate.policy_compile_ms";

thread_local! {
    /// The last compiled policy. A VM is reused for configuration updates, so a token change compiles nothing.
    static COMPILED: RefCell<Option<(CompiledPolicy, Rc<Worker>)>> = const { RefCell::new(None) };
}

/// One configuration of the filter.
#[derive(Default)]
pub(crate) struct Root {
    gateway: Option<Rc<Gateway>>,
}

// === impl Root ===

impl Root {
    fn configure(&mut self) -> Result<u64, Box<dyn Error>> {
        let json = self.get_plugin_configuration().unwrap_or_default();
        let config = FilterConfig::from_json(&json)?;
        let key = std::env::var(KEY_VARIABLE)
            .map_err(|_| format!("{KEY_VARIABLE} is not set in the VM's environment (host_env_keys)"))?;
        let key = MasterKey::from_hex(&key)?;
        let worker = worker(&config.policy, &key)?;
        let revision = config.revision;
        self.gateway = Some(Rc::new(Gateway::new(config, worker, key)));
        Ok(revision)
    }
}

impl Context for Root {}

impl RootContext for Root {
    /// `false` makes Envoy refuse the configuration and keep the last one.
    fn on_configure(&mut self, _size: usize) -> bool {
        match self.configure() {
            Ok(revision) => {
                host::set_gauge(REVISION_GAUGE, revision);
                true
            }
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
        let gateway = self.gateway.clone()?;
        Some(Box::new(HttpExchange::new(context_id, Exchange::new(gateway))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// The compiled `policy`, from the last configuration if it is the same. The key is: a VM's environment never changes.
fn worker(policy: &CompiledPolicy, key: &MasterKey) -> Result<Rc<Worker>, Box<dyn Error>> {
    COMPILED.with_borrow_mut(|compiled| match compiled {
        Some((known, worker)) if known == policy => Ok(Rc::clone(worker)),
        _ => {
            let began = Instant::now();
            let worker = Rc::new(Worker::new(policy, key)?);
            host::set_gauge(COMPILE_GAUGE, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
            *compiled = Some((policy.clone(), Rc::clone(&worker)));
            Ok(worker)
        }
    })
}
