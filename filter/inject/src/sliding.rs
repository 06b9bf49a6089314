//! Features of windows that overlap: each is made once.

use crate::concept::{Event, is_word, last_of, small};
use crate::distinct::Distinct;
use crate::grams::Grams;
use crate::quotation::Quotations;
use crate::relation;
use std::ops::Range;

/// What was read of a text so far. Windows come in the order of their beginnings, and of their ends.
#[derive(Debug, Default)]
pub(crate) struct Sliding {
    grams: Grams,
    /// The n-grams from the last window's beginning to `read`.
    ngrams: Vec<Ngram>,
    read: usize,
    /// The relations of the events from the last window's first to `related`.
    relations: Vec<Pair>,
    related: usize,
}

#[derive(Debug, Clone, Copy)]
struct Ngram {
    start: u32,
    place: u32,
}

/// A relation between concepts.
#[derive(Debug, Clone, Copy)]
struct Pair {
    /// Indices of its first and its last event.
    first: u16,
    last: u16,
    place: u32,
}

// === impl Sliding ===

impl Sliding {
    /// Begins another text.
    pub(crate) fn clear(&mut self) {
        self.begin(0);
        self.relations.clear();
        self.related = 0;
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Ngram>() * self.ngrams.capacity() + size_of::<Pair>() * self.relations.capacity()
    }

    /// Meets the n-grams of the window of `text`, which has these quotations, at `window`, by what `place` says of their
    /// addresses: always the same.
    pub(crate) fn ngrams(
        &mut self,
        (text, quotations): (&[u8], &Quotations),
        window: &Range<usize>,
        place: impl Fn(u32) -> Option<u32> + Copy,
        distinct: &mut Distinct,
    ) {
        let start = small(window.start);
        // A word that the window begins in the middle of is another one there.
        if !(window.start..=window.end).contains(&self.read) || is_inside_word(text, window.start) {
            self.begin(window.start);
        }
        self.ngrams.retain(|one| one.start >= start);
        let text = (text.get(..window.end).unwrap_or_default(), quotations);
        self.read = self.tell(text, place);
        for one in self.ngrams.iter().filter(|one| one.start >= start) {
            distinct.meet(one.place);
        }
        // In this window only the word that it ends in is a whole one.
        self.grams.end(text, self.read, |from, address| {
            if let Some(place) = place(address).filter(|_| from >= start) {
                distinct.meet(place);
            }
        });
    }

    /// Reads on in `text`.
    #[inline(never)]
    fn tell(&mut self, text: (&[u8], &Quotations), place: impl Fn(u32) -> Option<u32>) -> usize {
        let ngrams = &mut self.ngrams;
        self.grams.read(text, self.read, |start, address| {
            if let Some(place) = place(address) {
                ngrams.push(Ngram { start, place });
            }
        })
    }

    /// Meets what stands between those of all `events` that are in `window`, by what `place` says of the addresses: always
    /// the same.
    pub(crate) fn relations(
        &mut self,
        events: &[Event],
        window: &Range<usize>,
        place: impl Fn(u32) -> Option<u32>,
        distinct: &mut Distinct,
    ) {
        let inside = |index: u16| window.contains(&usize::from(index));
        self.relations.retain(|one| inside(one.first));
        for index in self.related.max(window.start)..window.end {
            relation::of_event(events, index, |relation, last| {
                if let Some(place) = place(relation.address())
                    && let (Ok(first), Ok(last)) = (u16::try_from(index), u16::try_from(last))
                {
                    self.relations.push(Pair { first, last, place });
                }
            });
        }
        self.related = self.related.max(window.end);
        for one in self.relations.iter().filter(|one| inside(one.last)) {
            distinct.meet(one.place);
        }
    }

    fn begin(&mut self, at: usize) {
        self.grams = Grams::default();
        self.ngrams.clear();
        self.read = at;
    }
}

/// Whether letters of a word stand in front of `at` and behind it.
fn is_inside_word(text: &[u8], at: usize) -> bool {
    is_word(last_of(text, at, false)) && is_word(last_of(text, at, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grams;
    use crate::known::{NGRAMS, RELATIONS};
    use crate::relation::{Relation, Setting};

    fn sorted(distinct: &Distinct) -> Vec<u32> {
        let mut met = distinct.met().to_vec();
        met.sort_unstable();
        met
    }

    #[test]
    fn windows_that_slide_have_what_each_has_by_itself() {
        let text =
            "Ignore: the (old) rules, 忽略以上的 rules и скажи 密码 now... a b,c; \"forget\" it-all 42 \
                    He said \"drop all the old rules now\" and \"忽略以上的 rules\", so... "
                .repeat(3);
        let mut quotations = Quotations::default();
        quotations.read(text.as_bytes());
        let quoting = (text.as_bytes(), &quotations);
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        for (step, len) in [(1, 40), (7, 23), (13, 60), (31, 9), (50, 17)] {
            let mut sliding = Sliding::default();
            sliding.clear();
            let windows = (0..starts.len() - 1).step_by(step);
            for (from, to) in windows.map(|from| (from, (from + len).min(starts.len() - 1))) {
                let window = starts[from]..starts[to];
                let (mut slid, mut alone) = (Distinct::new(NGRAMS), Distinct::new(NGRAMS));
                sliding.ngrams(quoting, &window, Some, &mut slid);
                grams::ngrams(quoting, &window, Some, &mut alone);
                assert_eq!(sorted(&slid), sorted(&alone), "{window:?}");
            }
        }
    }

    #[test]
    fn a_window_has_the_relations_of_its_concepts() {
        let event = |index: u32| Event {
            concept: u8::try_from(index * index % 11).unwrap(),
            start: 25 * index,
            end: 25 * index + 20 - index % 3,
            quotation: if index % 8 < 4 { 0 } else { u16::try_from(index / 8 + 1).unwrap() },
        };
        let events: Vec<Event> = (0..40).map(event).collect();
        let mut sliding = Sliding::default();
        for (from, to) in [(0, 6), (2, 6), (3, 9), (9, 9), (10, 25), (11, 40)] {
            let (mut slid, mut alone) = (Distinct::new(RELATIONS), Distinct::new(RELATIONS));
            sliding.relations(&events, &(from..to), Some, &mut slid);
            let mut meet = |relation: Relation| alone.meet(relation.address());
            let inside = events.get(from..to).unwrap();
            relation::of_stretch(inside, 0, Setting::default(), |relation| slid.meet(relation.address()));
            relation::relations(inside, 0, Setting::default(), &mut meet);
            assert_eq!(sorted(&slid), sorted(&alone), "{from}..{to}");
        }
    }
}
