//! The gateway in two parts, so that a test can take one of them away: `aegisgate serve` and an Envoy of its own.

use crate::client::Request;
use crate::gateway::{Gateway, Options, START, Site};
use crate::process::Process;
use crate::wait::holds_within;
use crate::{process_table, workspace};
use std::ops::Deref;
use std::process::Command;
use std::time::Duration;

/// Control plane and Envoy as separate processes; each can be absent.
#[derive(Debug)]
pub struct Parts {
    /// `aegisgate serve`.
    pub control_plane: Option<Process>,
    /// Envoy.
    pub envoy: Option<Process>,
    launch: Launch,
    site: Site,
}

/// How `aegisgate up` starts Envoy, which a first run shows.
#[derive(Debug)]
pub(crate) struct Launch {
    arguments: Vec<String>,
    environment: Vec<String>,
}

// === impl Launch ===

impl Launch {
    /// As `up` did it.
    #[track_caller]
    pub(crate) fn of(up: &Gateway) -> Launch {
        let pid = up.envoy_pid().expect("Envoy is a child of the supervisor");
        let arguments = process_table::command_line(pid).split_off(1);
        Launch { arguments, environment: process_table::environment(pid) }
    }

    /// Starts Envoy with the files of `site`, without waiting for anything.
    pub(crate) fn start(&self, site: &Site) -> Process {
        let mut command = Command::new(workspace::envoy());
        let variables = self.environment.iter().filter_map(|variable| variable.split_once('='));
        command.args(&self.arguments).env_clear().envs(variables);
        Process::spawn("envoy", &mut command, &site.data_dir().join("test-envoy.log"))
    }
}

// === impl Parts ===

impl Parts {
    /// A place with neither part running.
    #[track_caller]
    pub fn prepare() -> Parts {
        let up = Gateway::start();
        let launch = Launch::of(&up);
        Parts { control_plane: None, envoy: None, launch, site: up.stop() }
    }

    /// Starts the next control plane with other options.
    pub fn set_options(&mut self, options: Options) {
        self.site.set_options(options);
    }

    /// Both parts, ready.
    #[track_caller]
    pub fn start() -> Parts {
        let mut parts = Parts::prepare();
        parts.start_control_plane();
        parts.start_envoy();
        parts.wait_until_ready();
        parts
    }

    /// Starts the control plane and waits until it answers.
    #[track_caller]
    pub fn start_control_plane(&mut self) {
        let mut process = self.site.spawn(&["serve"]);
        let mut healthy = false;
        holds_within(START, || {
            let answer = Request::get("/health").try_send(self.site.admin_port);
            healthy = answer.is_ok_and(|answer| answer.status == 200);
            healthy || process.exit_within(Duration::ZERO).is_some()
        });
        assert!(healthy, "the control plane did not start");
        self.control_plane = Some(process);
    }

    /// Starts Envoy without waiting for anything.
    pub fn start_envoy(&mut self) {
        self.envoy = Some(self.launch.start(&self.site));
    }

    /// Waits until the gateway says that it is ready.
    #[track_caller]
    pub fn wait_until_ready(&mut self) {
        let envoy = self.envoy.as_mut().expect("Envoy was started");
        self.site.wait_until_ready(envoy);
    }

    /// `kill -9` of the control plane.
    #[track_caller]
    pub fn crash_control_plane(&mut self) {
        self.control_plane.take().expect("the control plane was started").crash();
    }

    /// Ends Envoy in good order.
    #[track_caller]
    pub fn stop_envoy(&mut self) {
        let mut envoy = self.envoy.take().expect("Envoy was started");
        envoy.terminate();
        assert!(envoy.exit_within(START).is_some(), "Envoy did not end");
    }
}

impl Deref for Parts {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}
