//! How concepts stand to each other in a stretch of text, and what is true of it as a whole.

use crate::concept::{ConceptId, Event};
use crate::known::{self, MIX, RELATIONS};
use crate::limits::{FAR, MAX_PAIRED, NEAR};
use std::fmt;

/// Concepts of a stretch that are counted.
const MAX_COUNTED: usize = 12;

/// Numbers of kinds of relations are below; it is added to those in quotations.
const OF_QUOTATIONS: u8 = 16;

/// Bytes in front of the concept that a stretch begins with.
const BEGINNING: u32 = 24;

/// What a stretch of text is, apart from its words.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setting {
    /// Characters that are not seen stand in it.
    pub invisible: bool,
    /// It was encoded.
    pub encoded: bool,
    /// It is a part of a longer text.
    pub part: bool,
}

/// A feature that is made of concepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Of a stretch: an item of its [`Setting`].
    Cue(u8),
    /// Of a stretch: how many concepts it has.
    Count(u8),
    /// Of a stretch: how much of it is quoted, see [`quoted_share`].
    QuotedShare(u8),
    /// A stretch begins with it.
    Begins(ConceptId),
    /// It is there.
    One(ConceptId),
    /// It is there between quotation marks.
    Quoted(ConceptId),
    /// The one stands a little before the other.
    Near(Voice, ConceptId, ConceptId),
    /// The one stands well before the other.
    Far(Voice, ConceptId, ConceptId),
    /// They follow each other.
    Three(Voice, ConceptId, ConceptId, ConceptId),
}

/// Who says what several concepts say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// The text.
    Own,
    /// Somebody whom it quotes.
    Quoted,
}

// === impl Relation ===

impl Relation {
    /// Its address.
    #[inline]
    pub(crate) fn address(self) -> u32 {
        let own = u64::from(u32::from_le_bytes(match self {
            Relation::Cue(index) => [1, index, 0, 0],
            Relation::Count(count) => [2, count, 0, 0],
            Relation::QuotedShare(share) => [3, share, 0, 0],
            Relation::Begins(one) => [4, one, 0, 0],
            Relation::One(one) => [5, one, 0, 0],
            Relation::Quoted(one) => [6, one, 0, 0],
            Relation::Near(voice, one, two) => [voice.kind(7), one, two, 0],
            Relation::Far(voice, one, two) => [voice.kind(8), one, two, 0],
            Relation::Three(voice, one, two, three) => [voice.kind(9), one, two, three],
        }));
        known::address(own.wrapping_mul(MIX), RELATIONS)
    }

    /// In words, if it is one of concepts.
    pub(crate) fn describe(self, name: impl Fn(ConceptId) -> String) -> Option<String> {
        match self {
            Relation::Cue(_) | Relation::Count(_) | Relation::QuotedShare(_) => None,
            Relation::Begins(one) => Some(format!("begins with {}", name(one))),
            Relation::One(one) => Some(name(one)),
            Relation::Quoted(one) => Some(format!("quoted {}", name(one))),
            Relation::Near(voice, one, two) => Some(format!("{voice}{} {}", name(one), name(two))),
            Relation::Far(voice, one, two) => Some(format!("{voice}{} … {}", name(one), name(two))),
            Relation::Three(voice, one, two, three) => {
                Some(format!("{voice}{} {} {}", name(one), name(two), name(three)))
            }
        }
    }
}

// === impl Voice ===

impl Voice {
    /// Who says the one and the other, and what stands between: the text says what it quotes, too, so that marks around an
    /// order hide nothing of it.
    fn of(one: &Event, two: &Event) -> &'static [Voice] {
        let quoted = one.is_quoted() && one.quotation == two.quotation;
        if quoted { &[Voice::Own, Voice::Quoted] } else { &[Voice::Own] }
    }

    /// The number of a kind of relation that is `own` where the text itself says it.
    fn kind(self, own: u8) -> u8 {
        match self {
            Voice::Own => own,
            Voice::Quoted => OF_QUOTATIONS + own,
        }
    }
}

impl fmt::Display for Voice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Voice::Own => "",
            Voice::Quoted => "quoted ",
        })
    }
}

/// All relations of a stretch that begins at `start`.
pub(crate) fn relations(events: &[Event], start: u32, setting: Setting, mut sink: impl FnMut(Relation)) {
    of_stretch(events, start, setting, &mut sink);
    for index in 0..events.len() {
        of_event(events, index, |relation, _| sink(relation));
    }
}

/// What is true of a stretch as a whole.
pub(crate) fn of_stretch(events: &[Event], start: u32, setting: Setting, mut sink: impl FnMut(Relation)) {
    let cues = [setting.invisible, setting.encoded, setting.part];
    for (cue, index) in cues.into_iter().zip(0..) {
        if cue {
            sink(Relation::Cue(index));
        }
    }
    sink(Relation::Count(u8::try_from(events.len().min(MAX_COUNTED)).unwrap_or_default()));
    let quoted = quoted_share(events);
    if quoted > 0 {
        sink(Relation::QuotedShare(quoted));
    }
    if let Some(first) = events.first().filter(|first| first.start < start.saturating_add(BEGINNING)) {
        sink(Relation::Begins(first.concept));
    }
}

/// How the event at `index` stands to those behind it, with the index of the last one that a relation needs.
pub(crate) fn of_event(events: &[Event], index: usize, mut sink: impl FnMut(Relation, usize)) {
    let Some(one) = events.get(index) else { return };
    let id = one.concept;
    sink(Relation::One(id), index);
    if one.is_quoted() {
        sink(Relation::Quoted(id), index);
    }
    let behind = events.iter().enumerate().skip(index + 1).take(MAX_PAIRED);
    let mut near: Option<ConceptId> = None;
    for (at, two) in behind {
        let distance = two.start.saturating_sub(one.end);
        if distance > FAR {
            break;
        }
        let is_far = distance > NEAR;
        for voice in Voice::of(one, two).iter().copied() {
            if is_far {
                sink(Relation::Far(voice, id, two.concept), at);
                continue;
            }
            sink(Relation::Near(voice, id, two.concept), at);
            if let Some(middle) = near {
                sink(Relation::Three(voice, id, middle, two.concept), at);
            }
        }
        near = if is_far { near } else { Some(two.concept) };
    }
}

/// How many of `events` are quoted: 0 for none, 1 for fewer than half of them, 2 for more, 3 for all.
fn quoted_share(events: &[Event]) -> u8 {
    match events.iter().filter(|event| event.is_quoted()).count() {
        0 => 0,
        all if all == events.len() => 3,
        some => 1 + u8::from(2 * some >= events.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(events: &[Event]) -> Vec<Relation> {
        let mut told = Vec::new();
        relations(events, 0, Setting { part: true, ..Setting::default() }, |one| told.push(one));
        told
    }

    #[test]
    fn concepts_are_related_to_those_behind_them() {
        use Relation::{Begins, Count, Cue, Far, Near, One, Quoted, QuotedShare, Three};
        let own = Voice::Own;
        let event = |concept, start, quotation| Event { concept, start, end: start + 5, quotation };
        let events = [event(7, 9, 0), event(8, 20, 1), event(9, 60, 0), event(3, 170, 0)];
        let of_all = [Cue(2), Count(4), QuotedShare(1), Begins(7)];
        let of_first = [One(7), Near(own, 7, 8), Near(own, 7, 9), Three(own, 7, 8, 9), Far(own, 7, 3)];
        let of_others = [One(8), Quoted(8), Near(own, 8, 9), Far(own, 8, 3), One(9), Far(own, 9, 3), One(3)];
        assert_eq!(told(&events), [&of_all[..], &of_first, &of_others].concat());
        assert_eq!(told(&[event(7, 30, 1)]), [Cue(2), Count(1), QuotedShare(3), One(7), Quoted(7)]);
    }

    #[test]
    fn a_quotation_says_what_stands_in_it_together() {
        use Relation::{Far, Near, Three};
        let first = |quotations: [u16; 4]| {
            let starts = [30, 40, 50, 200].into_iter().zip(quotations).zip(1..);
            let events: Vec<Event> = starts
                .map(|((start, quotation), concept)| Event { concept, start, end: start + 5, quotation })
                .collect();
            let mut told = Vec::new();
            of_event(&events, 0, |relation, _| told.push(relation));
            told.retain(|one| matches!(one, Near(..) | Far(..) | Three(..)));
            told
        };
        let (own, quoted) = (Voice::Own, Voice::Quoted);
        let near = |voice| vec![Near(voice, 1, 3), Three(voice, 1, 2, 3)];
        let with = |two: &[Relation], three: &[Vec<Relation>], four: &[Relation]| {
            [two, &three.concat(), four].concat()
        };
        let (two, both) = ([Near(own, 1, 2)], [Near(own, 1, 2), Near(quoted, 1, 2)]);
        let far = [Far(own, 1, 4), Far(quoted, 1, 4)];
        assert_eq!(first([0, 0, 0, 0]), with(&two, &[near(own)], &far[..1]));
        assert_eq!(first([1, 1, 1, 1]), with(&both, &[near(own), near(quoted)], &far));
        assert_eq!(first([1, 1, 2, 2]), with(&both, &[near(own)], &far[..1]));
        assert_eq!(first([1, 0, 2, 0]), with(&two, &[near(own)], &far[..1]));
        assert_eq!(Far(quoted, 1, 4).describe(|id| id.to_string()).as_deref(), Some("quoted 1 … 4"));
        assert_ne!(Near(own, 1, 2).address(), Near(quoted, 1, 2).address());
    }
}
