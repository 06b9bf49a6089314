//! What others recorded from providers. It is not part of the project: `AEGIS_EVAL_DATA` names the folder that has it.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// A recorded stream of events.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The file that has it.
    pub name: String,
    /// The API that it comes from.
    pub flavour: Flavour,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// A recorded request with a JSON answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Where it comes from.
    pub name: String,
    /// The path of the provider's URL.
    pub path: String,
    /// The body of the request, if it is JSON.
    pub request: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub answer: String,
}

/// An API of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flavour {
    /// Its path below the base URL.
    pub path: &'static str,
    /// Its name for `aegisgate replay`.
    pub protocol: &'static str,
    /// A request for it, with `$` for what the user says.
    request: &'static str,
}

const FLAVOURS: [(&str, Flavour); 8] = [
    ("openai-chat", Flavour::new("chat/completions", "chat-completions", CHAT)),
    ("openai-responses", Flavour::new("responses", "responses", r#"{"stream":true,"input":"$"}"#)),
    ("openai-completions", Flavour::new("completions", "completions", r#"{"stream":true,"prompt":"$"}"#)),
    ("anthropic-messages", Flavour::new("messages", "messages", CHAT)),
    ("gemini", Flavour::new("models/g:streamGenerateContent?alt=sse", "gemini", GEMINI)),
    ("gemini-interactions", Flavour::new("interactions", "generic", r#"{"stream":true,"input":"$"}"#)),
    ("bedrock-json-lines", Flavour::new("model/m/converse-stream", "generic", CHAT)),
    ("other", Flavour::new("chat", "generic", CHAT)),
];

const CHAT: &str = r#"{"stream":true,"messages":[{"role":"user","content":"$"}]}"#;
const GEMINI: &str = r#"{"contents":[{"role":"user","parts":[{"text":"$"}]}]}"#;

impl Flavour {
    const fn new(path: &'static str, protocol: &'static str, request: &'static str) -> Flavour {
        Flavour { path, protocol, request }
    }

    /// The body of a request in which the user says `text`, which needs no escapes.
    pub fn request(&self, text: &str) -> String {
        self.request.replace('$', text)
    }

    #[track_caller]
    fn named(name: &str) -> Flavour {
        let known = FLAVOURS.iter().find(|(known, _)| *known == name);
        known.unwrap_or_else(|| panic!("the flavour {name} is new")).1
    }
}

/// The folder with the recordings; `None`, and says so, where the machine has none.
pub fn folder(test: &str) -> Option<PathBuf> {
    let data = std::env::var_os("AEGIS_EVAL_DATA");
    if data.is_none() {
        eprintln!("SKIPPED: {test} needs AEGIS_EVAL_DATA");
    }
    Some(PathBuf::from(data?).join("dev"))
}

/// The recorded streams.
pub fn streams(folder: &Path) -> Vec<Stream> {
    let stream = |line: Value| {
        let name = text(&line, "file");
        let body = std::fs::read(folder.join(&name)).unwrap();
        Stream { flavour: Flavour::named(&text(&line, "flavour")), body, name }
    };
    lines(&folder.join("streams/manifest.jsonl")).map(stream).collect()
}

/// The recorded exchanges with JSON answers.
pub fn exchanges(folder: &Path) -> Vec<Exchange> {
    let exchange = |line: Value| {
        let url = text(&line, "url");
        let (_scheme, rest) = url.split_once("://").expect("a URL");
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        let request = text(&line, "request");
        // Audio goes up as a form, which was not recorded.
        let is_json = serde_json::from_str::<Value>(&request).is_ok();
        Exchange {
            name: text(&line, "path"),
            path: path.to_owned(),
            request: is_json.then_some(request),
            status: line["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
            answer: text(&line, "response"),
        }
    };
    lines(&folder.join("streams/envoy-ai-gateway.exchanges.jsonl")).map(exchange).collect()
}

fn lines(path: &Path) -> impl Iterator<Item = Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "{} is empty", path.display());
    lines.into_iter()
}

#[track_caller]
fn text(line: &Value, member: &str) -> String {
    line[member].as_str().unwrap_or_else(|| panic!("no {member}")).to_owned()
}
