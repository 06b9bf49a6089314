//! Clients that use the official Python SDKs: `tests/clients/*.py`.

use crate::{command, workspace};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(2);

/// Runs a client with `input` as JSON on its standard input and returns the JSON that it prints.
#[track_caller]
pub fn run(script: &str, input: &Value) -> Value {
    let path = workspace::root().join("tests/clients").join(script);
    let mut command = Command::new(workspace::python());
    command.arg(path).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command::run(&mut command, input.to_string().as_bytes(), LIMIT);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {}\n{complaint}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{script}: {error}\n{complaint}"))
}
