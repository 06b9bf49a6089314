//! A child process that does not outlive its test.

use crate::process_table::{children, runs};
use crate::wait::holds_within;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How long a process may take to end when asked to.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of its log a failing test shows.
const TAIL_LINES: usize = 60;

/// A running child process whose output goes to a file.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; its output is added to the file `log`.
    pub fn spawn(name: &str, command: &mut Command, log: &Path) -> Process {
        let file = OpenOptions::new().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        Process { name: name.into(), child, log: log.into() }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has written.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Asks it to end, as Ctrl-C or a service manager does.
    pub fn terminate(&self) {
        signal(self.pid(), Signal::TERM);
    }

    /// Ends it without warning, as a crash does, and waits until it is gone.
    pub fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its exit status, if it ends within `limit`.
    pub fn exit_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let mut status = None;
        holds_within(limit, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let family = children(self.pid());
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.terminate();
            if self.exit_within(PATIENCE).is_none() {
                signal(self.pid(), Signal::KILL);
                drop(self.child.wait());
            }
        }
        // Its own children, should it have left them behind.
        for pid in family.into_iter().filter(|pid| runs(*pid)) {
            signal(pid, Signal::KILL);
        }
        if std::thread::panicking() {
            let output = self.output();
            let lines: Vec<&str> = output.lines().collect();
            let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
            eprintln!("--- end of the output of {}:\n{tail}\n---", self.name);
        }
    }
}

/// Ends a process without warning.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    // An error means that it has ended by itself in the meantime, which is just as well.
    kill_process(pid, signal).unwrap_or_default();
}
