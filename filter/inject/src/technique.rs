//! Rules: concepts that stand behind each other.

use crate::concept::{ConceptId, Concepts, Event};
use crate::document::Technique;
use std::ops::Range;

/// Bytes in front of a finding, and behind it, in which talk about attacks makes it less.
const CONTEXT: u32 = 160;

/// What a finding is worth less if it is talked about, quoted, negated or source code. Never nothing: that would be a recipe.
pub(crate) const TALK: u8 = 40;

/// All rules.
#[derive(Debug)]
pub(crate) struct Techniques {
    rules: Vec<Technique>,
    /// Rows by the concept that they begin with.
    rows: Vec<Vec<Row>>,
    negation: Option<ConceptId>,
}

#[derive(Debug, Clone)]
struct Row {
    rule: usize,
    rest: Vec<Vec<ConceptId>>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Index of the rule.
    pub rule: usize,
    /// Where, in the text as it reads.
    pub span: Range<usize>,
    /// What a text has at least.
    pub floor: u8,
    /// The same in what a user writes.
    pub user_floor: u8,
    /// It is talked about, quoted or negated, or source code.
    pub talk: bool,
}

/// A rule that names a concept that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("technique `{technique}`: there is no concept `{concept}`")]
pub struct UnknownConcept {
    technique: String,
    concept: String,
}

// === impl Techniques ===

impl Techniques {
    /// Compiles rules.
    pub(crate) fn new(rules: Vec<Technique>, concepts: &Concepts) -> Result<Techniques, UnknownConcept> {
        let mut rows: Vec<Vec<Row>> = vec![Vec::new(); usize::from(ConceptId::MAX) + 1];
        for (index, rule) in rules.iter().enumerate() {
            let unknown =
                |name: &str| UnknownConcept { technique: rule.id.clone(), concept: name.to_owned() };
            for row in &rule.any {
                let item = |item: &str| -> Result<Vec<ConceptId>, UnknownConcept> {
                    item.split('|').map(|name| concepts.by_name(name).ok_or_else(|| unknown(name))).collect()
                };
                let items = row.split_whitespace().map(item).collect::<Result<Vec<_>, _>>()?;
                let Some((first, rest)) = items.split_first() else { continue };
                for concept in first {
                    if let Some(rows) = rows.get_mut(usize::from(*concept)) {
                        rows.push(Row { rule: index, rest: rest.to_vec() });
                    }
                }
            }
        }
        Ok(Techniques { rules, rows, negation: concepts.by_name("negation") })
    }

    /// Bytes that it takes, about.
    pub(crate) fn size(&self) -> usize {
        let text = |text: &String| size_of::<String>() + text.capacity();
        let rule = |rule: &Technique| {
            size_of::<Technique>()
                + text(&rule.id)
                + text(&rule.description)
                + rule.any.iter().map(text).sum::<usize>()
        };
        let items = |row: &Row| {
            row.rest.iter().map(|item| size_of::<Vec<ConceptId>>() + item.capacity()).sum::<usize>()
        };
        let row = |row: &Row| size_of::<Row>() + items(row);
        let rows = |rows: &Vec<Row>| size_of::<Vec<Row>>() + rows.iter().map(row).sum::<usize>();
        self.rules.iter().map(rule).sum::<usize>() + self.rows.iter().map(rows).sum::<usize>()
    }

    /// The rule at `index`.
    pub(crate) fn rule(&self, index: usize) -> Option<&Technique> {
        self.rules.get(index)
    }

    /// What the rules find among `events` of `text`, where some places are source code, in the order of their beginnings.
    pub(crate) fn find(
        &self,
        concepts: &Concepts,
        text: &[u8],
        events: &[Event],
        is_code: impl Fn(&Range<usize>) -> bool,
    ) -> Vec<Sighting> {
        let mut found = Vec::new();
        for (at, first) in events.iter().enumerate() {
            let Some(rows) = self.rows.get(usize::from(first.concept)) else { continue };
            for row in rows {
                let Some(rule) = self.rules.get(row.rule) else { continue };
                let behind = events.get(at + 1..).unwrap_or_default();
                let Some(end) = row.end(first, behind, rule.gap) else { continue };
                let span = first.start as usize..end as usize;
                let talk = is_code(&span) || self.is_talk(concepts, text, events, at, &span);
                found.push(Sighting {
                    rule: row.rule,
                    span,
                    floor: rule.floor,
                    user_floor: rule.user_floor.unwrap_or(rule.floor),
                    talk,
                });
            }
        }
        found
    }

    /// Whether what stands at `span` and begins with the event at `at` is talked about, a quotation or negated.
    fn is_talk(
        &self,
        concepts: &Concepts,
        text: &[u8],
        events: &[Event],
        at: usize,
        span: &Range<usize>,
    ) -> bool {
        let mark = span.start.checked_sub(1).and_then(|before| text.get(before));
        let quoted = events.get(at).is_some_and(Event::is_quoted);
        if quoted && matches!(mark, Some(b'"' | b'\'' | b'`')) {
            return true;
        }
        let (start, end) =
            (u32::try_from(span.start).unwrap_or(0), u32::try_from(span.end).unwrap_or(u32::MAX));
        let before = at.checked_sub(1).and_then(|before| events.get(before));
        if before.is_some_and(|one| Some(one.concept) == self.negation && start.saturating_sub(one.end) < 8) {
            return true;
        }
        let near = |one: &&Event| one.end + CONTEXT >= start && one.start <= end.saturating_add(CONTEXT);
        let around = events.iter().skip(at.saturating_sub(24)).take(48);
        around.filter(near).any(|one| concepts.is_discussion(one.concept))
    }
}

// === impl Row ===

impl Row {
    /// Where the row ends, if it begins with `first` and the rest is among the events `behind`.
    fn end(&self, first: &Event, behind: &[Event], gap: u32) -> Option<u32> {
        let (mut end, mut from) = (first.end, 0);
        for item in &self.rest {
            let events = behind.get(from..).unwrap_or_default();
            let reachable = events.iter().take_while(|one| one.start <= end.saturating_add(gap));
            let next =
                reachable.enumerate().find(|(_, one)| item.contains(&one.concept) && one.start >= end)?;
            end = next.1.end;
            from += next.0 + 1;
        }
        Some(end)
    }
}
