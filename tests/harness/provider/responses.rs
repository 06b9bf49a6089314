//! OpenAI responses, as recorded from the provider: every text comes in deltas, then whole in its own event, in that of
//! its part, in that of its item and in the final snapshot.

use super::template::{fill, named};
use super::{Asked, Dialect, Said, openai, quote, quoted_parts, signature};
use crate::chat::content_text;
use crate::{Recorded, Reply};
use serde_json::Value;

pub(super) struct Responses;

const RESPONSE: &str = r#"{"id":"resp_mock1","object":"response","created_at":1765552659,"status":$status,"background":false,"error":null,"incomplete_details":null,"instructions":$instructions,"max_output_tokens":null,"max_tool_calls":null,"model":$model,"output":[$output],"parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,"prompt_cache_retention":null,"reasoning":{"effort":"high","summary":"detailed"},"safety_identifier":null,"service_tier":"default","store":false,"temperature":1,"text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":$tools,"top_logprobs":0,"top_p":0.985,"truncation":"disabled","usage":$usage,"user":null,"metadata":$metadata}"#;
const USAGE: &str = r#"{"input_tokens":299,"input_tokens_details":{"cached_tokens":0},"output_tokens":12,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":311}"#;

/// An item of the output: as it is announced, what fills it, and whole.
struct Item {
    opening: String,
    filling: Vec<String>,
    whole: String,
}

impl Dialect for Responses {
    fn hear(&self, recorded: &Recorded) -> Asked {
        let request = recorded.json();
        let items = request["input"].as_array().map_or(&[][..], Vec::as_slice);
        let is_output = |item: &&Value| item["type"] == "function_call_output";
        let outputs: String =
            items.iter().filter(is_output).map(|item| content_text(&item["output"])).collect();
        let spoken = items.iter().rfind(|item| item["role"] == "user");
        let text =
            spoken.map_or_else(|| content_text(&request["input"]), |item| content_text(&item["content"]));
        Asked {
            model: request["model"].as_str().expect("a model").into(),
            stream: request["stream"] == true,
            from_tool: !outputs.is_empty(),
            text: if outputs.is_empty() { text } else { outputs },
            tool: request.pointer("/tools/0/name").and_then(|name| name.as_str()).map(Into::into),
            request,
        }
    }

    fn whole(&self, asked: &Asked, said: &Said) -> String {
        let output: Vec<String> = items(said, 1).into_iter().map(|item| item.whole).collect();
        response(asked, "completed", &output.join(","))
    }

    fn events(&self, asked: &Asked, said: &Said, size: usize) -> Vec<String> {
        let in_progress = response(asked, "in_progress", "");
        let mut payloads = vec![
            format!(r#"{{"type":"response.created","sequence_number":$number,"response":{in_progress}}}"#),
            format!(
                r#"{{"type":"response.in_progress","sequence_number":$number,"response":{in_progress}}}"#
            ),
        ];
        let mut output = Vec::new();
        for (index, item) in items(said, size).into_iter().enumerate() {
            let whole = &item.whole;
            payloads.push(format!(
                r#"{{"type":"response.output_item.added","sequence_number":$number,"output_index":{index},"item":{}}}"#,
                item.opening
            ));
            let position = format!("\"output_index\":{index},");
            payloads.extend(item.filling.iter().map(|payload| payload.replacen("$position", &position, 1)));
            payloads.push(format!(
                r#"{{"type":"response.output_item.done","sequence_number":$number,"output_index":{index},"item":{whole}}}"#
            ));
            output.push(item.whole);
        }
        let completed = response(asked, "completed", &output.join(","));
        payloads.push(format!(
            r#"{{"type":"response.completed","sequence_number":$number,"response":{completed}}}"#
        ));
        numbered(payloads)
    }

    /// Only the first of the two events that the provider sends: the official client stops there.
    fn error_event(&self) -> String {
        named(
            r#"{"type":"error","sequence_number":99,"error":{"type":"server_error","code":"mock_failed","message":"The mock had an error.","param":null}}"#,
        )
    }

    fn refusal(&self, status: u16) -> Reply {
        openai::refusal(status)
    }
}

/// Counts the events.
fn numbered(payloads: Vec<String>) -> Vec<String> {
    payloads
        .into_iter()
        .enumerate()
        .map(|(number, payload)| named(&payload.replacen("$number", &number.to_string(), 1)))
        .collect()
}

/// The response so far; it repeats what the request said.
fn response(asked: &Asked, status: &str, output: &str) -> String {
    let request = &asked.request;
    let or = |member: &str, default: &str| match &request[member] {
        Value::Null => default.to_owned(),
        value => value.to_string(),
    };
    fill(
        RESPONSE,
        &[
            ("status", &quote(status)),
            ("instructions", &or("instructions", "null")),
            ("model", &quote(&asked.model)),
            ("output", output),
            ("tools", &or("tools", "[]")),
            ("usage", if status == "completed" { USAGE } else { "null" }),
            ("metadata", &or("metadata", "{}")),
        ],
    )
}

fn items(said: &Said, size: usize) -> Vec<Item> {
    match said {
        Said::Text { thought, text } => {
            let reasoning = thought.as_ref().map(|thought| reasoning(thought, size));
            reasoning.into_iter().chain([message(text, size)]).collect()
        }
        Said::Calls { tool, arguments } => {
            let call = |(index, arguments): (usize, &String)| function_call(index, tool, arguments, size);
            arguments.iter().enumerate().map(call).collect()
        }
    }
}

fn message(text: &str, size: usize) -> Item {
    const PART: &str = r#"{"type":"output_text","annotations":[],"logprobs":[],"text":$text}"#;
    const ITEM: &str =
        r#"{"id":"msg_mock1","type":"message","status":$status,"content":[$content],"role":"assistant"}"#;
    const PLACE: &str = r#""sequence_number":$number,"item_id":"msg_mock1",$position"content_index":0,"#;
    let item = |status: &str, content: &str| fill(ITEM, &[("status", status), ("content", content)]);
    let whole = quote(text);
    let (empty, part) = (fill(PART, &[("text", "\"\"")]), fill(PART, &[("text", &whole)]));
    let mut filling = vec![format!(r#"{{"type":"response.content_part.added",{PLACE}"part":{empty}}}"#)];
    filling.extend(quoted_parts(text, size).map(|delta| {
        format!(
            r#"{{"type":"response.output_text.delta",{PLACE}"delta":{delta},"logprobs":[],"obfuscation":"yhjoJbEF"}}"#
        )
    }));
    filling.push(format!(r#"{{"type":"response.output_text.done",{PLACE}"text":{whole},"logprobs":[]}}"#));
    filling.push(format!(r#"{{"type":"response.content_part.done",{PLACE}"part":{part}}}"#));
    Item { opening: item("\"in_progress\"", ""), filling, whole: item("\"completed\"", &part) }
}

fn function_call(index: usize, tool: &str, arguments: &str, size: usize) -> Item {
    const ITEM: &str = r#"{"id":"fc_mock$index","type":"function_call","status":$status,"arguments":$arguments,"call_id":"call_mock$index","name":$tool}"#;
    let (number, tool) = (index.to_string(), quote(tool));
    let item = |status: &str, arguments: &str| {
        fill(ITEM, &[("index", &number), ("status", status), ("arguments", arguments), ("tool", &tool)])
    };
    let place = format!(r#""sequence_number":$number,"item_id":"fc_mock{index}",$position"#);
    let whole = quote(arguments);
    let mut filling: Vec<String> = quoted_parts(arguments, size)
        .map(|delta| {
            format!(
                r#"{{"type":"response.function_call_arguments.delta",{place}"delta":{delta},"obfuscation":"uxYtkBLr"}}"#
            )
        })
        .collect();
    filling.push(format!(r#"{{"type":"response.function_call_arguments.done",{place}"arguments":{whole}}}"#));
    Item { opening: item("\"in_progress\"", "\"\""), filling, whole: item("\"completed\"", &whole) }
}

fn reasoning(thought: &str, size: usize) -> Item {
    const PART: &str = r#"{"type":"summary_text","text":$text}"#;
    const ITEM: &str =
        r#"{"id":"rs_mock1","type":"reasoning","encrypted_content":$encrypted,"summary":[$summary]}"#;
    const PLACE: &str = r#""sequence_number":$number,"item_id":"rs_mock1",$position"summary_index":0,"#;
    let encrypted = quote(&signature());
    let item = |summary: &str| fill(ITEM, &[("encrypted", &encrypted), ("summary", summary)]);
    let whole = quote(thought);
    let (empty, part) = (fill(PART, &[("text", "\"\"")]), fill(PART, &[("text", &whole)]));
    let mut filling =
        vec![format!(r#"{{"type":"response.reasoning_summary_part.added",{PLACE}"part":{empty}}}"#)];
    filling.extend(quoted_parts(thought, size).map(|delta| {
        format!(
            r#"{{"type":"response.reasoning_summary_text.delta",{PLACE}"delta":{delta},"obfuscation":"2ajSAGID"}}"#
        )
    }));
    filling.push(format!(r#"{{"type":"response.reasoning_summary_text.done",{PLACE}"text":{whole}}}"#));
    filling.push(format!(r#"{{"type":"response.reasoning_summary_part.done",{PLACE}"part":{part}}}"#));
    Item { opening: item(""), filling, whole: item(&part) }
}
