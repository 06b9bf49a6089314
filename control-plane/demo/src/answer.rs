//! What the mock LLM says: the same in every schema.

use serde_json::{Value, json};

/// Pieces that an answer is streamed in are at most this long, so that a placeholder arrives in several of them, as it
/// does from a real model.
const PIECE_CHARS: usize = 6;

/// What a schema found in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Text of the last user message or tool result.
    pub text: String,
    /// Whether that was a tool result.
    pub from_tool: bool,
    /// Name of the first tool on offer.
    pub tool: Option<String>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Text.
    Text(String),
    /// A tool call.
    ToolCall {
        /// Name of the tool.
        name: String,
        /// Arguments, as a JSON document.
        arguments: String,
    },
}

// === impl Answer ===

impl Answer {
    /// Calls the tool on offer if the user speaks of a `tool`, else echoes.
    pub fn to(heard: &Heard) -> Answer {
        match &heard.tool {
            Some(name) if !heard.from_tool && heard.text.contains("tool") => {
                Answer::ToolCall { name: name.clone(), arguments: json!({ "text": heard.text }).to_string() }
            }
            _ => Answer::Text(echo(heard)),
        }
    }
}

/// The received text verbatim, then once more with the placeholders broken apart: the gateway restores the first and
/// leaves the second, so the user sees what the model saw.
fn echo(heard: &Heard) -> String {
    let who = if heard.from_tool { "The tool returned" } else { "You said" };
    let seen = heard.text.replace("{{", "[[").replace("}}", "]]");
    format!("{who}: {}\nThe model saw: {seen}", heard.text)
}

/// Cuts `text` the way a model's tokens do: at white space and inside long words.
pub fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let mut chars = word.chars().peekable();
        while chars.peek().is_some() {
            pieces.push(chars.by_ref().take(PIECE_CHARS).collect());
        }
    }
    pieces
}

/// The text of a message's content: a string, or a list of parts of which those with a `text` count.
pub fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// A member that holds a list; missing or another type counts as empty.
pub fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member that holds a string.
pub fn string(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str, from_tool: bool, tool: Option<&str>) -> Heard {
        Heard { text: text.into(), from_tool, tool: tool.map(Into::into) }
    }

    #[test]
    fn the_echo_shows_what_arrived_and_what_the_gateway_will_not_restore() {
        let Answer::Text(text) = Answer::to(&heard("mail {{AG_X_EMAIL_1}}!", false, None)) else {
            panic!("no tool is on offer")
        };
        assert_eq!(text, "You said: mail {{AG_X_EMAIL_1}}!\nThe model saw: mail [[AG_X_EMAIL_1]]!");
    }

    #[test]
    fn a_tool_is_called_once_and_only_when_asked_for() {
        let call = Answer::to(&heard("use the tool: \"a\\b\"", false, Some("save")));
        let Answer::ToolCall { name, arguments } = call else { panic!("the user asked for a tool") };
        assert_eq!(name, "save");
        let arguments: Value = serde_json::from_str(&arguments).unwrap();
        assert_eq!(arguments["text"], "use the tool: \"a\\b\"");
        assert!(matches!(Answer::to(&heard("hello", false, Some("save"))), Answer::Text(_)));
        assert!(matches!(Answer::to(&heard("tool says", true, Some("save"))), Answer::Text(_)));
        assert!(matches!(Answer::to(&heard("a tool", false, None)), Answer::Text(_)));
    }

    #[test]
    fn pieces_cut_inside_placeholders_and_lose_nothing() {
        let text = "Mail  {{AG_ABCDEFGH_EMAIL_1}}\n请 联系 🦀🦀🦀🦀🦀🦀🦀 ";
        let pieces = pieces(text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.chars().count() <= PIECE_CHARS));
        assert!(!pieces.iter().any(|piece| piece.contains("{{AG_ABCDEFGH")));
    }
}
