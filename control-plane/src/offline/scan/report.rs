//! One text of `aegisgate scan`.

use super::Workbench;
use aegis_engine::action::defang;
use aegis_engine::{Engine, Place, Site, Suspicion};
use aegis_policy::{Confidence, Direction, Disposition, Mode, Rule, Slot};
use aegis_scanner::{Budget, Match};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

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
    /// By name of the classifier: `injection`, of 1, where it is looked for.
    scores: BTreeMap<&'static str, f32>,
    /// What carries the scores, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Vec<Explanation>>,
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

/// What carries a score at one place, for authors of rules.
#[derive(Serialize)]
pub(super) struct Explanation {
    start: usize,
    end: usize,
    score: f32,
    /// The technique whose rule found it; none if the model did.
    #[serde(skip_serializing_if = "Option::is_none")]
    technique: Option<&'static str>,
    /// Relations between concepts with their weights, weightiest first.
    concepts: Vec<(String, i8)>,
}

/// What stands somewhere, and what happens to it.
struct Found<'a> {
    span: Range<usize>,
    rule: &'a Rule,
    disposition: Disposition,
    score: f32,
}

/// What the policy of `bench` says about a text in `slot` travelling in `direction`.
pub(super) fn scan(
    bench: &mut Workbench,
    direction: Direction,
    slot: Slot,
    explain: bool,
    input: Input,
) -> Result<Report<'_>, String> {
    let Input { id, text } = input;
    let mut matches: Vec<Match> = Vec::new();
    let site = Site::of(direction, slot);
    bench
        .engine
        .detect(&mut bench.caches, site, text.as_bytes(), &mut Budget::default(), &mut matches)
        .map_err(|error| error.to_string())?;
    let looked = direction == Direction::Request;
    let suspicion =
        looked.then(|| bench.engine.injection(&mut bench.caches, slot, text.as_bytes())).flatten();
    let mut vault = bench.vault();
    let engine = &bench.engine;
    let mut found: Vec<Found<'_>> =
        matches.iter().filter_map(|one| of_match(engine, direction, slot, one)).collect();
    if let Some(suspicion) = &suspicion {
        add_places(engine, suspicion, &mut found);
    }
    let mut output = String::with_capacity(text.len());
    let (mut rest, mut action) = (0, Disposition::Allow);
    for next in &found {
        let (Some(before), Some(value)) = (text.get(rest..next.span.start), text.get(next.span.clone()))
        else {
            continue;
        };
        action = action.max(next.disposition);
        output.push_str(before);
        match next.disposition {
            Disposition::Allow | Disposition::Mark => output.push_str(value),
            Disposition::Redact => output.push_str(&vault.placeholder(&next.rule.kind, value.as_bytes())),
            Disposition::Defang => output.push_str(&defang(value.as_bytes())),
            // Of rules over text those that act on answers put something in the place; of the others this one does.
            Disposition::Sanitize if direction == Direction::Response || next.rule.pattern.is_empty() => {
                output.push_str(next.rule.replacement.as_deref().unwrap_or_default());
            }
            Disposition::Sanitize | Disposition::Block => {}
        }
        rest = next.span.end;
    }
    output.push_str(text.get(rest..).unwrap_or_default());
    let findings = found
        .iter()
        .map(|one| Finding {
            rule: &one.rule.id,
            kind: &one.rule.kind,
            start: one.span.start as u64,
            end: one.span.end as u64,
            score: one.score,
        })
        .collect();
    let explanation = explain.then(|| explanations(engine, slot, suspicion.as_ref(), &text));
    let scores = suspicion.iter().map(|suspicion| ("injection", of_one(suspicion.score))).collect();
    let output = match engine.mode() {
        Mode::Shadow => text,
        Mode::Enforce if action == Disposition::Block => String::new(),
        Mode::Enforce => output,
    };
    Ok(Report { id, findings, scores, explanation, action: action.name(), output })
}

fn of_match<'a>(engine: &'a Engine, direction: Direction, slot: Slot, one: &Match) -> Option<Found<'a>> {
    let rule = engine.rule(one.rule)?;
    let score = match rule.confidence {
        Confidence::High => 0.95,
        Confidence::Medium => 0.75,
        Confidence::Low => 0.4,
    };
    let span = usize::try_from(one.value).ok()?..usize::try_from(one.end).ok()?;
    Some(Found { span, rule, disposition: engine.disposition(direction, slot, one.rule), score })
}

/// Adds the places of prompt injection to `found`, which stay sorted and disjoint: what is cut out takes along what it
/// overlaps, what is only marked gives way.
fn add_places<'a>(engine: &'a Engine, suspicion: &Suspicion, found: &mut Vec<Found<'a>>) {
    let Some(rule) = engine.injection_rule().and_then(|index| engine.rule(index)) else { return };
    let disposition = suspicion.disposition;
    let mut places: Vec<Found<'a>> = suspicion
        .places
        .iter()
        .map(|place| Found { span: place.span.clone(), rule, disposition, score: of_one(place.score) })
        .collect();
    let overlap =
        |one: &Found<'_>, two: &Found<'_>| one.span.start < two.span.end && two.span.start < one.span.end;
    if disposition > Disposition::Mark {
        found.retain(|one| !places.iter().any(|place| overlap(one, place)));
    } else {
        places.retain(|place| !found.iter().any(|one| overlap(one, place)));
    }
    found.append(&mut places);
    found.sort_by_key(|one| one.span.start);
}

fn explanations(engine: &Engine, slot: Slot, suspicion: Option<&Suspicion>, text: &str) -> Vec<Explanation> {
    let places = suspicion.map(|suspicion| suspicion.places.as_slice()).unwrap_or_default();
    let explain = |place: &Place| Explanation {
        start: place.span.start,
        end: place.span.end,
        score: of_one(place.score),
        technique: place.technique,
        concepts: engine.explain_injection(slot, text.as_bytes(), &place.span),
    };
    places.iter().map(explain).collect()
}

fn of_one(score: u8) -> f32 {
    f32::from(score) / 100.0
}
