//! Promise: real coding agents work through the gateway as they do without it. The values that their users give them
//! never reach the LLM, what the LLM does with them on the user's disk is done with the real values, to the byte, and
//! nothing else in what the agents send is changed.
//!
//! `make e2e-agents` fetches the agents and runs this in a network namespace of its own.

mod agent;
mod claude;
mod codex;
mod comparison;
mod gold;

use gold::{hold, lines, words};

#[test]
#[ignore = "runs Claude Code: `make e2e-agents`"]
fn claude_code_writes_a_file() {
    hold(&claude::WRITE, &lines(1));
}

#[test]
#[ignore = "runs Claude Code: `make e2e-agents`"]
fn claude_code_runs_a_command() {
    hold(&claude::BASH, &lines(2));
}

#[test]
#[ignore = "runs Codex: `make e2e-agents`"]
fn codex_runs_a_command() {
    hold(&codex::COMMAND, &lines(3));
}

#[test]
#[ignore = "runs Codex: `make e2e-agents`"]
fn codex_applies_a_patch() {
    hold(&codex::PATCH, &words(4));
}

#[test]
#[ignore = "runs Codex: `make e2e-agents`"]
fn codex_runs_a_script() {
    hold(&codex::SCRIPT, &words(5));
}
