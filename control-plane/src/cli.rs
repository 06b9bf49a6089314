//! The command line.

use crate::client::{KeyCommand, TokenCommand};
use crate::offline::{ReplayArgs, ScanArgs};
use crate::policy::PolicyCommand;
use crate::settings::{ServeArgs, UpArgs};
use crate::{offline, policy, serve, up};
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// An LLM security gateway that runs inside Envoy.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    /// How messages are written to standard error.
    #[arg(long, global = true, env = "AEGIS_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// A line for people.
    Text,
    /// A line of JSON.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the control plane alone; Envoys connect to it.
    Serve(Box<ServeArgs>),
    /// Run the control plane and an Envoy, supervised in the foreground. Ctrl-C stops both.
    Up(Box<UpArgs>),
    /// Find secrets and personal data in texts: JSON lines {"id", "text"} in, findings out.
    Scan(ScanArgs),
    /// Run a body or an event stream from standard input through the engine, as the filter would.
    Replay(ReplayArgs),
    /// Check policies, and apply them to a control plane.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Tokens of a control plane.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Keys for the API of a control plane, and the key of the database.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Print the `OpenAPI` description of the control plane's API.
    Openapi,
    /// Become Envoy, to be killed when the supervisor dies.
    #[command(hide = true)]
    ExecEnvoy {
        /// Process id of the supervisor.
        #[arg(long)]
        parent: u32,
        /// The Envoy binary.
        binary: PathBuf,
        /// Its arguments.
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
}

// === impl Cli ===

impl Cli {
    /// Carries out the command and reports its failure.
    pub(crate) fn run(self) -> ExitCode {
        let log = tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")));
        match self.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().flatten_event(true).init(),
        }
        match self.command.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("aegisgate: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

// === impl Command ===

impl Command {
    fn run(self) -> anyhow::Result<()> {
        match self {
            Command::Serve(args) => runtime()?.block_on(serve::run(*args)),
            // On this thread, not on a worker: Envoy is tied to the life of the thread that starts it.
            Command::Up(args) => runtime()?.block_on(up::run(*args)),
            Command::Scan(args) => offline::scan(&args),
            Command::Replay(args) => offline::replay(&args),
            Command::Policy(command) => policy::run(command),
            Command::Token(command) => runtime()?.block_on(command.run()),
            Command::Key(command) => runtime()?.block_on(command.run()),
            Command::Openapi => Ok(std::io::stdout().write_all(crate::api::openapi()?.as_bytes())?),
            Command::ExecEnvoy { parent, binary, arguments } => up::become_envoy(parent, &binary, &arguments),
        }
    }
}

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

#[cfg(test)]
impl Cli {
    /// The arguments of `up`.
    pub(crate) fn into_up(self) -> Option<UpArgs> {
        match self.command {
            Command::Up(args) => Some(*args),
            Command::Serve(_)
            | Command::Scan(_)
            | Command::Replay(_)
            | Command::Policy(_)
            | Command::Token(_)
            | Command::Key(_)
            | Command::Openapi
            | Command::ExecEnvoy { .. } => None,
        }
    }
}
