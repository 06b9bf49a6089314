//! What happens to a finding.

use serde::{Deserialize, Serialize};

/// What happens to a finding, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It stays.
    Allow,
    /// It stays and is reported.
    Mark,
    /// A placeholder stands for it, and the answer gets it back.
    #[default]
    Redact,
    /// It is made harmless but stays readable. In answers only: a request has nobody who would follow it.
    Defang,
    /// It is cut out and does not come back. In an answer something may stand in its place.
    Sanitize,
    /// The whole request or answer is refused.
    Block,
}

// === impl Disposition ===

impl Disposition {
    /// The name in documents and reports.
    pub fn name(self) -> &'static str {
        match self {
            Disposition::Allow => "allow",
            Disposition::Mark => "mark",
            Disposition::Redact => "redact",
            Disposition::Defang => "defang",
            Disposition::Sanitize => "sanitize",
            Disposition::Block => "block",
        }
    }
}
