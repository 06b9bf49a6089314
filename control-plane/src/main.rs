//! The `aegisgate` binary: the control plane, and a supervisor that runs it together with Envoy.
#![forbid(unsafe_code)]

mod api;
mod cli;
mod client;
mod collector;
mod http;
mod json;
mod keys;
mod module;
mod names;
mod offline;
mod policy;
mod private_file;
mod publisher;
mod serve;
mod settings;
mod shutdown;
mod up;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::Cli::parse().run()
}
