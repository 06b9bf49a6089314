//! OpenAI Chat Completions: <https://platform.openai.com/docs/api-reference/chat>.

use super::schema::{Fact, Form, Mark, Schema};
use super::{Schemas, generic};
use aegis_policy::Slot;
use std::sync::LazyLock;

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(&[("", REQUEST)], &[]),
    response: Schema::new(&[("", RESPONSE)], &[]),
});

/// In a request everything is text unless it is known not to be: a field that nobody has heard of must not carry a
/// secret out.
const REQUEST: &[(&str, Mark)] = &[
    ("**", Mark::Text(Slot::User, Form::Plain)),
    ("model", Mark::Skip),
    ("reasoning_effort", Mark::Skip),
    ("service_tier", Mark::Skip),
    ("modalities.**", Mark::Skip),
    ("audio.**", Mark::Skip),
    ("messages.[]", Mark::Scope),
    ("messages.[].**", Mark::RoleText),
    ("messages.[].role", Mark::Role),
    // Names must match ^[a-zA-Z0-9_-]+$, which no placeholder does.
    ("messages.[].name", Mark::Skip),
    ("messages.[].tool_call_id", Mark::Skip),
    ("messages.[].audio.id", Mark::Skip),
    ("messages.[].content.[].type", Mark::Skip),
    ("messages.[].content.[].image_url.detail", Mark::Skip),
    ("messages.[].content.[].input_audio.data", Mark::Media(Slot::Document)),
    ("messages.[].content.[].input_audio.format", Mark::Skip),
    ("messages.[].content.[].file.file_id", Mark::Skip),
    ("messages.[].content.[].file.file_data", Mark::Media(Slot::Document)),
    ("messages.[].content.[].cache_control.**", Mark::Skip),
    // Anthropic's models behind this protocol sign their reasoning; a changed text would be refused.
    ("messages.[].thinking_blocks.**", Mark::Skip),
    ("messages.[].reasoning_details.**", Mark::Skip),
    ("messages.[].tool_calls.[].id", Mark::Skip),
    ("messages.[].tool_calls.[].type", Mark::Skip),
    ("messages.[].tool_calls.[].function.name", Mark::Skip),
    ("messages.[].tool_calls.[].function.arguments", Mark::Text(Slot::ToolCallArguments, Form::Json)),
    ("messages.[].tool_calls.[].custom.name", Mark::Skip),
    ("messages.[].tool_calls.[].custom.input", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("messages.[].function_call.name", Mark::Skip),
    ("messages.[].function_call.arguments", Mark::Text(Slot::ToolCallArguments, Form::Json)),
    ("tools.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("tools.[].type", Mark::Skip),
    ("tools.[].function.name", Mark::Skip),
    ("tool_choice.**", Mark::Skip),
    ("functions.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("functions.[].name", Mark::Skip),
    ("function_call.**", Mark::Skip),
    ("response_format.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
];

/// Answers and chunks of streamed answers. What is unknown is restored as a text of its own.
const RESPONSE: &[(&str, Mark)] = &[
    ("**", generic::ANSWER),
    ("id", Mark::Fact(Fact::Id)),
    ("object", Mark::Skip),
    ("model", Mark::Fact(Fact::Model)),
    ("created", Mark::Fact(Fact::Created)),
    ("system_fingerprint", Mark::Skip),
    ("service_tier", Mark::Skip),
    ("choices.[]", Mark::Scope),
    ("choices.[].index", Mark::Index(0)),
    ("choices.[].finish_reason", Mark::End),
    // Token by token and without any text of its own: nothing to restore in it would ever be whole.
    ("choices.[].logprobs.**", Mark::Skip),
    ("choices.[].message.role", Mark::Skip),
    ("choices.[].message.audio.**", Mark::Skip),
    ("choices.[].message.tool_calls.[].id", Mark::Skip),
    ("choices.[].message.tool_calls.[].type", Mark::Skip),
    ("choices.[].message.tool_calls.[].function.name", Mark::Skip),
    ("choices.[].message.tool_calls.[].function.arguments", Mark::Text(Slot::ToolCallArguments, Form::Json)),
    ("choices.[].message.tool_calls.[].custom.name", Mark::Skip),
    ("choices.[].message.tool_calls.[].custom.input", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("choices.[].message.thinking_blocks.**", Mark::Skip),
    ("choices.[].message.reasoning_details.**", Mark::Skip),
    ("choices.[].message.function_call.name", Mark::Skip),
    ("choices.[].message.function_call.arguments", Mark::Text(Slot::ToolCallArguments, Form::Json)),
    ("choices.[].delta.role", Mark::Skip),
    ("choices.[].delta.content", Mark::Delta(Slot::Assistant)),
    // Mistral: <https://docs.mistral.ai/capabilities/reasoning>.
    ("choices.[].delta.content.[].type", Mark::Skip),
    ("choices.[].delta.content.[].text", Mark::Delta(Slot::Assistant)),
    ("choices.[].delta.content.[].thinking.[].type", Mark::Skip),
    ("choices.[].delta.content.[].thinking.[].text", Mark::Delta(Slot::Assistant)),
    ("choices.[].delta.refusal", Mark::Delta(Slot::Assistant)),
    ("choices.[].delta.reasoning", Mark::Delta(Slot::Assistant)),
    ("choices.[].delta.reasoning_content", Mark::Delta(Slot::Assistant)),
    ("choices.[].delta.audio.**", Mark::Skip),
    ("choices.[].delta.tool_calls.[]", Mark::Scope),
    ("choices.[].delta.tool_calls.[].index", Mark::Index(0)),
    ("choices.[].delta.tool_calls.[].id", Mark::Skip),
    ("choices.[].delta.tool_calls.[].type", Mark::Skip),
    ("choices.[].delta.tool_calls.[].function.name", Mark::Skip),
    ("choices.[].delta.tool_calls.[].function.arguments", Mark::Delta(Slot::ToolCallArguments)),
    ("choices.[].delta.tool_calls.[].custom.name", Mark::Skip),
    ("choices.[].delta.tool_calls.[].custom.input", Mark::Delta(Slot::ToolCallArguments)),
    ("choices.[].delta.thinking_blocks.**", Mark::Skip),
    ("choices.[].delta.reasoning_details.**", Mark::Skip),
    ("choices.[].delta.function_call.name", Mark::Skip),
    ("choices.[].delta.function_call.arguments", Mark::Delta(Slot::ToolCallArguments)),
];
