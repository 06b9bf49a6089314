//! Anthropic Messages: <https://docs.claude.com/en/api/messages> and its
//! [streaming events](https://docs.claude.com/en/docs/build-with-claude/streaming).
//!
//! Thinking is signed: the provider refuses it if a byte is not its own. So it passes as it is both ways, and shows
//! placeholders to whoever reads it.

use super::schema::{Fact, Form, Kind, Mark, Schema};
use super::{Schemas, generic};
use aegis_policy::Slot;
use std::sync::LazyLock;

pub(super) static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    request: Schema::new(
        &[("", REQUEST), ("messages.[]", MESSAGE), ("messages.[].content.[]", SENT_BLOCK)],
        &[],
    ),
    response: Schema::new(
        &[
            ("", EVENT),
            ("", ANSWER),
            ("message", ANSWER),
            ("content.[]", BLOCK),
            ("message.content.[]", BLOCK),
            ("content_block", BLOCK),
        ],
        KINDS,
    ),
});

const REQUEST: &[(&str, Mark)] = &[
    ("**", Mark::Text(Slot::User, Form::Plain)),
    ("model", Mark::Skip),
    ("service_tier", Mark::Skip),
    ("thinking.**", Mark::Skip),
    ("context_management.**", Mark::Skip),
    ("container", Mark::Skip),
    ("tool_choice.**", Mark::Skip),
    ("system.**", Mark::Text(Slot::System, Form::Plain)),
    ("system.[].type", Mark::Skip),
    ("system.[].cache_control.**", Mark::Skip),
    ("tools.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("tools.[].type", Mark::Skip),
    ("tools.[].name", Mark::Skip),
    ("tools.[].cache_control.**", Mark::Skip),
    ("output_config.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    ("output_format.**", Mark::Text(Slot::ToolDefinition, Form::Plain)),
    // The provider calls MCP servers for the client, with the credentials that it gets for that.
    ("mcp_servers.[].authorization_token", Mark::Skip),
];

const MESSAGE: &[(&str, Mark)] = &[("", Mark::Scope), ("**", Mark::RoleText), ("role", Mark::Role)];

const SENT_BLOCK: &[(&str, Mark)] = &[
    ("type", Mark::Skip),
    ("id", Mark::Skip),
    ("name", Mark::Skip),
    ("server_name", Mark::Skip),
    ("tool_use_id", Mark::Skip),
    ("cache_control.**", Mark::Skip),
    ("thinking", Mark::Skip),
    ("signature", Mark::Skip),
    // Redacted thinking.
    ("data", Mark::Skip),
    ("input.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("title", Mark::Text(Slot::Document, Form::Plain)),
    ("context", Mark::Text(Slot::Document, Form::Plain)),
    ("source.**", Mark::Text(Slot::Document, Form::Plain)),
    ("source.type", Mark::Skip),
    ("source.media_type", Mark::Skip),
    ("source.file_id", Mark::Skip),
    ("source.data", Mark::Media(Slot::Document)),
    ("citations.[].encrypted_index", Mark::Skip),
    // What a tool returned, the client's or the provider's.
    ("content.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("content.[].type", Mark::Skip),
    ("content.[].tool_name", Mark::Skip),
    ("content.[].cache_control.**", Mark::Skip),
    ("content.[].source.type", Mark::Skip),
    ("content.[].source.media_type", Mark::Skip),
    ("content.[].source.file_id", Mark::Skip),
    ("content.[].source.data", Mark::Media(Slot::ToolResult)),
    ("content.[].encrypted_content", Mark::Skip),
    ("content.encrypted_stdout", Mark::Skip),
    ("content.encrypted_content", Mark::Skip),
];

const EVENT: &[(&str, Mark)] = &[
    ("", Mark::Scope),
    ("**", generic::ANSWER),
    ("type", Mark::Kind),
    ("index", Mark::Index(0)),
    ("delta.type", Mark::Skip),
    ("delta.text", Mark::Delta(Slot::Assistant)),
    ("delta.partial_json", Mark::Delta(Slot::ToolCallArguments)),
    ("delta.thinking", Mark::Skip),
    ("delta.signature", Mark::Skip),
    ("delta.stop_reason", Mark::Skip),
    ("delta.citation.encrypted_index", Mark::Skip),
    ("request_id", Mark::Skip),
];

const ANSWER: &[(&str, Mark)] = &[
    ("id", Mark::Fact(Fact::Id)),
    ("role", Mark::Skip),
    ("model", Mark::Fact(Fact::Model)),
    ("stop_reason", Mark::Skip),
    ("usage.**", Mark::Skip),
    ("container.**", Mark::Skip),
];

const BLOCK: &[(&str, Mark)] = &[
    ("type", Mark::Skip),
    ("id", Mark::Skip),
    ("name", Mark::Skip),
    ("server_name", Mark::Skip),
    ("tool_use_id", Mark::Skip),
    ("thinking", Mark::Skip),
    ("signature", Mark::Skip),
    ("data", Mark::Skip),
    ("citations.[].encrypted_index", Mark::Skip),
    ("input", Mark::Arguments),
    ("input.**", Mark::Text(Slot::ToolCallArguments, Form::Plain)),
    ("content.**", Mark::Text(Slot::ToolResult, Form::Plain)),
    ("content.[].source.data", Mark::Media(Slot::ToolResult)),
    ("content.[].encrypted_content", Mark::Skip),
    ("content.encrypted_stdout", Mark::Skip),
    ("content.encrypted_content", Mark::Skip),
];

const KINDS: &[(&str, Kind)] =
    &[("content_block_stop", Kind::End), ("message_stop", Kind::End), ("error", Kind::End)];
