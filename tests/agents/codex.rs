//! Codex, which speaks OpenAI Responses.

use crate::agent::{Agent, asked, quoted};
use aegis_tests::script_responses::{Item, last_user_text, stream};
use aegis_tests::{Reply, secrets};
use serde_json::Value;
use std::process::Command;

/// Characters per delta.
const PIECE: usize = 5;

/// It has a shell write the file and show it.
pub(crate) const COMMAND: Agent = Agent {
    program: "@openai/codex/bin/codex.js",
    base_path: "/v1",
    configure,
    answer: |request, _| answer(request, command(request)),
    sealed: |_| vec![quoted(&reasoning())],
    ends_lines: false,
};

/// It applies a patch, which a tool takes as text.
pub(crate) const PATCH: Agent =
    Agent { answer: |request, _| answer(request, patch(request)), ends_lines: true, ..COMMAND };

/// It runs a script that calls the shell, as the pinned version asks of the LLM.
pub(crate) const SCRIPT: Agent = Agent { answer: |request, _| answer(request, script(request)), ..COMMAND };

fn configure(command: &mut Command, base: &str, prompt: &str) {
    let provider = format!(
        r#"model_providers.test={{name="test",base_url="{base}",env_key="TEST_KEY",wire_api="responses"}}"#
    );
    command.args(["exec", "--skip-git-repo-check", "-s", "danger-full-access"]);
    // It would wait seconds at its end for a host that it cannot reach.
    command.args(["-c", "analytics.enabled=false"]);
    command.args(["-c", "model_provider=test", "-c", &provider, prompt]);
    command.env("TEST_KEY", "none");
}

fn answer(request: &Value, call: Item) -> Reply {
    let items = if returned(request) {
        vec![Item::Text(format!("Done: {}", asked(&last_user_text(request))))]
    } else {
        vec![Item::Reasoning { encrypted: reasoning() }, Item::Text("I write it.".to_owned()), call]
    };
    Reply::frames(&stream(&items, PIECE))
}

fn command(request: &Value) -> Item {
    let arguments = format!(r#"{{"cmd": {}}}"#, quoted(&shell(request)));
    Item::FunctionCall { name: "exec_command".to_owned(), arguments }
}

fn patch(request: &Value) -> Item {
    let line = asked(&last_user_text(request)).to_owned();
    let input = format!("*** Begin Patch\n*** Add File: out.txt\n+{line}\n*** End Patch\n");
    Item::CustomCall { name: "apply_patch".to_owned(), input }
}

fn script(request: &Value) -> Item {
    let command = quoted(&shell(request));
    let input = format!("const done = await tools.exec_command({{cmd: {command}}});\ntext(done.output);\n");
    Item::CustomCall { name: "exec".to_owned(), input }
}

fn shell(request: &Value) -> String {
    format!("printf '%s' '{}' | tee out.txt", asked(&last_user_text(request)))
}

/// Encrypted reasoning in base64url, which may well contain what looks like the beginning of a key.
fn reasoning() -> String {
    secrets::lookalike(concat!("gAAAAAB{alnum:60}-", "sk-", "{alnum:48}-{alnum:90}=="), 12)
}

/// Whether a tool has answered.
fn returned(request: &Value) -> bool {
    let input = request["input"].as_array().expect("input");
    input.iter().any(|item| item["type"].as_str().is_some_and(|kind| kind.ends_with("_output")))
}
