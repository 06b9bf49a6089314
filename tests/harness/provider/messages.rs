//! Anthropic messages, as recorded from the provider.

use super::template::{fill, named};
use super::{Asked, Dialect, Said, quote, quoted_parts, signature};
use crate::chat::content_text;
use crate::{Recorded, Reply};

pub(super) struct Messages;

/// `GET /v1/models`.
pub(super) const MODELS: &str = r#"{"data":[{"type":"model","id":"echo-1","display_name":"Echo","created_at":"2025-09-29T00:00:00Z"},{"type":"model","id":"tool-1","display_name":"Tool","created_at":"2025-09-29T00:00:00Z"}],"has_more":false,"first_id":"echo-1","last_id":"tool-1"}"#;

const MESSAGE: &str = r#"{"model":$model,"id":"msg_mock1","type":"message","role":"assistant","content":[$content],"stop_reason":$stop,"stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":$tokens,"service_tier":"standard","inference_geo":"not_available"}}"#;
const THINKING: &str = r#"{"type":"thinking","thinking":$thought,"signature":$signature}"#;
const TEXT: &str = r#"{"type":"text","text":$text}"#;
const TOOL_USE: &str = r#"{"type":"tool_use","id":"toolu_mock$index","name":$tool,"input":$input}"#;

const START: &str = r#"{"type":"message_start","message":$message}"#;
const BLOCK_START: &str = r#"{"type":"content_block_start","index":$index,"content_block":$block}"#;
const BLOCK_DELTA: &str = r#"{"type":"content_block_delta","index":$index,"delta":$delta}"#;
const BLOCK_STOP: &str = r#"{"type":"content_block_stop","index":$index}"#;
const PING: &str = r#"{"type":"ping"}"#;
const DELTA: &str = r#"{"type":"message_delta","delta":{"stop_reason":$stop,"stop_sequence":null},"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":30}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

const ERROR: &str =
    r#"{"type":"error","error":{"type":$kind,"message":"The mock refuses."},"request_id":"req_mock1"}"#;

/// A content block: whole, as it starts, and the deltas that fill it.
struct Block {
    whole: String,
    start: String,
    deltas: Vec<String>,
}

impl Dialect for Messages {
    fn hear(&self, recorded: &Recorded) -> Asked {
        let request = recorded.json();
        let messages = request["messages"].as_array().expect("messages");
        let last = messages.iter().rfind(|message| message["role"] == "user").expect("a user message");
        let blocks = last["content"].as_array().map_or(&[][..], Vec::as_slice);
        let results: String = blocks
            .iter()
            .filter(|block| block["type"] == "tool_result")
            .map(|block| content_text(&block["content"]))
            .collect();
        Asked {
            model: request["model"].as_str().expect("a model").into(),
            stream: request["stream"] == true,
            from_tool: !results.is_empty(),
            text: if results.is_empty() { content_text(&last["content"]) } else { results },
            tool: request.pointer("/tools/0/name").and_then(|name| name.as_str()).map(Into::into),
            request,
        }
    }

    fn whole(&self, asked: &Asked, said: &Said) -> String {
        let blocks: Vec<String> = blocks(said, 1).into_iter().map(|block| block.whole).collect();
        message(asked, &blocks.join(","), stop_reason(said), "30")
    }

    fn events(&self, asked: &Asked, said: &Said, size: usize) -> Vec<String> {
        let mut payloads = vec![fill(START, &[("message", &message(asked, "", "null", "1"))])];
        for (index, block) in blocks(said, size).into_iter().enumerate() {
            let position = index.to_string();
            payloads.push(fill(BLOCK_START, &[("index", &position), ("block", &block.start)]));
            if index == 0 {
                payloads.push(PING.into());
            }
            let deltas = block.deltas.iter();
            payloads.extend(
                deltas.map(|delta| fill(BLOCK_DELTA, &[("index", &position), ("delta", delta.as_str())])),
            );
            payloads.push(fill(BLOCK_STOP, &[("index", &position)]));
        }
        payloads.push(fill(DELTA, &[("stop", stop_reason(said))]));
        payloads.push(STOP.into());
        payloads.iter().map(|payload| named(payload)).collect()
    }

    fn error_event(&self) -> String {
        named(&fill(ERROR, &[("kind", &quote("overloaded_error"))]))
    }

    /// <https://docs.claude.com/en/api/errors>
    fn refusal(&self, status: u16) -> Reply {
        let kind = match status {
            429 => "rate_limit_error",
            529 => "overloaded_error",
            ..500 => "invalid_request_error",
            _ => "api_error",
        };
        let reply = Reply::whole("application/json", fill(ERROR, &[("kind", &quote(kind))])).status(status);
        reply.header("request-id", "req_mock1").header("retry-after-ms", "3").header("retry-after", "7")
    }
}

fn message(asked: &Asked, content: &str, stop: &str, tokens: &str) -> String {
    let model = quote(&asked.model);
    fill(MESSAGE, &[("model", &model), ("content", content), ("stop", stop), ("tokens", tokens)])
}

fn blocks(said: &Said, size: usize) -> Vec<Block> {
    match said {
        Said::Text { thought, text } => {
            let thinking = thought.as_ref().map(|thought| thinking(thought, size));
            let deltas =
                quoted_parts(text, size).map(|part| format!(r#"{{"type":"text_delta","text":{part}}}"#));
            let text = Block {
                whole: fill(TEXT, &[("text", &quote(text))]),
                start: fill(TEXT, &[("text", "\"\"")]),
                deltas: deltas.collect(),
            };
            thinking.into_iter().chain([text]).collect()
        }
        Said::Calls { tool, arguments } => {
            let call = |(index, arguments): (usize, &String)| {
                let (index, tool) = (index.to_string(), quote(tool));
                let block =
                    |input: &str| fill(TOOL_USE, &[("index", &index), ("tool", &tool), ("input", input)]);
                let parts = std::iter::once(quote("")).chain(quoted_parts(arguments, size));
                let deltas =
                    parts.map(|part| format!(r#"{{"type":"input_json_delta","partial_json":{part}}}"#));
                Block { whole: block(arguments), start: block("{}"), deltas: deltas.collect() }
            };
            arguments.iter().enumerate().map(call).collect()
        }
    }
}

fn thinking(thought: &str, size: usize) -> Block {
    let signature = quote(&signature());
    let block =
        |thought: &str, signature: &str| fill(THINKING, &[("thought", thought), ("signature", signature)]);
    let parts = quoted_parts(thought, size);
    let mut deltas: Vec<String> =
        parts.map(|part| format!(r#"{{"type":"thinking_delta","thinking":{part}}}"#)).collect();
    deltas.push(format!(r#"{{"type":"signature_delta","signature":{signature}}}"#));
    Block { whole: block(&quote(thought), &signature), start: block("\"\"", "\"\""), deltas }
}

fn stop_reason(said: &Said) -> &'static str {
    match said {
        Said::Text { .. } => "\"end_turn\"",
        Said::Calls { .. } => "\"tool_use\"",
    }
}
