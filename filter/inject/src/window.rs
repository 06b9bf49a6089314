//! Which stretches of a text are judged.

use crate::concept::{Concepts, Event};
use crate::limits::{LEADS, SHORT, STRIDES, SUSPICIOUS, WHOLE, WINDOW};
use crate::script::is_dense;
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

/// Parts of `text` around words that attacks need, about [`WINDOW`] characters each.
pub(crate) fn windows(text: &[u8], concepts: &Concepts, events: &[Event]) -> Vec<Range<usize>> {
    let [spaced, dense] = WINDOW;
    let window = if is_dense(text) { dense } else { spaced };
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut next = 0;
    for event in events.iter().filter(|event| concepts.pull(event.concept) > 0) {
        if (event.start as usize) < next {
            continue;
        }
        let at = event.start as usize;
        let start = word_start(text, backward(text, at, window / LEADS));
        found.push(start..forward(text, start, window));
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

fn boundary(text: &[u8], at: usize) -> usize {
    let inside = |at: &usize| text.get(*at).copied().is_some_and(utf8::is_inside);
    (at.saturating_sub(3)..=at).rev().find(|at| !inside(at)).unwrap_or(at)
}
