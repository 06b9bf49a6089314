//! Reads command lines as a shell would, and finds dangerous commands in them.
//!
//! `rm -fr /`, `rm -r -f /`, `rm --recursive --force /`, `$(echo rm) -rf /` and `sudo sh -c 'r\m -rf "/"'` are one thing
//! here: a program, flags, words. [`read`] takes a text apart into pipelines of such [`Command`]s, with what runs inside of
//! words; [`Commands`] are rules over them.
//!
//! Any text can be read: what is no shell gives commands that no rule knows. A text is read once, what is nested in it
//! within a budget for each of its bytes, so the time is linear.
#![forbid(unsafe_code)]

mod command;
mod error;
mod escape;
mod examples;
mod known;
mod limits;
mod matcher;
mod nested;
mod parser;
mod patterns;
mod quote;
mod reader;
mod rule;
mod state;
#[cfg(test)]
mod tests;
mod wrapper;

pub use command::{Command, Redirect, Word};
pub use error::{CommandError, CommandErrorReason};
pub use examples::check_command_examples;
pub use matcher::{CommandCache, Commands, Finding};
pub use quote::quote;
pub use reader::read;
pub use rule::{CommandFile, CommandRule, Sets, Stage};
