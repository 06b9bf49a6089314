//! Claude Code, which speaks Anthropic Messages.

use crate::agent::{Agent, asked, quoted};
use aegis_tests::script_messages::{Block, last_user_text, stream};
use aegis_tests::{Reply, chat, secrets};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Characters per delta.
const PIECE: usize = 5;

/// It writes the file with its own tool.
pub(crate) const WRITE: Agent =
    Agent { answer: |request, file| answer(request, write(request, file)), ..BASH };

/// It has a shell write the file and show it.
pub(crate) const BASH: Agent = Agent {
    program: "@anthropic-ai/claude-code/cli-wrapper.cjs",
    base_path: "",
    configure,
    answer: |request, _| answer(request, bash(request)),
    sealed,
    ends_lines: false,
};

fn configure(command: &mut Command, base: &str, prompt: &str) {
    command.args(["-p", prompt, "--allowedTools", "Write", "Bash"]);
    command.env("ANTHROPIC_BASE_URL", base);
    command.env("ANTHROPIC_API_KEY", "none");
    command.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
}

fn answer(request: &Value, call: Block) -> Reply {
    let blocks = if returned(request) {
        vec![Block::Text(format!("Done: {}", asked(&prompt(request))))]
    } else {
        let (thinking, signature) = thought(request);
        vec![Block::Thinking { thinking, signature }, Block::Text("I write it.".to_owned()), call]
    };
    Reply::frames(&stream(&blocks, PIECE))
}

fn write(request: &Value, file: &Path) -> Block {
    let (path, content) = (quoted(&file.to_string_lossy()), quoted(asked(&prompt(request))));
    let input = format!(r#"{{"file_path": {path}, "content": {content}}}"#);
    Block::ToolUse { name: "Write".to_owned(), input }
}

fn bash(request: &Value) -> Block {
    let command = quoted(&format!("printf '%s' '{}' | tee out.txt", asked(&prompt(request))));
    let input = format!(r#"{{"command": {command}, "description": "Write and show"}}"#);
    Block::ToolUse { name: "Bash".to_owned(), input }
}

/// A thought about what was asked that mentions somebody of whom nobody else spoke.
fn thought(request: &Value) -> (String, String) {
    let somebody = secrets::lookalike("{lower:6}@{lower:9}.org", 11);
    let thinking = format!("They want {} written; unlike {somebody}.", asked(&prompt(request)));
    (
        thinking,
        secrets::lookalike(concat!("EqQBCkgIARABGAIiQ{base64:90}/", "AK", "IA{base32:16}/{base64:90}=="), 11),
    )
}

fn sealed(request: &Value) -> Vec<String> {
    let (thinking, signature) = thought(request);
    let block = format!(
        r#"{{"type":"thinking","thinking":{},"signature":{}}}"#,
        quoted(&thinking),
        quoted(&signature)
    );
    vec![block]
}

/// The user's words, whether or not tools have answered since.
fn prompt(request: &Value) -> String {
    let messages = request["messages"].as_array().expect("messages");
    let texts = messages.iter().filter(|message| message["role"] == "user");
    texts.map(|message| chat::content_text(&message["content"])).collect()
}

/// Whether a tool has answered.
fn returned(request: &Value) -> bool {
    last_user_text(request).is_empty()
}
