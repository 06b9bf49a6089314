//! What is done with a stretch of text that is worth a judgement.

use crate::concept::{ConceptId, Event, small};
use crate::detector::Piece;
use crate::distinct::Distinct;
use crate::grams;
use crate::known::{KNOWN_NGRAMS, KNOWN_RELATIONS, NGRAMS, RELATIONS};
use crate::limits::MAX_DEPTH;
use crate::model::{MOST_OF_NGRAMS, Model, Scope, Verdict, group};
use crate::quotation::Quotations;
use crate::reading::Reading;
use crate::relation::{self, Relation, Setting};
use crate::script::is_dense;
use crate::sliding::Sliding;
use std::ops::Range;

/// Memory that is used again for every text.
#[derive(Debug)]
pub struct Scratch {
    ngrams: Distinct,
    relations: Distinct,
    pub(crate) sliding: Sliding,
    /// By how deep what is read lies inside encodings.
    pub(crate) layers: [Layer; MAX_DEPTH + 1],
    /// Bytes of views that may still be read of a segment, by how deep the text lies of which they are.
    pub(crate) left: [usize; MAX_DEPTH],
}

/// A text as it reads, and its concepts.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    pub(crate) reading: Reading,
    pub(crate) events: Vec<Event>,
    pub(crate) quotations: Quotations,
}

/// A stretch that is worth a judgement.
pub(crate) struct Stretch<'a> {
    pub(crate) scope: Scope,
    /// The text that it is part of, as it reads, with what it quotes, and where.
    pub(crate) text: &'a [u8],
    pub(crate) quotations: &'a Quotations,
    pub(crate) at: Range<usize>,
    /// The concepts of that text, and which of them are in the stretch.
    pub(crate) events: &'a [Event],
    pub(crate) among: Range<usize>,
    pub(crate) setting: Setting,
    /// Bytes of the text that it stands for.
    pub(crate) span: &'a Range<usize>,
    /// A rule found something in it, and asks for all that the model knows.
    pub(crate) sighted: bool,
}

/// What is done with each stretch.
pub(crate) trait Judge {
    /// Returns what it is.
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Verdict;

    /// Memory to work with.
    fn scratch(&mut self) -> &mut Scratch;
}

/// Scores.
pub(crate) struct Scoring<'a> {
    pub(crate) model: &'a Model<'static>,
    pub(crate) scratch: &'a mut Scratch,
}

/// Collects what a model would see that knows everything.
pub(crate) struct Collecting<'a> {
    scratch: &'a mut Scratch,
    ngrams: Distinct,
    relations: Distinct,
    pub(crate) pieces: Vec<Piece>,
}

// === impl Scratch ===

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch {
            ngrams: Distinct::new(KNOWN_NGRAMS),
            relations: Distinct::new(KNOWN_RELATIONS),
            sliding: Sliding::default(),
            layers: Default::default(),
            left: [0; MAX_DEPTH],
        }
    }
}

impl Scratch {
    /// Whether a view of so many bytes may be read of a text that lies so deep; it is, then.
    pub(crate) fn may_read(&mut self, depth: usize, bytes: usize) -> bool {
        let left = self.left.get_mut(depth).filter(|left| **left >= bytes);
        left.map(|left| *left -= bytes).is_some()
    }

    /// Bytes that it takes. They depend on the texts that were read.
    pub fn size(&self) -> usize {
        let layer = |layer: &Layer| {
            layer.reading.size() + layer.quotations.size() + size_of::<Event>() * layer.events.capacity()
        };
        self.ngrams.size()
            + self.relations.size()
            + self.sliding.size()
            + self.layers.iter().map(layer).sum::<usize>()
    }
}

// === impl Layer ===

impl Layer {
    /// Where in the source the words of a concept stand.
    pub(crate) fn sources(&self, concept: Option<ConceptId>) -> Vec<Range<usize>> {
        let of_it = self.events.iter().filter(|event| Some(event.concept) == concept);
        of_it.map(|event| self.reading.source(&(event.start as usize..event.end as usize))).collect()
    }
}

// === impl Stretch ===

impl Stretch<'_> {
    fn inside(&self) -> &[u8] {
        self.text.get(self.at.clone()).unwrap_or_default()
    }

    /// Meets its relations, by what `place` says of their addresses.
    fn relations(&self, sliding: &mut Sliding, place: impl Fn(u32) -> Option<u32>, distinct: &mut Distinct) {
        distinct.clear();
        let start = small(self.at.start);
        let events = self.events.get(self.among.clone()).unwrap_or_default();
        let mut meet = |relation: Relation| {
            if let Some(place) = place(relation.address()) {
                distinct.meet(place);
            }
        };
        if self.scope == Scope::Message {
            relation::relations(events, start, self.setting, meet);
        } else {
            relation::of_stretch(events, start, self.setting, &mut meet);
            sliding.relations(self.events, &self.among, place, distinct);
        }
    }

    /// Meets its n-grams, by what `place` says of their addresses.
    fn ngrams(
        &self,
        sliding: &mut Sliding,
        place: impl Fn(u32) -> Option<u32> + Copy,
        distinct: &mut Distinct,
    ) {
        distinct.clear();
        let text = (self.text, self.quotations);
        if self.scope == Scope::Message {
            grams::ngrams(text, &self.at, place, distinct);
        } else {
            sliding.ngrams(text, &self.at, place, distinct);
        }
    }
}

// === impl Scoring ===

impl Judge for Scoring<'_> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Verdict {
        let (head, dense) = (stretch.scope.head(), is_dense(stretch.inside()));
        let calibration = self.model.calibration(stretch.scope, dense);
        let (model, Scratch { sliding, ngrams, relations, .. }) = (self.model, &mut *self.scratch);
        stretch.relations(sliding, |address| model.relation(head, address), relations);
        let group = group(head, dense, stretch.inside().len());
        let of_relations = model.of_relations(group, relations.met());
        let open = i64::from(calibration.at_50) - of_relations;
        // A whole message is weak evidence gathered.
        let was_open = stretch.scope == Scope::Message || open <= MOST_OF_NGRAMS;
        let exact = was_open || stretch.sighted;
        let verdict = Verdict { logit: of_relations, calibration, was_open, exact, confirmed: false };
        if !exact {
            return verdict;
        }
        stretch.ngrams(sliding, |address| model.known_ngrams.place(address), ngrams);
        Verdict { logit: of_relations + model.of_ngrams(head, ngrams.met()), ..verdict }
    }

    fn scratch(&mut self) -> &mut Scratch {
        self.scratch
    }
}

// === impl Collecting ===

impl<'a> Collecting<'a> {
    pub(crate) fn new(scratch: &'a mut Scratch) -> Collecting<'a> {
        Collecting {
            scratch,
            ngrams: Distinct::new(NGRAMS),
            relations: Distinct::new(RELATIONS),
            pieces: Vec::new(),
        }
    }
}

impl Judge for Collecting<'_> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Verdict {
        let (head, sliding) = (stretch.scope.head(), &mut self.scratch.sliding);
        stretch.relations(sliding, |address| Some(head.address(address)), &mut self.relations);
        stretch.ngrams(sliding, Some, &mut self.ngrams);
        self.pieces.push(Piece {
            scope: stretch.scope,
            dense: is_dense(stretch.inside()),
            span: stretch.span.clone(),
            len: stretch.inside().len(),
            ngrams: self.ngrams.met().to_vec(),
            relations: self.relations.met().to_vec(),
        });
        Verdict::default()
    }

    fn scratch(&mut self) -> &mut Scratch {
        self.scratch
    }
}
