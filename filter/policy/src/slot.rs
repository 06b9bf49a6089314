//! Provenance: where a piece of text stands in an exchange.

use serde::{Deserialize, Serialize};

/// Which way a text travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client to the model.
    Request,
    /// From the model to the client.
    Response,
}

/// The role that a piece of text plays in a conversation.
///
/// An instruction in a tool result is an attack, in a system prompt it is the job: rules say in which slots they act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// A system prompt.
    System,
    /// Developer instructions (OpenAI's `developer` role).
    Developer,
    /// What the user wrote, and every text whose role is not known.
    User,
    /// What the model wrote.
    Assistant,
    /// Arguments of a tool call, in history or in an answer.
    ToolCallArguments,
    /// What a tool returned.
    ToolResult,
    /// A document or a retrieved chunk that came with the request.
    Document,
    /// Names, descriptions and schemas of tools.
    ToolDefinition,
}

// === impl Slot ===

impl Slot {
    /// Every slot, in declaration order.
    pub const ALL: [Slot; 8] = [
        Slot::System,
        Slot::Developer,
        Slot::User,
        Slot::Assistant,
        Slot::ToolCallArguments,
        Slot::ToolResult,
        Slot::Document,
        Slot::ToolDefinition,
    ];

    /// The name in documents and reports.
    pub fn name(self) -> &'static str {
        match self {
            Slot::System => "system",
            Slot::Developer => "developer",
            Slot::User => "user",
            Slot::Assistant => "assistant",
            Slot::ToolCallArguments => "tool_call_arguments",
            Slot::ToolResult => "tool_result",
            Slot::Document => "document",
            Slot::ToolDefinition => "tool_definition",
        }
    }

    /// The slot of a chat message with this `role`; unknown roles count as [`Slot::User`], the most watched one.
    pub fn of_role(role: &[u8]) -> Slot {
        match role {
            b"system" => Slot::System,
            b"developer" => Slot::Developer,
            b"assistant" | b"model" => Slot::Assistant,
            b"tool" | b"function" => Slot::ToolResult,
            _ => Slot::User,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_roles_are_watched_like_user_text() {
        assert_eq!(Slot::of_role(b"critic"), Slot::User);
        assert_eq!(Slot::of_role(b"tool"), Slot::ToolResult);
    }
}
