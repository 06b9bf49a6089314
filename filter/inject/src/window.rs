//! Which stretches of a text are judged.

use crate::concept::{Concepts, Event};
use crate::limits::{LEADS, SHORT, STRIDES, SUSPICIOUS, WHOLE, WINDOW};
use crate::script::is_dense;
use crate::stretches::boundary;
use aegis_disguise::utf8;
use std::ops::Range;

/// Whether a text of this length with these `events` is worth a judgement as a whole.
pub(crate) fn is_suspicious(len: usize, concepts: &Concepts, events: &[Event]) -> bool {
    let (mut pull, mut last) = (0, None);
    for event in events {
        let one = concepts.pull(event.concept);
        if one > 0 && last != Some(event.concept) {
            pull += one;
            last = Some(event.concept);
        }
        if pull >= SUSPICIOUS || (pull > 0 && len <= SHORT) {
            return true;
        }
    }
    false
}

/// Parts of `text` around words that attacks need, about [`WINDOW`] characters each, in the order of their beginnings and of
/// their ends.
pub(crate) fn windows(text: &[u8], concepts: &Concepts, events: &[Event]) -> Vec<Range<usize>> {
    let [spaced, dense] = WINDOW;
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut next, mut last) = (0, 0);
    for event in events.iter().filter(|event| concepts.pull(event.concept) > 0) {
        if (event.start as usize) < next {
            continue;
        }
        let at = event.start as usize;
        let around = text.get(at..text.len().min(at + spaced)).unwrap_or_default();
        let window = if is_dense(around) { dense } else { spaced };
        let start = word_start(text, backward(text, at, window / LEADS));
        // A short one may end in front of the long one before it.
        last = forward(text, start, window).max(last);
        found.push(start..last);
        next = forward(text, start, window / STRIDES);
    }
    found
}

/// Parts of `text` that are judged as a whole: the beginning and the end of what a user says, which `text` has.
pub(crate) fn wholes(text: &[u8], (begins, ends): (bool, bool)) -> impl Iterator<Item = Range<usize>> + '_ {
    let starts = (0..text.len()).step_by(WHOLE);
    starts
        .filter(move |start| (begins && *start == 0) || (ends && start + WHOLE >= text.len()))
        .map(|start| boundary(text, start)..boundary(text, text.len().min(start + WHOLE)))
}

/// `count` characters behind `at`.
fn forward(text: &[u8], at: usize, count: usize) -> usize {
    if text.get(at..at + count).is_some_and(<[u8]>::is_ascii) && text.get(at + count).is_some() {
        return at + count;
    }
    let rest = text.get(at..).unwrap_or_default();
    let mut starts = rest.iter().enumerate().filter(|(_, byte)| !utf8::is_inside(**byte));
    starts.nth(count).map_or(text.len(), |(offset, _)| at + offset)
}

/// `count` characters in front of `at`.
fn backward(text: &[u8], at: usize, count: usize) -> usize {
    if at >= count && text.get(at - count..at).is_some_and(<[u8]>::is_ascii) {
        return at - count;
    }
    let before = text.get(..at).unwrap_or_default();
    let mut starts = before.iter().enumerate().rev().filter(|(_, byte)| !utf8::is_inside(**byte));
    starts.nth(count.saturating_sub(1)).map_or(0, |(offset, _)| offset)
}

/// Behind the space in front of `at`, or the next, if there is one at hand.
fn word_start(text: &[u8], at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take(12).position(|byte| *byte == b' ').map_or(at, |space| at + space + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Concept;
    use std::collections::BTreeMap;

    #[test]
    fn a_window_is_as_long_as_its_script_asks_for_and_they_come_in_order() {
        let words = BTreeMap::from([("en".to_owned(), vec!["drop".to_owned(), "丢掉".to_owned()])]);
        let concept = Concept { name: "drop".to_owned(), pull: 1, words, ..Concept::default() };
        let concepts = Concepts::new(&[concept]).unwrap();
        let windows = |text: &str| {
            let mut events = Vec::new();
            concepts.find(text.as_bytes(), false, (&mut events, &mut Vec::new()), |_| {});
            windows(text.as_bytes(), &concepts, &events)
        };
        let characters = |text: &str| {
            windows(text).into_iter().map(|at| text.get(at).unwrap().chars().count()).collect::<Vec<_>>()
        };
        let (english, chinese) = ("and so on ".repeat(40), "天地玄黄".repeat(80));
        assert_eq!(characters(&format!("{english}drop it {english}")), [160]);
        assert_eq!(characters(&format!("{english}丢掉{chinese}{english}")), [96]);
        assert_eq!(characters(&format!("{chinese}drop it {english}{chinese}")), [160]);
        let mixed = ["drop it and go on and on and on ", "丢掉", "天地玄黄天地玄黄", "drop 丢掉 "].repeat(20);
        let ordered = windows(&mixed.concat());
        assert!(ordered.len() > 5);
        assert!(ordered.is_sorted_by(|one, two| one.start < two.start && one.end <= two.end), "{ordered:?}");
    }
}
