//! Running a command to its end.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Proxies that the machine may be set up with are not for requests to this machine.
const PROXIES: [&str; 6] =
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// Runs `command` with `input` on its standard input; fails the test if it takes longer than `limit`.
pub fn run(command: &mut Command, input: &[u8], limit: Duration) -> Output {
    for proxy in PROXIES {
        command.env_remove(proxy);
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read its input closes it, which is its own business.
    drop(stdin.write_all(input));
    drop(stdin);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(limit) else {
        crate::process::kill(pid);
        panic!("{command:?} took longer than {limit:?}")
    };
    output.unwrap()
}
