//! Running Envoy, and running it again when it crashes.

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret as _, SecretString};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::num::NonZeroU32;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::keys::{GATEWAY_VARIABLE, PLACEHOLDER_VARIABLE};
use crate::private_file::OWNER_ONLY;
use crate::settings::{HEADERS_VARIABLE, OtlpHeader};

/// One Envoy and how to start it.
pub(super) struct Supervisor {
    /// The program.
    pub binary: PathBuf,
    /// Its configuration file.
    pub bootstrap: PathBuf,
    /// Worker threads; one per processor if not given.
    pub concurrency: Option<NonZeroU32>,
    /// Where its output goes.
    pub log: PathBuf,
    /// Given to the filter through the environment, the only way that leaves no trace.
    pub placeholder_key: SecretString,
    /// What a collector of events gets with every call; the same holds.
    pub otlp_headers: Vec<OtlpHeader>,
}

const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const LAST_BACKOFF: Duration = Duration::from_secs(5);
/// An Envoy that has lived this long has not crashed because of how it was started.
const STABLE: Duration = Duration::from_secs(30);
/// How often an Envoy that was never usable is started before giving up.
const ATTEMPTS: u32 = 3;
/// Between SIGTERM and SIGKILL.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// How much of the log is shown when Envoy does not start.
const LOG_LINES: usize = 5;

// === impl Supervisor ===

impl Supervisor {
    /// Keeps Envoy running until `ended`. Fails if Envoy cannot be started, or crashes again and again without ever
    /// having been `ready`.
    pub(super) async fn run(
        self,
        ended: impl Future<Output = anyhow::Result<()>>,
        ready: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        drop(self.open_log(true)?);
        let mut ended = pin!(ended);
        let mut backoff = FIRST_BACKOFF;
        let mut failures = 0;
        loop {
            let started = Instant::now();
            let mut child = self.spawn()?;
            let status = tokio::select! {
                status = child.wait() => status?,
                outcome = &mut ended => {
                    stop(child).await?;
                    return outcome;
                }
            };
            failures += 1;
            if !*ready.borrow() && failures == ATTEMPTS {
                bail!("Envoy does not start; {}", self.last_words(status));
            }
            if started.elapsed() > STABLE {
                backoff = FIRST_BACKOFF;
            }
            tracing::error!("Envoy ended; starting it again in {backoff:?}; {}", self.last_words(status));
            tokio::select! {
                () = sleep(backoff) => {}
                outcome = &mut ended => return outcome,
            }
            backoff = (backoff * 2).min(LAST_BACKOFF);
        }
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let concurrency = match self.concurrency {
            Some(given) => given.get().to_string(),
            None => std::thread::available_parallelism().map_or(1, usize::from).to_string(),
        };
        let log = self.open_log(false)?;
        // This program, which becomes Envoy after tying itself to the supervisor's life; see `become_envoy`.
        let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
        command.args(["exec-envoy", "--parent"]).arg(std::process::id().to_string()).arg(&self.binary);
        command
            .args(["--", "--use-dynamic-base-id", "--concurrency", &concurrency, "-c"])
            .arg(&self.bootstrap);
        command
            .env(PLACEHOLDER_VARIABLE, self.placeholder_key.expose_secret())
            .env_remove(GATEWAY_VARIABLE)
            .env_remove(HEADERS_VARIABLE)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot write Envoy's log")?)
            .stderr(log)
            // Its own group, so that Ctrl-C in a terminal reaches the supervisor alone, which ends Envoy in order.
            .process_group(0)
            .kill_on_drop(true);
        for (number, header) in self.otlp_headers.iter().enumerate() {
            command.env(OtlpHeader::variable(number), header.value.expose_secret());
        }
        command.spawn().with_context(|| format!("cannot start {}", self.binary.display()))
    }

    fn open_log(&self, truncate: bool) -> anyhow::Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).mode(OWNER_ONLY);
        let options = if truncate { options.write(true).truncate(true) } else { options.append(true) };
        options.open(&self.log).with_context(|| format!("cannot write Envoy's log {}", self.log.display()))
    }

    /// The exit status and the end of the log.
    fn last_words(&self, status: ExitStatus) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().rev().take(LOG_LINES).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        format!("{status}; {} ends with:\n{}", self.log.display(), lines.join("\n"))
    }
}

/// Replaces this process by Envoy, after asking the kernel to kill it when the supervisor dies. Without this, a
/// supervisor that is killed would leave an Envoy behind that nobody configures and that holds the ports.
///
/// Done in the child's own program rather than between `fork` and `exec`, which would need unsafe code. Envoy 1.40 asks
/// for SIGTERM in the same way once it runs; this covers the time until then, and other Envoys.
pub(crate) fn become_envoy(parent: u32, binary: &Path, arguments: &[OsString]) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent_now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
    if parent_now != Some(parent) {
        bail!("the supervisor has died");
    }
    let error = std::process::Command::new(binary).args(arguments).exec();
    Err(error).with_context(|| format!("cannot execute {}", binary.display()))
}

/// Asks Envoy to end, and makes it end if it does not.
async fn stop(mut child: Child) -> anyhow::Result<()> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        kill_process(pid, Signal::TERM).context("cannot end Envoy")?;
    }
    if timeout(DRAIN_LIMIT, child.wait()).await.is_err() {
        tracing::warn!("Envoy did not end within {DRAIN_LIMIT:?}; killing it");
        child.kill().await.context("cannot kill Envoy")?;
    }
    Ok(())
}
