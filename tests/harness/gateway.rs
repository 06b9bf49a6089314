//! The gateway as its users start it.

use crate::client::{Answer, Request};
use crate::process::Process;
use crate::wait::{eventually, holds_within};
use crate::{ports, process_table, workspace};
use serde_json::{Value, json};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Envoy compiles the filter when it starts, which takes a while on a busy machine.
pub const START: Duration = Duration::from_mins(1);

/// How a gateway differs from the usual one.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// More environment variables.
    pub environment: Vec<(&'static str, String)>,
    /// Another module than the built one.
    pub wasm: Option<PathBuf>,
    /// The text of a policy in YAML, instead of the default policy.
    pub policy: Option<String>,
}

/// A place to run a gateway in: ports, a data directory and a gateway key of its own.
#[derive(Debug)]
pub struct Site {
    /// Port that clients use.
    pub port: u16,
    /// Port of the control plane's HTTP API.
    pub admin_port: u16,
    /// Port of the control plane's xDS.
    pub xds_port: u16,
    /// Port of Envoy's admin interface.
    pub envoy_admin_port: u16,
    /// Port of the mock LLM of `--demo`.
    pub demo_port: u16,
    /// The gateway key.
    pub key: String,
    options: Options,
    data_dir: tempfile::TempDir,
}

/// `aegisgate up`: control plane and Envoy under one supervisor.
#[derive(Debug)]
pub struct Gateway {
    // Before the site, whose data directory it uses: fields are dropped in this order.
    process: Process,
    site: Site,
}

/// A gateway that the tests of a file share: the first that needs it starts it, the last one ends it.
#[derive(Debug)]
pub struct Shared(Mutex<Weak<Gateway>>);

// === impl Shared ===

impl Shared {
    /// Nobody needs it yet.
    pub const fn new() -> Shared {
        Shared(Mutex::new(Weak::new()))
    }

    /// The gateway; `start` starts it if it does not run.
    pub fn get(&self, start: impl FnOnce() -> Gateway) -> Arc<Gateway> {
        // A gateway that did not start fails the test that tried, and the next one tries again.
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        current.upgrade().unwrap_or_else(|| {
            let gateway = Arc::new(start());
            *current = Arc::downgrade(&gateway);
            gateway
        })
    }
}

impl Default for Shared {
    fn default() -> Shared {
        Shared::new()
    }
}

// === impl Site ===

impl Site {
    /// A fresh one.
    pub fn new(options: Options) -> Site {
        let [port, admin_port, xds_port, envoy_admin_port, demo_port] =
            std::array::from_fn(|_| ports::free_port());
        let key = crate::secrets::lookalike("{alnum:40}", u64::from(port));
        let data_dir = tempfile::tempdir().unwrap();
        Site { port, admin_port, xds_port, envoy_admin_port, demo_port, key, options, data_dir }
    }

    /// Where the gateway keeps its state.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Where the policy of the options is, if they have one.
    pub fn policy_file(&self) -> PathBuf {
        self.data_dir().join("policy.yaml")
    }

    /// Starts the next process with other options.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
    }

    /// `aegisgate <arguments>` for this place.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(workspace::binary());
        command.args(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AEGIS_") {
                command.env_remove(name);
            }
        }
        command.env("ENVOY_BIN", workspace::envoy());
        command.env("AEGIS_WASM", self.options.wasm.clone().unwrap_or_else(workspace::wasm));
        command.env("AEGIS_DATA_DIR", self.data_dir());
        command.env("AEGIS_GATEWAY_KEY", &self.key);
        if let Some(policy) = &self.options.policy {
            std::fs::write(self.policy_file(), policy).unwrap();
            command.env("AEGIS_POLICY", self.policy_file());
        }
        // One worker, so that what one request proves holds for the next; tests about several say so.
        command.env("AEGIS_ENVOY_CONCURRENCY", "1");
        // Tests are in a hurry; the one about this limit says so.
        command.env("AEGIS_ADMIN_RATE_LIMIT_PER_MINUTE", "1000000");
        let ports = [
            ("AEGIS_PORT", self.port),
            ("AEGIS_ADMIN_PORT", self.admin_port),
            ("AEGIS_XDS_PORT", self.xds_port),
            ("AEGIS_ENVOY_ADMIN_PORT", self.envoy_admin_port),
            ("AEGIS_DEMO_PORT", self.demo_port),
        ];
        command.envs(ports.map(|(name, port)| (name, port.to_string())));
        command.envs(self.options.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts `aegisgate <arguments>`.
    pub fn spawn(&self, arguments: &[&str]) -> Process {
        let log = self.data_dir().join(format!("test-{}.log", arguments[0]));
        Process::spawn(&format!("aegisgate {}", arguments.join(" ")), &mut self.command(arguments), &log)
    }

    /// Waits until the gateway says that it is ready.
    #[track_caller]
    pub fn wait_until_ready(&self, process: &mut Process) {
        let mut ready = false;
        holds_within(START, || {
            ready = Request::get("/ready").try_send(self.port).is_ok_and(|answer| answer.status == 200);
            ready || process.exit_within(Duration::ZERO).is_some()
        });
        assert!(ready, "the gateway did not become ready");
    }

    /// Calls the token API on `port`, which is the gateway's or the control plane's.
    pub fn admin(&self, port: u16, action: &str, mut body: Value) -> std::io::Result<Answer> {
        body["gateway_key"] = self.key.as_str().into();
        Request::post(format!("/__gw__/{action}"), body.to_string()).try_send(port)
    }

    /// Registers an upstream through the gateway and returns the answer.
    #[track_caller]
    pub fn register_answer(&self, base: &str) -> Value {
        self.register_on(self.port, base)
    }

    /// Registers an upstream on the gateway's port or the control plane's, and returns the answer.
    #[track_caller]
    pub fn register_on(&self, port: u16, base: &str) -> Value {
        let answer = self.admin(port, "register", json!({ "upstream_base": base })).unwrap();
        assert_eq!(answer.status, 200, "register: {}", answer.text());
        answer.json()
    }

    /// Registers an upstream and waits until its token works.
    #[track_caller]
    pub fn register(&self, base: &str) -> String {
        let token = self.register_answer(base)["token"].as_str().expect("a token").to_owned();
        eventually("a registered token works", START, || self.is_usable(&token));
        token
    }

    /// Removes a token.
    #[track_caller]
    pub fn unregister(&self, token: &str) -> Value {
        let answer = self.admin(self.port, "unregister", json!({ "token": token })).unwrap();
        assert_eq!(answer.status, 200, "unregister: {}", answer.text());
        answer.json()
    }

    /// Whether Envoy knows the token. Asked with a body that the gateway refuses, so nothing reaches the upstream.
    pub fn is_usable(&self, token: &str) -> bool {
        let probe = Request::post(chat_path(token), "{");
        probe.try_send(self.port).is_ok_and(|answer| answer.status == 400)
    }

    /// Sends a chat completion.
    #[track_caller]
    pub fn chat(&self, token: &str, body: impl Into<Vec<u8>>) -> Answer {
        Request::post(chat_path(token), body).send(self.port)
    }

    /// Fails if a worker's filter had to be started again.
    #[track_caller]
    pub fn assert_no_filter_has_crashed(&self) {
        let stats = self.envoy_admin("/stats?filter=wasm.aegisgate.vm_reload");
        let stats = stats.text();
        assert!(stats.contains("vm_reload: 0") && stats.lines().all(|line| line.ends_with(": 0")), "{stats}");
    }

    /// A number of Envoy's statistics; 0 if there is none of this name.
    #[track_caller]
    pub fn envoy_stat(&self, name: &str) -> u64 {
        let answer = self.envoy_admin(&format!("/stats?filter={}", name.replace('.', "%5C.")));
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok();
        answer.text().lines().find_map(value).unwrap_or(0)
    }

    /// Asks Envoy's admin interface.
    #[track_caller]
    pub fn envoy_admin(&self, target: &str) -> Answer {
        Request::get(target).send(self.envoy_admin_port)
    }
}

// === impl Gateway ===

impl Gateway {
    /// Starts the usual one.
    #[track_caller]
    pub fn start() -> Gateway {
        Gateway::with(Options::default())
    }

    /// The usual one, shared by the tests of a file that run at the same time; for tests that change nothing about it.
    #[track_caller]
    pub fn shared() -> Arc<Gateway> {
        static SHARED: Mutex<Weak<Gateway>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let gateway = Arc::new(Gateway::start());
            *shared = Arc::downgrade(&gateway);
            gateway
        })
    }

    /// Starts one with more environment variables.
    #[track_caller]
    pub fn with_environment<const N: usize>(variables: [(&'static str, &str); N]) -> Gateway {
        let environment = variables.map(|(name, value)| (name, value.to_owned())).to_vec();
        Gateway::with(Options { environment, ..Options::default() })
    }

    /// Starts one with a policy, in YAML.
    #[track_caller]
    pub fn with_policy(policy: &str) -> Gateway {
        Gateway::with(Options { policy: Some(policy.to_owned()), ..Options::default() })
    }

    /// Starts one with options.
    #[track_caller]
    pub fn with(options: Options) -> Gateway {
        Gateway::start_in(Site::new(options))
    }

    /// Starts one in a place that may have been used before.
    #[track_caller]
    pub fn start_in(site: Site) -> Gateway {
        let process = site.spawn(&["up"]);
        let mut gateway = Gateway { process, site };
        gateway.site.wait_until_ready(&mut gateway.process);
        gateway
    }

    /// The supervisor.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The id of the running Envoy, if there is one.
    pub fn envoy_pid(&self) -> Option<u32> {
        let is_envoy =
            |pid: &u32| process_table::command_line(*pid).first().is_some_and(|name| name.contains("envoy"));
        process_table::children(self.process.pid()).into_iter().find(is_envoy)
    }

    /// Ends it in good order and returns its place.
    #[track_caller]
    pub fn stop(self) -> Site {
        let Gateway { mut process, site } = self;
        process.terminate();
        assert!(process.exit_within(START).is_some(), "the supervisor did not end");
        site
    }
}

impl Deref for Gateway {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

/// Where a client of `token` posts chat completions.
pub fn chat_path(token: &str) -> String {
    format!("/v1/__gw__/t/{token}/chat/completions")
}
