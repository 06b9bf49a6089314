//! OpenAI Responses: <https://platform.openai.com/docs/api-reference/responses> and its
//! [streaming events](https://platform.openai.com/docs/api-reference/responses-streaming).

use super::schema::{Fact, Form, Kind, Mark, Schema};
use super::{Schemas, generic};
use aegis_policy::Slot;
use std::sync::LazyLock;

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(&[("", REQUEST), ("input.[]", SENT_ITEM)], &[]),
    response: Schema::new(
        &[
            ("", EVENT),
            ("", ANSWER),
            ("response", ANSWER),
            ("output.[]", ITEM),
            ("response.output.[]", ITEM),
            ("item", ITEM),
            // GET …/input_items lists what was sent and answered.
            ("data.[]", ITEM),
        ],
        KINDS,
    ),
});

/// A reasoning text is not signed, so it is read like any other; `encrypted_content` is the provider's.
const REQUEST: &[(&str, Mark)] = &[
    ("**", Mark::Text(Slot::User, Form::Plain)),
    ("model", Mark::Skip),
    ("previous_response_id", Mark::Skip),
    ("conversation.**", Mark::Skip),
    ("include.**", Mark::Skip),
    ("reasoning.**", Mark::Skip),
    ("service_tier", Mark::Skip),
    ("truncation", Mark::Skip),
    ("tool_choice.**", Mark::Skip),
    ("prompt.id", Mark::Skip),
    ("prompt.version", Mark::Skip),
    ("text.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("instructions", Mark::Text(Slot::System, Form::Plain)),
    ("tools.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("tools.[].type", Mark::Skip),
    ("tools.[].name", Mark::Skip),
    ("tools.[].tools.[].type", Mark::Skip),
    ("tools.[].tools.[].name", Mark::Skip),
    // The provider calls MCP servers for the client, with the credentials that it gets for that.
    ("tools.[].authorization", Mark::Skip),
    ("tools.[].headers.**", Mark::Skip),
];

/// An item of `input`: a message, or what an earlier answer held, sent back.
const SENT_ITEM: &[(&str, Mark)] = &[
    ("", Mark::Scope),
    ("**", Mark::RoleText),
    ("role", Mark::Role),
    ("type", Mark::Skip),
    ("id", Mark::Skip),
    ("status", Mark::Skip),
    ("phase", Mark::Skip),
    ("call_id", Mark::Skip),
    ("name", Mark::Skip),
    ("namespace", Mark::Skip),
    ("approval_request_id", Mark::Skip),
    ("container_id", Mark::Skip),
    ("encrypted_content", Mark::Skip),
    ("content.[].type", Mark::Skip),
    ("content.[].detail", Mark::Skip),
    ("content.[].file_id", Mark::Skip),
    ("content.[].file_data", Mark::Media(Slot::Document)),
    ("content.[].input_audio.data", Mark::Media(Slot::Document)),
    ("content.[].input_audio.format", Mark::Skip),
    ("content.[].logprobs.**", Mark::Skip),
    ("summary.**", Mark::Text(Slot::Assistant, Form::Plain)),
    ("summary.[].type", Mark::Skip),
    ("arguments", Mark::Text(Slot::ToolCallArguments, Form::Json)),
    ("input", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("code", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("action.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("action.type", Mark::Skip),
    ("operation.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("operation.type", Mark::Skip),
    ("output.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("output.[].type", Mark::Skip),
    ("output.[].file_data", Mark::Media(Slot::ToolResult)),
    ("outputs.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("results.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("result", Mark::Media(Slot::ToolResult)),
    ("tools.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
];

/// What events have beside items and snapshots. Every event says its kind; the texts of an output item are told apart
/// by its index and that of the part in it.
const EVENT: &[(&str, Mark)] = &[
    ("", Mark::Scope),
    ("**", generic::ANSWER),
    ("type", Mark::Kind),
    ("output_index", Mark::Index(0)),
    ("content_index", Mark::Index(1)),
    ("summary_index", Mark::Index(1)),
    ("command_index", Mark::Index(1)),
    ("sequence_number", Mark::Fact(Fact::Sequence)),
    ("item_id", Mark::Skip),
    ("event_id", Mark::Skip),
    ("obfuscation", Mark::Skip),
    ("logprobs.**", Mark::Skip),
    ("partial_image_b64", Mark::Skip),
    ("delta", Mark::OfKind),
    // An answer's `text` is a format of the request's.
    ("text", generic::ANSWER),
    ("part.type", Mark::Skip),
    ("part.logprobs.**", Mark::Skip),
    ("arguments", Mark::Text(Slot::ToolCallArguments, Form::Json)),
    ("input", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("code", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("command", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("diff", Mark::Text(Slot::Document, Form::Plain)),
    ("output.**", Mark::Text(Slot::ToolResult, Form::Plain)),
];

/// A whole answer, by itself or in an event.
const ANSWER: &[(&str, Mark)] = &[
    ("id", Mark::Fact(Fact::Id)),
    ("object", Mark::Skip),
    ("status", Mark::Skip),
    ("model", Mark::Fact(Fact::Model)),
    ("created_at", Mark::Fact(Fact::Created)),
    ("service_tier", Mark::Skip),
    ("previous_response_id", Mark::Skip),
    // What the request said, repeated.
    ("instructions.**", Mark::Text(Slot::System, Form::Plain)),
    ("metadata.**", Mark::Text(Slot::User, Form::Plain)),
    ("text.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("tools.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("tool_choice.**", Mark::Skip),
    ("reasoning.**", Mark::Skip),
];

const ITEM: &[(&str, Mark)] = &[
    // An event's `output` is a tool's.
    ("**", generic::ANSWER),
    ("id", Mark::Skip),
    ("type", Mark::Skip),
    ("role", Mark::Skip),
    ("status", Mark::Skip),
    ("phase", Mark::Skip),
    ("call_id", Mark::Skip),
    ("name", Mark::Skip),
    ("namespace", Mark::Skip),
    ("container_id", Mark::Skip),
    ("encrypted_content", Mark::Skip),
    ("content.[].type", Mark::Skip),
    ("content.[].logprobs.**", Mark::Skip),
    ("arguments", Mark::Text(Slot::ToolCallArguments, Form::Json)),
    ("input", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("code", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("action", Mark::Arguments),
    ("action.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("action.type", Mark::Skip),
    ("operation", Mark::Arguments),
    ("operation.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("operation.type", Mark::Skip),
    ("output.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("outputs.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("results.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("result", Mark::Media(Slot::ToolResult)),
    ("tools.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
];

/// The kinds of events that say part of a text, or that a text is over. Deltas of other kinds are the answer's text.
const KINDS: &[(&str, Kind)] = &[
    ("response.output_text.delta", Kind::Delta(Slot::Assistant)),
    ("response.refusal.delta", Kind::Delta(Slot::Assistant)),
    ("response.reasoning_text.delta", Kind::Delta(Slot::Assistant)),
    ("response.reasoning_summary_text.delta", Kind::Delta(Slot::Assistant)),
    ("response.audio.transcript.delta", Kind::Delta(Slot::Assistant)),
    ("response.audio.delta", Kind::Opaque),
    ("response.function_call_arguments.delta", Kind::Delta(Slot::ToolCallArguments)),
    ("response.mcp_call_arguments.delta", Kind::Delta(Slot::ToolCallArguments)),
    ("response.mcp_call.arguments_delta", Kind::Delta(Slot::ToolCallArguments)),
    ("response.custom_tool_call_input.delta", Kind::Delta(Slot::ToolCallArguments)),
    ("response.code_interpreter_call_code.delta", Kind::Delta(Slot::ToolCallArguments)),
    ("response.apply_patch_call_operation_diff.delta", Kind::Delta(Slot::Document)),
    ("response.shell_call_command.delta", Kind::Delta(Slot::ToolCallArguments)),
    ("response.output_text.done", Kind::End),
    ("response.refusal.done", Kind::End),
    ("response.reasoning_text.done", Kind::End),
    ("response.reasoning_summary_text.done", Kind::End),
    ("response.function_call_arguments.done", Kind::End),
    ("response.mcp_call_arguments.done", Kind::End),
    ("response.custom_tool_call_input.done", Kind::End),
    ("response.code_interpreter_call_code.done", Kind::End),
    ("response.apply_patch_call_operation_diff.done", Kind::End),
    ("response.shell_call_command.done", Kind::End),
    ("response.content_part.done", Kind::End),
    ("response.output_item.done", Kind::End),
    ("response.completed", Kind::End),
    ("response.incomplete", Kind::End),
    ("response.failed", Kind::End),
    ("error", Kind::End),
];
