//! What a policy says about prompt injection.

use crate::disposition::Disposition;
use crate::slot::Slot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happens to texts that give orders to a model which they have none to give.
///
/// A text has a score of 0 to 100: one in a hundred of the worst kind of harmless texts has 50 and more, one in
/// two hundred of all that are unlike those it learned has 90.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Injection {
    /// From this score on a text is marked. Without it `level` says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<u8>,
    /// From this score on what a tool, a document or anybody but the user wrote gets the action of its slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<u8>,
    /// From this score on what the user wrote does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_on_user: Option<u8>,
    /// Actions by slot, where they are others than the built-in ones: `block` for `user`, `sanitize` for `tool_result`
    /// and `document`, `mark` for `tool_definition` and `assistant`. System and developer prompts and arguments of tool
    /// calls are not looked at.
    #[serde(default)]
    pub actions: BTreeMap<Slot, Disposition>,
}

// === impl Injection ===

impl Injection {
    /// The slots that are looked at.
    pub const SLOTS: [Slot; 5] =
        [Slot::User, Slot::Assistant, Slot::ToolResult, Slot::Document, Slot::ToolDefinition];

    /// What happens to a text in `slot` that is an attack.
    pub fn action(&self, slot: Slot) -> Disposition {
        self.actions.get(&slot).copied().unwrap_or(match slot {
            Slot::User => Disposition::Block,
            Slot::ToolResult | Slot::Document => Disposition::Sanitize,
            Slot::Assistant | Slot::ToolDefinition => Disposition::Mark,
            Slot::System | Slot::Developer | Slot::ToolCallArguments => Disposition::Allow,
        })
    }
}
