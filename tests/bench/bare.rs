//! An Envoy with a configuration of its own, without a control plane.

use aegis_tests::gateway::START;
use aegis_tests::process::Process;
use aegis_tests::wait::holds_within;
use aegis_tests::{Request, ports, workspace};
use std::process::Command;

/// A running Envoy with one worker.
#[derive(Debug)]
pub(crate) struct Bare {
    // Before the directory that it writes to: fields are dropped in this order.
    process: Process,
    pub(crate) port: u16,
    _directory: tempfile::TempDir,
}

// === impl Bare ===

impl Bare {
    /// Starts one with a file of the workspace, in which `values` and its ports replace their `${NAME}`s.
    pub(crate) fn start(file: &str, values: &[(&str, &str)]) -> Bare {
        let (port, admin_port) = (ports::free_port(), ports::free_port());
        let directory = tempfile::tempdir().unwrap();
        let template = std::fs::read_to_string(workspace::root().join(file)).unwrap();
        let ports = [("PORT", port.to_string()), ("ENVOY_ADMIN_PORT", admin_port.to_string())];
        let ports = ports.iter().map(|(name, value)| (*name, value.as_str()));
        let config = ports
            .chain(values.iter().copied())
            .fold(template, |config, (name, value)| config.replace(&format!("${{{name}}}"), value));
        let path = directory.path().join("envoy.yaml");
        std::fs::write(&path, config).unwrap();
        let mut command = Command::new(workspace::envoy());
        command.args(["--use-dynamic-base-id", "--concurrency", "1", "-c"]).arg(&path);
        let process = Process::spawn("envoy", &mut command, &directory.path().join("envoy.log"));
        let is_ready =
            || Request::get("/ready").try_send(admin_port).is_ok_and(|answer| answer.status == 200);
        assert!(holds_within(START, is_ready), "Envoy did not start with {file}: {}", process.output());
        Bare { process, port, _directory: directory }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }
}
