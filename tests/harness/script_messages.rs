//! Anthropic Messages as the fake LLM says them: every key where the provider puts it.

use crate::sse::{named, parts, payloads};
use serde_json::Value;

/// A block of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// What the model thought, signed by the provider.
    Thinking {
        /// The signed text.
        thinking: String,
        /// The signature.
        signature: String,
    },
    /// What the model says.
    Text(String),
    /// A tool call.
    ToolUse {
        /// The tool.
        name: String,
        /// Its input, as JSON in the model's own spelling.
        input: String,
    },
}

/// A whole answer.
pub fn message(blocks: &[Block]) -> String {
    let content: Vec<String> = blocks.iter().enumerate().map(whole).collect();
    envelope(&content.join(","), &quoted(stop_reason(blocks)), 64)
}

/// The events of an answer, with `size` characters per delta.
pub fn stream(blocks: &[Block], size: usize) -> Vec<String> {
    let message = envelope("", "null", 1);
    let mut events =
        vec![named("message_start", &format!(r#"{{"type":"message_start","message":{message}}}"#))];
    for (index, block) in blocks.iter().enumerate() {
        let opening = opening(index, block);
        let start =
            format!(r#"{{"type":"content_block_start","index":{index},"content_block":{opening}       }}"#);
        events.push(named("content_block_start", &start));
        if index == 0 {
            events.push(named("ping", r#"{"type": "ping"}"#));
        }
        for delta in deltas(block, size) {
            // The provider pads some of its events with spaces.
            let event = format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}     }}"#);
            events.push(named("content_block_delta", &event));
        }
        let stop = format!(r#"{{"type":"content_block_stop","index":{index}          }}"#);
        events.push(named("content_block_stop", &stop));
    }
    let reason = stop_reason(blocks);
    let delta = format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{{"output_tokens":64}}}}"#
    );
    events.push(named("message_delta", &delta));
    events.push(named("message_stop", r#"{"type":"message_stop"     }"#));
    events
}

/// The blocks that a client puts together from a stream.
#[track_caller]
pub fn heard(stream: &[u8]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for event in payloads(stream) {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        match text("/type") {
            "content_block_start" => blocks.push(match text("/content_block/type") {
                "thinking" => Block::Thinking { thinking: String::new(), signature: String::new() },
                "tool_use" => {
                    Block::ToolUse { name: text("/content_block/name").to_owned(), input: String::new() }
                }
                _ => Block::Text(text("/content_block/text").to_owned()),
            }),
            "content_block_delta" => {
                let index = event["index"].as_u64().and_then(|index| usize::try_from(index).ok());
                let block = index.and_then(|index| blocks.get_mut(index)).expect("a block that was opened");
                match block {
                    Block::Thinking { thinking, signature } => {
                        thinking.push_str(text("/delta/thinking"));
                        signature.push_str(text("/delta/signature"));
                    }
                    Block::Text(said) => said.push_str(text("/delta/text")),
                    Block::ToolUse { input, .. } => input.push_str(text("/delta/partial_json")),
                }
            }
            _ => {}
        }
    }
    blocks
}

/// The text of the last user message.
#[track_caller]
pub fn last_user_text(request: &Value) -> String {
    let messages = request["messages"].as_array().expect("messages");
    let last = messages.iter().rfind(|message| message["role"] == "user").expect("a user message");
    crate::chat::content_text(&last["content"])
}

fn deltas(block: &Block, size: usize) -> Vec<String> {
    let all = |kind: &str, key: &str, text: &str| -> Vec<String> {
        let delta = |part: &String| format!(r#"{{"type":"{kind}","{key}":{}}}"#, quoted(part));
        parts(text, size).iter().map(delta).collect()
    };
    match block {
        Block::Thinking { thinking, signature } => {
            let mut deltas = all("thinking_delta", "thinking", thinking);
            deltas.push(format!(r#"{{"type":"signature_delta","signature":{}}}"#, quoted(signature)));
            deltas
        }
        Block::Text(text) => all("text_delta", "text", text),
        Block::ToolUse { input, .. } => {
            let mut deltas = vec![r#"{"type":"input_json_delta","partial_json":""}"#.to_owned()];
            deltas.extend(all("input_json_delta", "partial_json", input));
            deltas
        }
    }
}

fn opening(index: usize, block: &Block) -> String {
    match block {
        Block::Thinking { .. } => r#"{"type":"thinking","thinking":"","signature":""}"#.to_owned(),
        Block::Text(_) => r#"{"type":"text","text":""}"#.to_owned(),
        Block::ToolUse { name, .. } => tool_use(index, name, "{}"),
    }
}

fn whole((index, block): (usize, &Block)) -> String {
    match block {
        Block::Thinking { thinking, signature } => {
            let (thinking, signature) = (quoted(thinking), quoted(signature));
            format!(r#"{{"type":"thinking","thinking":{thinking},"signature":{signature}}}"#)
        }
        Block::Text(text) => format!(r#"{{"type":"text","text":{}}}"#, quoted(text)),
        Block::ToolUse { name, input } => tool_use(index, name, input),
    }
}

fn tool_use(index: usize, name: &str, input: &str) -> String {
    format!(r#"{{"type":"tool_use","id":"toolu_{index:024}","name":"{name}","input":{input}}}"#)
}

fn stop_reason(blocks: &[Block]) -> &'static str {
    let calls = blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
    if calls { "tool_use" } else { "end_turn" }
}

fn envelope(content: &str, stop_reason: &str, output_tokens: u32) -> String {
    format!(
        r#"{{"model":"test","id":"msg_{:024}","type":"message","role":"assistant","content":[{content}],"stop_reason":{stop_reason},"stop_sequence":null,"usage":{{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{output_tokens},"service_tier":"standard"}}}}"#,
        1
    )
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_hears_what_was_said() {
        let blocks = [
            Block::Thinking { thinking: "I \"think\"\n".into(), signature: "c2ln".into() },
            Block::Text("🦀 says\\n".into()),
            Block::ToolUse { name: "Write".into(), input: r#"{"content": "a\nb"}"#.into() },
        ];
        for size in [1, 5, 1000] {
            assert_eq!(heard(stream(&blocks, size).concat().as_bytes()), blocks);
        }
        let whole: Value = serde_json::from_str(&message(&blocks)).unwrap();
        assert_eq!(whole["content"][0]["thinking"], "I \"think\"\n");
        assert_eq!(whole["content"][2]["input"]["content"], "a\nb");
        assert_eq!(whole["stop_reason"], "tool_use");
    }
}
