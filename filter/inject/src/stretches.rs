//! The parts of a text around places that are near each other.

use crate::limits::{REACH, SHORT, TOGETHER};
use aegis_disguise::{View, utf8};
use std::ops::Range;

/// Places, from which on they are worth a look.
const MIN_PLACES: usize = 2;

/// Parts of a text, in order and disjoint.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stretches(Vec<Range<usize>>);

// === impl Stretches ===

impl Stretches {
    /// What stands around `places`, which come in order, where several are near each other; all of a short text. `None`
    /// if they are too few.
    pub(crate) fn around(text: &[u8], places: impl Iterator<Item = Range<usize>>) -> Option<Stretches> {
        let mut groups: Vec<(Range<usize>, usize)> = Vec::new();
        let together = if text.len() <= SHORT { text.len() } else { TOGETHER };
        for place in places {
            match groups.last_mut() {
                Some((last, count)) if place.start <= last.end + together => {
                    last.end = place.end;
                    *count += 1;
                }
                _ => groups.push((place, 1)),
            }
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        for (group, _) in groups.into_iter().filter(|(_, count)| *count >= MIN_PLACES) {
            let reach = if text.len() <= SHORT { text.len() } else { REACH };
            let start = boundary(text, group.start.saturating_sub(reach));
            let end = boundary(text, text.len().min(group.end + reach));
            match found.last_mut() {
                Some(last) if last.end >= start => last.end = end,
                _ => found.push(start..end),
            }
        }
        (!found.is_empty()).then_some(Stretches(found))
    }

    /// Whether they are all of `text`.
    pub(crate) fn are_all(&self, text: &[u8]) -> bool {
        self.0 == [0..text.len()]
    }

    /// Each of them.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Range<usize>> {
        self.0.iter()
    }

    /// What `text` says in them, with `changes`: places, in order, and what reads there.
    pub(crate) fn rewritten(&self, text: &[u8], changes: &[(Range<usize>, &[u8])]) -> View {
        self.view(|view, stretch| {
            let mut from = stretch.start;
            let first = changes.partition_point(|(at, _)| at.start < stretch.start);
            let inside = changes.iter().skip(first).take_while(|(at, _)| at.end <= stretch.end);
            for (at, reads) in inside {
                view.keep(from, text.get(from..at.start).unwrap_or_default());
                view.replace(at.start, at.len().min(usize::from(u8::MAX)), reads);
                from = at.end;
            }
            view.keep(from, text.get(from..stretch.end).unwrap_or_default());
        })
    }

    /// What `show` makes of each, one line for each.
    pub(crate) fn view(&self, mut show: impl FnMut(&mut View, Range<usize>)) -> View {
        let mut view = View::default();
        for stretch in &self.0 {
            if !view.bytes.is_empty() {
                view.replace(stretch.start.saturating_sub(1), 1, b"\n");
            }
            show(&mut view, stretch.clone());
        }
        view
    }
}

/// `at`, or where the character that it lies in begins.
pub(crate) fn boundary(text: &[u8], at: usize) -> usize {
    let at = at.min(text.len());
    let inside = |at: &usize| text.get(*at).copied().is_some_and(utf8::is_inside);
    (at.saturating_sub(3)..=at).rev().find(|at| !inside(at)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_near_each_other_are_one_stretch() {
        let text = vec![b'x'; 10 * SHORT];
        let around = |text: &[u8], places: &[usize]| {
            Stretches::around(text, places.iter().map(|at| *at..at + 5)).map(|found| found.0)
        };
        let far = 5 * SHORT;
        assert_eq!(around(&text, &[far]), None);
        assert_eq!(around(&text, &[0, far]), None);
        assert_eq!(around(&text, &[0, far, far + 50]), Some(vec![far - REACH..far + 55 + REACH]));
        assert_eq!(around(&text, &[0, 10, far, far + 50]).map(|found| found.len()), Some(2));
        assert_eq!(around(&text[..SHORT], &[0, SHORT - 9]), Some(vec![0..SHORT]));
    }
}
