//! A mock of the providers' APIs that answers as they do: member order, white space, event names, terminal events.
//!
//! It keeps no state. The model's name in a request says how the answer comes about, and in how long pieces it streams:
//!
//! | model | |
//! |---|---|
//! | `echo-<n>` | says what the user or a tool said last, `n` characters per event |
//! | `think-<n>` | thinks it first, with a signature |
//! | `tool-<n>` | calls the tool on offer twice with `{"text": …}`; echoes what a tool returned |
//! | `json-<n>` | says the document `{"text": …}` |
//! | `fail-<status>` | refuses with this status |
//! | `busy-<status>` | refuses the first try of a client that counts its tries |
//! | `close` | closes the connection before it answers |
//! | `break-<n>` | echoes, and the connection breaks in the middle |
//! | `stop-<n>` | echoes, and the stream ends in good order, but in the middle |
//! | `error-<n>` | echoes, and reports an error in the middle |
//! | `huge-<n>` | echoes, and sends an event of nine megabytes in the middle |

mod chat;
mod embeddings;
mod gemini;
mod messages;
mod openai;
mod responses;
mod template;

use crate::reply::{Piece, Reply};
use crate::{FakeUpstream, Recorded, chat as chat_request, secrets, sse};
use serde_json::{Value, json};

/// Counts the tries of one call, in the clients of OpenAI and Anthropic.
const TRY_HEADER: &str = "x-stainless-retry-count";

/// Events that a stream lacks when it does not end well.
const LOST_EVENTS: usize = 12;

/// Bytes of an event that no gateway should keep.
const HUGE_EVENT: usize = 9_000_000;

/// What a request asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    model: String,
    stream: bool,
    /// What the user or a tool said last.
    text: String,
    /// Whether that was a tool.
    from_tool: bool,
    /// Name of the first tool on offer.
    tool: Option<String>,
    request: Value,
}

/// What the model says.
#[derive(Debug, Clone)]
enum Said {
    Text {
        thought: Option<String>,
        text: String,
    },
    /// Calls of one tool, with their arguments as JSON.
    Calls {
        tool: String,
        arguments: Vec<String>,
    },
}

/// How one provider writes what its model says.
trait Dialect {
    /// Reads a request.
    fn hear(&self, recorded: &Recorded) -> Asked;
    /// The whole answer, as the body of a JSON response.
    fn whole(&self, asked: &Asked, said: &Said) -> String;
    /// The answer as events, each text in pieces of `size` characters.
    fn events(&self, asked: &Asked, said: &Said, size: usize) -> Vec<String>;
    /// What is sent in the middle of a stream that fails.
    fn error_event(&self) -> String;
    /// A refusal.
    fn refusal(&self, status: u16) -> Reply;
}

/// Starts the mock.
pub fn start() -> FakeUpstream {
    FakeUpstream::start(answer)
}

/// The arguments with which the model calls a tool after the user said `text`.
pub fn arguments(text: &str) -> Vec<Value> {
    vec![json!({ "text": text }), json!({ "options": { "lines": [text, 1.50, null] }, "text": "second" })]
}

/// Answers any request that the official clients send.
pub fn answer(recorded: &Recorded) -> Reply {
    let path = recorded.target.split('?').next().unwrap_or_default();
    if recorded.method == "GET" {
        return Reply::whole("application/json", models(recorded, path));
    }
    let dialect: &dyn Dialect = match path.rsplit('/').next().unwrap_or_default() {
        "completions" if path.ends_with("/chat/completions") => &chat::Chat,
        "responses" => &responses::Responses,
        "messages" => &messages::Messages,
        "count_tokens" => return Reply::whole("application/json", r#"{"input_tokens":2095}"#),
        "embeddings" => return Reply::whole("application/json", embeddings::openai(&recorded.json())),
        last => match last.rsplit_once(':').map(|(_model, call)| call) {
            Some("generateContent" | "streamGenerateContent") => &gemini::Gemini,
            Some("countTokens") => return Reply::whole("application/json", gemini::COUNT),
            Some("batchEmbedContents") => {
                return Reply::whole("application/json", embeddings::gemini(&recorded.json()));
            }
            _ => panic!("the mock provider has no {path}"),
        },
    };
    respond(dialect, recorded)
}

fn respond(dialect: &dyn Dialect, recorded: &Recorded) -> Reply {
    let asked = dialect.hear(recorded);
    let (behaviour, number) = asked.model.rsplit_once('-').unwrap_or((&asked.model, "0"));
    let number: usize = number.parse().expect("a model named <behaviour>-<number>");
    let status = || u16::try_from(number).expect("a status");
    match behaviour {
        "close" => return Reply::close(),
        "fail" => return dialect.refusal(status()),
        "busy" if recorded.header(TRY_HEADER) == Some("0") => return dialect.refusal(status()),
        _ => {}
    }
    let said = say(&asked, behaviour);
    if !asked.stream {
        let body = dialect.whole(&asked, &said);
        return if behaviour == "break" {
            let half = body.as_bytes()[..body.len() / 2].to_vec();
            Reply::pieces("application/json", vec![Piece::Bytes(half), Piece::Break])
        } else {
            Reply::whole("application/json", body)
        };
    }
    let mut events = dialect.events(&asked, &said, number.max(1));
    if let "break" | "stop" | "error" | "huge" = behaviour {
        // Counted from the end, which is the same however long the values before it are.
        events.truncate(events.len().saturating_sub(LOST_EVENTS));
    }
    if behaviour == "error" {
        events.push(dialect.error_event());
    }
    if behaviour == "huge" {
        events.push(sse::frame(&json!({ "x": "y".repeat(HUGE_EVENT) })));
    }
    let mut pieces: Vec<Piece> = events.into_iter().map(|event| Piece::Bytes(event.into_bytes())).collect();
    if behaviour == "break" {
        pieces.extend([Piece::Drain, Piece::Break]);
    }
    Reply::events(pieces)
}

fn say(asked: &Asked, behaviour: &str) -> Said {
    let text = asked.text.clone();
    match (behaviour, &asked.tool) {
        ("tool", Some(tool)) if !asked.from_tool => {
            let arguments = arguments(&text).iter().map(chat_request::python_json).collect();
            Said::Calls { tool: tool.clone(), arguments }
        }
        ("json", _) => Said::Text { thought: None, text: json!({ "text": text }).to_string() },
        ("think", _) => Said::Text { thought: Some(format!("They said: {text}")), text },
        _ => Said::Text { thought: None, text },
    }
}

/// The models on offer, or the one that the path names.
fn models(recorded: &Recorded, path: &str) -> &'static str {
    if recorded.header("x-goog-api-key").is_some() {
        gemini::MODELS
    } else if recorded.header("anthropic-version").is_some() {
        messages::MODELS
    } else if path.ends_with("/models") {
        openai::MODELS
    } else {
        openai::MODEL
    }
}

/// Proof that the model thought: not to be changed by anybody. By chance it holds what looks like a key.
fn signature() -> String {
    secrets::lookalike(concat!("Eq{base64:38}/AK", "IA{base32:16}/{base64:62}"), 7)
}

/// A JSON string.
fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// `text` in JSON strings of `size` characters.
fn quoted_parts(text: &str, size: usize) -> impl Iterator<Item = String> {
    sse::parts(text, size).into_iter().map(|part| quote(&part))
}
