//! Running an agent to its end in an empty home.

use aegis_tests::{Reply, command, workspace};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A turn takes a second; this is for a machine that does a lot else.
const LIMIT: Duration = Duration::from_mins(2);

/// An agent and the tool that the LLM makes it use.
pub(crate) struct Agent {
    /// Where its entry point is among the fetched packages.
    pub(crate) program: &'static str,
    /// What follows the host in the base URL that the agent is given for the LLM itself.
    pub(crate) base_path: &'static str,
    /// Adds arguments and environment for a base URL and a prompt.
    pub(crate) configure: fn(&mut Command, &str, &str),
    /// What the LLM says to a request: it has the text between `<<<` and `>>>` put into the file, then says it.
    pub(crate) answer: fn(&Value, &Path) -> Reply,
    /// What the LLM signed or encrypted, as JSON strings that must come back unchanged.
    pub(crate) sealed: fn(&Value) -> Vec<String>,
    /// Whether the tool adds a line break at the end of the file.
    pub(crate) ends_lines: bool,
}

/// A folder that looks the same to every run of an agent.
pub(crate) struct Place(tempfile::TempDir);

/// What a run left.
pub(crate) struct Ran {
    /// What the agent printed.
    pub(crate) said: String,
    /// The file, if there is one.
    pub(crate) file: Option<Vec<u8>>,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    /// The file that the LLM has the agent write.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("work/out.txt")
    }

    /// Runs the agent against `base`, with everything of an earlier run gone.
    #[track_caller]
    pub(crate) fn run(&self, agent: &Agent, base: &str, prompt: &str) -> Ran {
        let folder = |name: &str| {
            let path = self.0.path().join(name);
            if path.exists() {
                std::fs::remove_dir_all(&path).unwrap();
            }
            std::fs::create_dir(&path).unwrap();
            path
        };
        let (home, work, temporary) = (folder("home"), folder("work"), folder("tmp"));
        let mut command = Command::new("node");
        command.arg(workspace::agents().join("node_modules").join(agent.program));
        command.env_clear().current_dir(work);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", home).env("TMPDIR", temporary).env("LANG", "C.UTF-8");
        (agent.configure)(&mut command, base, prompt);
        let output = command::run(&mut command, b"", LIMIT);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {}\n{said}\n{complaint}", agent.program, output.status);
        Ran { said, file: std::fs::read(self.file()).ok() }
    }
}

/// What stands between `<<<` and `>>>` in a text.
#[track_caller]
pub(crate) fn asked(text: &str) -> &str {
    let inside = text.split_once("<<<").and_then(|(_, rest)| rest.split_once(">>>"));
    inside.expect("a prompt with <<<…>>>").0
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
