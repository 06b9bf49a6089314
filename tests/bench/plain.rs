//! Envoy without the filter, otherwise as the gateway configures it: `envoy/plain.yaml`.

use aegis_tests::gateway::START;
use aegis_tests::process::Process;
use aegis_tests::wait::holds_within;
use aegis_tests::{Request, ports, workspace};
use std::process::Command;

/// A running plain Envoy.
#[derive(Debug)]
pub(crate) struct Plain {
    // Before the directory that it writes to: fields are dropped in this order.
    process: Process,
    pub(crate) port: u16,
    _directory: tempfile::TempDir,
}

/// The gateway's default limit of request bodies with its headroom.
const BUFFER_LIMIT_BYTES: u32 = 12_000_000 + 1024 * 1024;

// === impl Plain ===

impl Plain {
    /// Starts one in front of the upstream on this port.
    pub(crate) fn start(upstream: u16) -> Plain {
        let (port, admin_port) = (ports::free_port(), ports::free_port());
        let directory = tempfile::tempdir().unwrap();
        let template = std::fs::read_to_string(workspace::root().join("envoy/plain.yaml")).unwrap();
        let config = template
            .replace("${PORT}", &port.to_string())
            .replace("${ENVOY_ADMIN_PORT}", &admin_port.to_string())
            .replace("${UPSTREAM_PORT}", &upstream.to_string())
            .replace("${BUFFER_LIMIT_BYTES}", &BUFFER_LIMIT_BYTES.to_string());
        let path = directory.path().join("plain.yaml");
        std::fs::write(&path, config).unwrap();
        let mut command = Command::new(workspace::envoy());
        command.args(["--use-dynamic-base-id", "--concurrency", "1", "-c"]).arg(&path);
        let process = Process::spawn("envoy", &mut command, &directory.path().join("envoy.log"));
        let is_ready =
            || Request::get("/ready").try_send(admin_port).is_ok_and(|answer| answer.status == 200);
        assert!(holds_within(START, is_ready), "plain Envoy did not start: {}", process.output());
        Plain { process, port, _directory: directory }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }
}
