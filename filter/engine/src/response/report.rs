//! What was found in an answer, without its text.

use crate::limits::MAX_REPORTED;
use crate::redact::Finding;
use aegis_policy::Disposition;

/// What was found in an answer and done about it. Holds no text.
#[derive(Debug)]
pub struct Report {
    findings: Vec<Finding>,
    action: Disposition,
    blocked: bool,
    /// Edits that put values back.
    restoring: usize,
    cut_off: bool,
}

// === impl Report ===

impl Report {
    /// Of an answer in which nothing was found.
    pub(super) fn new() -> Report {
        Report {
            findings: Vec::new(),
            action: Disposition::Allow,
            blocked: false,
            restoring: 0,
            cut_off: false,
        }
    }

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

    /// Whether a value was put back.
    pub fn has_restored(&self) -> bool {
        self.restoring > 0
    }

    /// Whether the upstream ended a stream before it was over, and the gateway told the client so.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// What the client is told, as a JSON object; `None` if there is nothing to say and nobody `asked`. Says what was
    /// done and not why: an attacker reads it as well.
    pub(super) fn note_for_client(&self, asked: Option<Disposition>) -> Option<String> {
        let is_changed = self.action > Disposition::Allow;
        let action = self.action.max(asked.unwrap_or(Disposition::Allow));
        (is_changed || asked.is_some())
            .then(|| format!(r#"{{"action":"{}","findings":{}}}"#, action.name(), self.findings.len()))
    }

    /// Notes edits that put values back.
    pub(super) fn note_restoring(&mut self, edits: usize) {
        self.restoring = self.restoring.saturating_add(edits);
    }

    /// Notes that edits were undone, which put values back.
    pub(super) fn note_undone(&mut self, edits: usize) {
        self.restoring = self.restoring.saturating_sub(edits);
    }

    /// Notes that the upstream ended a stream before it was over.
    pub(super) fn note_cut_off(&mut self) {
        self.cut_off = true;
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
