//! One text of `aegisgate scan`.

use super::Workbench;
use aegis_engine::Site;
use aegis_engine::action::defang;
use aegis_policy::{Confidence, Direction, Disposition, Mode, Slot};
use aegis_scanner::{Budget, Match};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of input.
#[derive(Deserialize)]
pub(super) struct Input {
    pub(super) id: serde_json::Value,
    pub(super) text: String,
}

/// One line of output.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    id: serde_json::Value,
    pub(super) findings: Vec<Finding<'a>>,
    /// By name of the classifier. None is built in yet.
    scores: BTreeMap<&'static str, f32>,
    /// The strongest of what happens to the findings; in shadow mode, of what would happen.
    pub(super) action: &'static str,
    /// The text as it would go on: empty if it is blocked, the same in shadow mode.
    pub(super) output: String,
}

/// Offsets are UTF-8 bytes of the input text.
#[derive(Serialize)]
pub(super) struct Finding<'a> {
    pub(super) rule: &'a str,
    pub(super) kind: &'a str,
    pub(super) start: u64,
    pub(super) end: u64,
    score: f32,
}

// === impl Input ===

impl Input {
    /// Reads a line. The error shows nothing of it.
    pub(super) fn parse(line: &[u8]) -> Result<Input, String> {
        serde_json::from_slice(line)
            .map_err(|error| format!("column {}: not a JSON object with `id` and `text`", error.column()))
    }
}

/// What the policy of `bench` says about a text in `slot` travelling in `direction`.
pub(super) fn scan(
    bench: &mut Workbench,
    direction: Direction,
    slot: Slot,
    input: Input,
) -> Result<Report<'_>, String> {
    let Input { id, text } = input;
    let mut found: Vec<Match> = Vec::new();
    let site = Site::of(direction, slot);
    bench
        .engine
        .detect(&mut bench.caches, site, text.as_bytes(), &mut Budget::default(), &mut found)
        .map_err(|error| error.to_string())?;
    let mut vault = bench.vault();
    let mut findings = Vec::with_capacity(found.len());
    let mut output = String::with_capacity(text.len());
    let (mut rest, mut action) = (0, Disposition::Allow);
    for next in &found {
        let (Ok(start), Ok(end)) = (usize::try_from(next.value), usize::try_from(next.end)) else { continue };
        let (Some(before), Some(value), Some(rule)) =
            (text.get(rest..start), text.get(start..end), bench.engine.rule(next.rule))
        else {
            continue;
        };
        let disposition = bench.engine.disposition(direction, slot, next.rule);
        action = action.max(disposition);
        output.push_str(before);
        match disposition {
            Disposition::Allow => output.push_str(value),
            Disposition::Redact => output.push_str(&vault.placeholder(&rule.kind, value.as_bytes())),
            Disposition::Defang => output.push_str(&defang(value.as_bytes())),
            Disposition::Sanitize if direction == Direction::Response => {
                output.push_str(rule.replacement.as_deref().unwrap_or_default());
            }
            Disposition::Sanitize | Disposition::Block => {}
        }
        rest = end;
        let score = match rule.confidence {
            Confidence::High => 0.95,
            Confidence::Medium => 0.75,
            Confidence::Low => 0.4,
        };
        findings.push(Finding { rule: &rule.id, kind: &rule.kind, start: next.value, end: next.end, score });
    }
    output.push_str(text.get(rest..).unwrap_or_default());
    let output = match bench.engine.mode() {
        Mode::Shadow => text,
        Mode::Enforce if action == Disposition::Block => String::new(),
        Mode::Enforce => output,
    };
    Ok(Report { id, findings, scores: BTreeMap::new(), action: action.name(), output })
}
