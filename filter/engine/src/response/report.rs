//! What was found in an answer, without its text.

use crate::limits::MAX_REPORTED;
use crate::redact::Finding;
use aegis_policy::Disposition;

/// What was found in an answer and done about it. Holds no text.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
    action: Disposition,
    blocked: bool,
}

// === impl Report ===

impl Report {
    /// What was found, as far as there is room.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The strongest thing that was done to the answer, other than putting values back.
    pub fn action(&self) -> Disposition {
        self.action
    }

    /// Whether the policy refused the answer.
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Notes a finding, and that `done` was done about it.
    pub(super) fn note(&mut self, finding: Finding, done: Disposition) {
        if self.findings.len() < MAX_REPORTED {
            self.findings.push(finding);
        }
        self.action = self.action.max(done);
        self.blocked |= done == Disposition::Block;
    }
}
