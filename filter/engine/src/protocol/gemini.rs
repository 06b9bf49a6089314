//! Gemini: <https://ai.google.dev/api/generate-content>. Requests may write every key in camel or in snake case
//! (<https://protobuf.dev/programming-guides/json/>); answers are in camel case.

use super::schema::{Fact, Form, Mark, Schema};
use super::{Schemas, generic};
use aegis_policy::Slot;
use std::sync::LazyLock;

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(
        &[
            ("", REQUEST),
            ("contents.[]", CONTENT),
            ("content", CONTENT),
            ("requests.[].content", CONTENT),
            // countTokens takes a whole request.
            ("generateContentRequest", REQUEST),
            ("generateContentRequest.contents.[]", CONTENT),
        ],
        &[],
    ),
    response: Schema::new(&[("", ANSWER), ("[]", ANSWER)], &[]),
});

const REQUEST: &[(&str, Mark)] = &[
    ("**", Mark::Text(Slot::User, Form::Plain)),
    ("model", Mark::Skip),
    ("cachedContent", Mark::Skip),
    ("cached_content", Mark::Skip),
    ("safetySettings.**", Mark::Skip),
    ("safety_settings.**", Mark::Skip),
    ("toolConfig.**", Mark::Skip),
    ("tool_config.**", Mark::Skip),
    ("systemInstruction.**", Mark::Text(Slot::System, Form::Plain)),
    ("system_instruction.**", Mark::Text(Slot::System, Form::Plain)),
    ("tools.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("tools.[].functionDeclarations.[].name", Mark::Skip),
    ("tools.[].function_declarations.[].name", Mark::Skip),
    ("generationConfig.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("generation_config.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
];

const CONTENT: &[(&str, Mark)] = &[
    ("", Mark::Scope),
    ("**", Mark::RoleText),
    ("role", Mark::Role),
    // Thoughts are signed, and a changed signature is refused.
    ("parts.[].thoughtSignature", Mark::Skip),
    ("parts.[].thought_signature", Mark::Skip),
    ("parts.[].inlineData.data", Mark::Media(Slot::Document)),
    ("parts.[].inline_data.data", Mark::Media(Slot::Document)),
    ("parts.[].inlineData.mimeType", Mark::Skip),
    ("parts.[].inline_data.mime_type", Mark::Skip),
    ("parts.[].functionCall.name", Mark::Skip),
    ("parts.[].function_call.name", Mark::Skip),
    ("parts.[].functionCall.id", Mark::Skip),
    ("parts.[].function_call.id", Mark::Skip),
    ("parts.[].functionCall.args.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("parts.[].function_call.args.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("parts.[].functionResponse.name", Mark::Skip),
    ("parts.[].function_response.name", Mark::Skip),
    ("parts.[].functionResponse.id", Mark::Skip),
    ("parts.[].function_response.id", Mark::Skip),
    ("parts.[].functionResponse.response.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("parts.[].function_response.response.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("parts.[].executableCode.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("parts.[].executable_code.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("parts.[].codeExecutionResult.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("parts.[].code_execution_result.**", Mark::Text(Slot::ToolResult, Form::Plain)),
];

/// An answer, or a part of one: each says the next part of each candidate's text.
const ANSWER: &[(&str, Mark)] = &[
    ("**", generic::ANSWER),
    ("modelVersion", Mark::Fact(Fact::Model)),
    ("responseId", Mark::Fact(Fact::Id)),
    ("createTime", Mark::Skip),
    ("usageMetadata.**", Mark::Skip),
    ("candidates.[]", Mark::Scope),
    ("candidates.[].index", Mark::Index(0)),
    ("candidates.[].finishReason", Mark::End),
    ("candidates.[].safetyRatings.**", Mark::Skip),
    ("candidates.[].content.role", Mark::Skip),
    // Pages that the provider found, and the snippet of HTML that its terms ask to show.
    ("candidates.[].groundingMetadata.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("candidates.[].content.parts.[].text", Mark::Delta(Slot::Assistant)),
    ("candidates.[].content.parts.[].thoughtSignature", Mark::Skip),
    ("candidates.[].content.parts.[].inlineData.data", Mark::Media(Slot::Assistant)),
    ("candidates.[].content.parts.[].inlineData.mimeType", Mark::Skip),
    ("candidates.[].content.parts.[].functionCall.name", Mark::Skip),
    ("candidates.[].content.parts.[].functionCall.id", Mark::Skip),
    ("candidates.[].content.parts.[].functionCall.args", Mark::Arguments),
    ("candidates.[].content.parts.[].functionCall.args.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("candidates.[].content.parts.[].functionCall.partialArgs.[]", Mark::Part),
    ("candidates.[].content.parts.[].functionCall.partialArgs.[].willContinue", Mark::Continues),
    ("candidates.[].content.parts.[].functionCall.partialArgs.[].jsonPath", Mark::Index(0)),
    (
        "candidates.[].content.parts.[].functionCall.partialArgs.[].stringValue",
        Mark::Delta(Slot::ToolCallArguments),
    ),
    ("candidates.[].content.parts.[].executableCode.language", Mark::Skip),
    ("candidates.[].content.parts.[].executableCode.code", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("candidates.[].content.parts.[].codeExecutionResult.outcome", Mark::Skip),
    ("candidates.[].content.parts.[].codeExecutionResult.output", Mark::Text(Slot::ToolResult, Form::Plain)),
];
