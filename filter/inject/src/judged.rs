//! What the model said of the stretches of a text, for the rules, which come behind it.

use crate::model::{Head, Verdict};
use std::ops::Range;

/// Verdicts in the order in which they were given: of the text's beginning and end as wholes, then of its windows.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    wholes: Vec<Stretch>,
    /// In the order of their beginnings, and of their ends.
    windows: Vec<Stretch>,
}

/// Where, in the text as it reads.
type Stretch = (Range<usize>, Verdict);

/// Places of a text, those that touch each other as one.
#[derive(Debug)]
pub(crate) struct Spans(Vec<Range<usize>>);

// === impl Judged ===

impl Judged {
    /// A whole, before any window.
    pub(crate) fn whole(&mut self, at: Range<usize>, verdict: Verdict) {
        self.wholes.push((at, verdict));
    }

    /// The next window.
    pub(crate) fn window(&mut self, at: Range<usize>, verdict: Verdict) {
        self.windows.push((at, verdict));
    }

    /// Whether something of `span` was judged, and all of that is harmless.
    pub(crate) fn is_harmless(&self, head: Head, span: &Range<usize>) -> bool {
        let mut around = self.around(span).map(|(_, verdict)| verdict.is_harmless(head));
        around.next().is_some_and(|first| first && around.all(|one| one))
    }

    /// Numbers of the verdicts on what overlaps with `span`. Only a few windows do, so a text full of rules costs no more.
    pub(crate) fn numbers(&self, span: &Range<usize>) -> impl Iterator<Item = usize> {
        self.around(span).map(|(number, _)| number)
    }

    fn around(&self, span: &Range<usize>) -> impl Iterator<Item = (usize, Verdict)> {
        let Range { start, end } = *span;
        let overlaps = move |(_, (at, _)): &(usize, &Stretch)| at.start < end && start < at.end;
        let first = self.windows.partition_point(|(at, _)| at.end <= start);
        let windows = self.windows.iter().enumerate().skip(first).take_while(overlaps);
        let behind = self.wholes.len();
        let wholes = self.wholes.iter().enumerate().filter(overlaps);
        let number = |(number, (_, verdict)): (usize, &Stretch)| (number, *verdict);
        wholes.map(number).chain(windows.map(number).map(move |(number, verdict)| (behind + number, verdict)))
    }
}

// === impl Spans ===

impl Spans {
    /// Of `spans` in the order of their beginnings.
    pub(crate) fn of<'a>(spans: impl Iterator<Item = &'a Range<usize>>) -> Spans {
        let mut all: Vec<Range<usize>> = Vec::new();
        for span in spans {
            match all.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => all.push(span.clone()),
            }
        }
        Spans(all)
    }

    /// Whether one of them has something of `span`.
    pub(crate) fn touch(&self, span: &Range<usize>) -> bool {
        let next = self.0.partition_point(|one| one.end <= span.start);
        self.0.get(next).is_some_and(|one| one.start < span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Calibration;

    #[test]
    fn verdicts_are_found_by_where_they_are() {
        let verdict = |logit: i64| Verdict {
            logit: logit << 16,
            calibration: Calibration { at_50: 0, at_90: 1 << 16 },
            ..Verdict::default()
        };
        let mut judged = Judged::default();
        judged.whole(0..100, verdict(-9));
        judged.whole(200..300, verdict(-9));
        for (start, logit) in [(0, -9), (40, 5), (160, -9), (240, -9)] {
            judged.window(start..start + 80, verdict(logit));
        }
        let numbers = |span| judged.numbers(&span).collect::<Vec<_>>();
        assert_eq!(numbers(10..20), [0, 2]);
        assert_eq!(numbers(70..80), [0, 2, 3]);
        assert_eq!(numbers(130..150), [] as [usize; 0]);
        assert_eq!(numbers(230..250), [1, 4, 5]);
        assert_eq!(
            [10..20, 70..80, 130..150, 230..250].map(|span| judged.is_harmless(Head::User, &span)),
            [true, false, false, true]
        );
    }

    #[test]
    fn places_that_touch_are_one() {
        let spans = Spans::of([3..9, 5..7, 8..12, 20..24].iter());
        assert_eq!(spans.0, [3..12, 20..24]);
        let touched = [0..3, 0..4, 11..20, 12..20, 12..21, 24..30].map(|span| spans.touch(&span));
        assert_eq!(touched, [false, true, true, false, true, false]);
    }
}
