//! From a text to a score.

use crate::claim::{Claim, Extent, Found, is_code};
use crate::concept::{Concepts, Event, LexiconError, small};
use crate::cut::Cut;
use crate::disguised::{self, Signs};
use crate::document::{Knowledge, Technique};
use crate::judged::{Judged, Spans};
use crate::limits::{
    LONG_WORD, MAX_DEPTH, MAX_HITS, MAX_KNOWLEDGE, SEGMENT, SEGMENT_OVERLAP, SHORT, VIEWS, WHOLE,
};
use crate::lookalike::Lookalikes;
use crate::model::{Head, Model, ModelError, Scope};
use crate::quotation::Quotations;
use crate::reading::Reading;
use crate::relation::{self, Setting};
use crate::stretch::{Collecting, Judge, Layer, Scoring, Scratch, Stretch};
use crate::stretches::boundary;
use crate::technique::{TALK, Techniques, UnknownConcept};
use crate::traditional::Traditional;
use crate::typo::{Typos, Wrong};
use crate::window;
use aegis_disguise::utf8;
use miniz_oxide::inflate;
use std::ops::Range;

/// What the build put together: a document in JSON, by zlib (RFC 1950).
const KNOWLEDGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/knowledge.zlib"));
/// What `make train` made.
const WEIGHTS: &[u8] = include_bytes!("../weights.bin");

/// The score that a place has at least to be reported.
const WORTH_REPORTING: u8 = 30;

/// The score that a rule gives at most where the model is sure that nothing is wrong: less than what is marked at the usual level.
const DOUBTED: u8 = 45;

/// Finds prompt injection. Immutable; what changes while it looks is in a [`Scratch`].
#[derive(Debug)]
pub struct Detector {
    concepts: Concepts,
    techniques: Techniques,
    typos: Typos,
    model: Model<'static>,
    rotated: Option<u8>,
    reversed: Option<u8>,
}

/// Who wrote a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Writer {
    /// The user, who may say what is to be done.
    User,
    /// Somebody else: a tool, a document, a web page.
    Other,
}

/// What a text looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Of 100: from 50 on it is more likely an attack than nearly all harmless texts.
    pub score: u8,
    /// What carries it, strongest first.
    pub hits: Vec<Hit>,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// Of 100.
    pub score: u8,
    /// What it is for the one who wants to know.
    pub cause: Cause,
}

/// What a score comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The model.
    Model(Scope),
    /// The rule with this index.
    Technique(usize),
}

/// A stretch of a text as the model sees it.
#[derive(Debug, Clone)]
pub struct Piece {
    /// What it is judged as.
    pub scope: Scope,
    /// It is in a script without spaces.
    pub dense: bool,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// How many they are as they read.
    pub len: usize,
    /// Addresses of distinct n-grams …
    pub ngrams: Vec<u32>,
    /// … and of relations between concepts.
    pub relations: Vec<u32>,
}

/// Why a detector cannot be made. What is embedded is damaged, or was not checked.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The lexicon and the techniques cannot be inflated.
    #[error("the lexicon cannot be inflated: {0:?}")]
    Deflated(inflate::TINFLStatus),
    /// The lexicon and the techniques cannot be read.
    #[error("the lexicon cannot be read: {0}")]
    Knowledge(#[from] serde_json::Error),
    /// The lexicon cannot be used.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
    /// A technique cannot be used.
    #[error(transparent)]
    Technique(#[from] UnknownConcept),
    /// The weights cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

// === impl Writer ===

impl Writer {
    fn head(self) -> Head {
        match self {
            Writer::User => Head::User,
            Writer::Other => Head::Other,
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// The places with at least this score, in order and disjoint: what overlaps is one place, and the strongest speaks
    /// for it.
    pub fn places(&self, from: u8) -> Vec<Hit> {
        let mut hits: Vec<&Hit> = self.hits.iter().filter(|hit| hit.score >= from).collect();
        hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
        let mut places: Vec<Hit> = Vec::new();
        for hit in hits {
            match places.last_mut() {
                Some(last) if last.span.end > hit.span.start => {
                    last.span.end = last.span.end.max(hit.span.end);
                    if hit.score > last.score {
                        (last.score, last.cause) = (hit.score, hit.cause);
                    }
                }
                _ => places.push(hit.clone()),
            }
        }
        places
    }
}

// === impl Detector ===

impl Detector {
    /// The built-in one.
    pub fn new() -> Result<Detector, LoadError> {
        Detector::with_weights(WEIGHTS)
    }

    /// With weights of one's own.
    pub fn with_weights(weights: &'static [u8]) -> Result<Detector, LoadError> {
        let document = inflate::decompress_to_vec_zlib_with_limit(KNOWLEDGE, MAX_KNOWLEDGE)
            .map_err(|error| LoadError::Deflated(error.status))?;
        let knowledge: Knowledge = serde_json::from_slice(&document)?;
        let concepts = Concepts::new(&knowledge.concepts)?;
        Ok(Detector {
            techniques: Techniques::new(knowledge.techniques, &concepts)?,
            typos: Typos::new(&knowledge.concepts),
            model: Model::read(weights)?,
            rotated: concepts.by_name("rotated"),
            reversed: concepts.by_name("reversed"),
            concepts,
        })
    }

    /// SHA-256 of what the weights were made from.
    pub fn digest(&self) -> &[u8] {
        self.model.digest
    }

    /// Bytes that it takes: the weights, what the build put together, and what is made of it.
    pub fn size(&self) -> usize {
        WEIGHTS.len()
            + KNOWLEDGE.len()
            + self.concepts.size()
            + self.techniques.size()
            + self.typos.size()
            + Traditional::get().size()
            + Lookalikes::get().size()
    }

    /// The rule at `index`.
    pub fn technique(&self, index: usize) -> Option<&Technique> {
        self.techniques.rule(index)
    }

    /// How much `text` looks like an attack.
    pub fn look(&self, scratch: &mut Scratch, text: &[u8], writer: Writer) -> Outcome {
        let (found, windows) = self.walk(text, writer, &mut Scoring { model: &self.model, scratch });
        let score = found.iter().map(|one| one.claim.score(windows)).max().unwrap_or_default();
        let hits = found.into_iter().map(|one| Hit {
            score: one.claim.score(windows),
            span: whole_characters(text, &one.span),
            cause: one.claim.cause(),
        });
        Outcome { score, hits: hits.filter(|hit| hit.score >= WORTH_REPORTING).collect() }
    }

    /// The stretches of `text` that the model would judge.
    pub fn pieces(&self, scratch: &mut Scratch, text: &[u8], writer: Writer) -> Vec<Piece> {
        let mut collecting = Collecting::new(scratch);
        self.walk(text, writer, &mut collecting);
        collecting.pieces
    }

    /// What carries the score of `text` at `span`, weightiest first: relations between concepts with their weights.
    pub fn explain(&self, text: &[u8], span: &Range<usize>, writer: Writer) -> Vec<(String, i8)> {
        let mut reading = Reading::default();
        // What quotes it stands around it.
        let from = boundary(text, span.start.saturating_sub(SEGMENT / 2));
        let to = boundary(text, span.end.saturating_add(SEGMENT / 2));
        reading.read(text.get(from..to).unwrap_or_default());
        let mut events = Vec::new();
        self.concepts.find(&reading.text, false, (&mut events, &mut Vec::new()), |_| {});
        let mut quotations = Quotations::default();
        quotations.read(&reading.text);
        quotations.mark(&mut events);
        let source = |event: &Event| {
            let at = reading.source(&(event.start as usize..event.end as usize));
            from + at.start..from + at.end
        };
        events.retain(|event| span.start <= source(event).start && source(event).end <= span.end);
        let start = events.first().map_or(0, |first| {
            first.start.saturating_sub(small(source(first).start.saturating_sub(span.start)))
        });
        let head = writer.head();
        let mut found = Vec::new();
        let name = |id| self.concepts.name(id).to_owned();
        relation::relations(&events, start, Setting::default(), |relation| {
            let weight = self.model.relation_weight(head, relation.address());
            found.extend(relation.describe(name).filter(|_| weight != 0).map(|words| (words, weight)));
        });
        found.sort_by(|left, right| right.1.unsigned_abs().cmp(&left.1.unsigned_abs()).then(left.cmp(right)));
        found.dedup();
        found
    }

    /// Shows `judge` what is worth a judgement. Returns what is found, and the number of windows.
    fn walk(&self, text: &[u8], writer: Writer, judge: &mut impl Judge) -> (Vec<Found>, usize) {
        let (mut found, mut windows, mut start) = (Vec::new(), 0, 0);
        loop {
            let end = text.len().min(start + SEGMENT);
            judge.scratch().left = [VIEWS * (end - start).max(SEGMENT / VIEWS); MAX_DEPTH];
            let segment = text.get(start..end).unwrap_or_default();
            let from = found.len();
            let at = (start == 0, end == text.len());
            let whole = at == (true, true);
            let part = Part { writer, whole, at, encoded: false, spaceless: false, depth: 0 };
            self.segment(segment, part, judge, &mut found);
            for one in found.iter_mut().skip(from) {
                one.span = start + one.span.start..start + one.span.end;
                windows += usize::from(one.claim.is_open_window());
            }
            // Windows may lose some yet, and rules do not.
            found.sort_by_key(|one| std::cmp::Reverse(one.claim.score(usize::MAX)));
            found.truncate(MAX_HITS);
            if end == text.len() {
                return (found, windows);
            }
            start = end - SEGMENT_OVERLAP;
        }
    }

    /// Reads a segment, and what is hidden in it, in as many pieces as its concepts ask for. Spans are those of the segment.
    fn segment(&self, text: &[u8], part: Part, judge: &mut impl Judge, found: &mut Vec<Found>) {
        let (mut start, mut part) = (0, part);
        loop {
            let from = found.len();
            let end = self.piece(text.get(start..).unwrap_or_default(), part, judge, found);
            for one in found.iter_mut().skip(from) {
                one.span = start + one.span.start..start + one.span.end;
            }
            let Some(end) = end else { return };
            start = boundary(text, start + end.max(2 * SEGMENT_OVERLAP) - SEGMENT_OVERLAP);
            part = Part { whole: false, at: (false, part.at.1), ..part };
        }
    }

    /// Reads a piece of a segment, as far as there is room for its concepts; returns where that ends in front of its end.
    fn piece(
        &self,
        text: &[u8],
        part: Part,
        judge: &mut impl Judge,
        found: &mut Vec<Found>,
    ) -> Option<usize> {
        // Nothing that is read inside is as deep.
        let mut layer = judge.scratch().layers.get_mut(part.depth).map(std::mem::take)?;
        layer.reading.read(text);
        let (reading, mut signs) = (&layer.reading, Signs::default());
        let is_short = reading.text.len() <= SHORT;
        let mut cut = Cut::new(is_short || part.depth > 0);
        let seen = (&mut layer.events, &mut signs.joints);
        let end = self.concepts.find(&reading.text, part.spaceless, seen, |word| {
            if word.len() >= LONG_WORD {
                signs.long.push(word.clone());
            }
            if let Some(whole) = cut.meet(&self.typos, &reading.text, &word) {
                while signs.wrong.pop_if(|one: &mut Wrong| one.span.end > whole.span.start).is_some() {}
                return signs.wrong.push(whole);
            }
            let wrong = self.typos.wrong(&reading.text, word.clone());
            let misspelt = || if is_short { self.typos.misspelt(&reading.text, word) } else { None };
            signs.wrong.extend(wrong.or_else(misspelt));
        });
        for joint in &mut signs.joints {
            *joint = reading.source(&(*joint..*joint)).start;
        }
        let end = end.map(|end| reading.source(&(end..end)).start);
        for span in signs.wrong.iter_mut().map(|one| &mut one.span).chain(&mut signs.long) {
            *span = reading.characters(text, span);
        }
        // What is not seen inside a word may be longer than a view can say.
        signs.wrong.retain(|one| u8::try_from(one.span.len()).is_ok());
        layer.quotations.read(&layer.reading.text);
        layer.quotations.mark(&mut layer.events);
        signs.rotated = layer.sources(self.rotated);
        signs.reversed = layer.sources(self.reversed);
        signs.invisible = layer.reading.invisible;
        signs.markup = layer.reading.markup;
        self.judge(text, &layer, part, judge, found);
        if let Some(place) = judge.scratch().layers.get_mut(part.depth) {
            *place = layer;
        }
        if part.depth >= MAX_DEPTH {
            return end;
        }
        for hidden in disguised::disguised(text, &signs, &self.typos) {
            if !judge.scratch().may_read(part.depth, hidden.text().len()) {
                continue;
            }
            let inner = Part {
                encoded: part.encoded || hidden.encoded,
                spaceless: hidden.spaceless,
                depth: part.depth + 1,
                whole: part.whole && hidden.whole,
                ..part
            };
            let mut inside = Vec::new();
            self.segment(hidden.text(), inner, judge, &mut inside);
            found.extend(inside.into_iter().filter_map(|one| {
                let span = hidden.source(&one.span)?;
                Some(Found { span: span.start.min(text.len())..span.end.min(text.len()), ..one })
            }));
        }
        end
    }

    /// Judges what was read of a text.
    fn judge(
        &self,
        source: &[u8],
        Layer { reading, events, quotations }: &Layer,
        part: Part,
        judge: &mut impl Judge,
        found: &mut Vec<Found>,
    ) {
        let text = reading.text.as_slice();
        let windows = window::windows(text, &self.concepts, events);
        let long = windows.len() > 1 || !part.whole || text.len() > WHOLE;
        let setting = Setting { invisible: reading.invisible > 2, encoded: part.encoded, part: long };
        let among = |at: &Range<usize>| {
            let from = events.partition_point(|event| (event.start as usize) < at.start);
            from..events.partition_point(|event| event.end as usize <= at.end).max(from)
        };
        let user = part.writer == Writer::User;
        let apart = !user || long;
        let is_code = |span: &Range<usize>| is_code(source, &reading.source(span));
        let sightings = self.techniques.find(&self.concepts, text, events, is_code);
        // What a user writes with the words of an attack is likelier to be one than the model knows.
        let sighted = Spans::of(sightings.iter().filter(|_| !user).map(|one| &one.span));
        let mut judged = Judged::default();
        let first = found.len();
        if !events.is_empty() {
            judge.scratch().sliding.clear();
            let mut stretch = |scope, at: Range<usize>, setting| {
                let (among, span) = (among(&at), reading.source(&at));
                let verdict = judge.stretch(&Stretch {
                    scope,
                    text,
                    quotations,
                    at: at.clone(),
                    events,
                    among,
                    setting,
                    span: &span,
                    sighted: sighted.touch(&at),
                });
                match scope {
                    Scope::Message => judged.whole(at, verdict),
                    Scope::MessageWindow | Scope::DocumentWindow => judged.window(at, verdict),
                }
                // The beginning of a long message is a part of it.
                let is_whole = scope == Scope::Message && part.whole && text.len() <= WHOLE;
                let extent = if is_whole { Extent::Whole } else { Extent::Part };
                found.push(Found { span, claim: Claim::Model(scope, verdict, extent) });
            };
            for whole in window::wholes(text, part.at).filter(|_| user) {
                let inside = events.get(among(&whole)).unwrap_or_default();
                if window::is_suspicious(text.len(), &self.concepts, inside) {
                    stretch(Scope::Message, whole, Setting { part: false, ..setting });
                }
            }
            let scope = if user { Scope::MessageWindow } else { Scope::DocumentWindow };
            for window in windows.into_iter().filter(|_| apart) {
                stretch(scope, window, setting);
            }
        }
        for sighting in sightings {
            if !sighting.talk {
                for number in judged.numbers(&sighting.span) {
                    if let Some(one) = found.get_mut(first + number) {
                        one.claim.confirm();
                    }
                }
            }
            let floor = match part.writer {
                Writer::User => sighting.user_floor,
                Writer::Other => sighting.floor,
            };
            let floor = if sighting.talk { floor.saturating_sub(TALK) } else { floor };
            // Who quotes an attack writes its skeleton, too, but does not disguise it.
            let doubted = part.depth == 0 && judged.is_harmless(part.writer.head(), &sighting.span);
            let floor = if doubted { floor.min(DOUBTED) } else { floor };
            let claim = Claim::Technique(sighting.rule, floor);
            found.push(Found { span: reading.source(&sighting.span), claim });
        }
    }
}

/// What is known of a text in which something is looked for.
#[derive(Debug, Clone, Copy)]
struct Part {
    writer: Writer,
    /// There is nothing else.
    whole: bool,
    /// The text begins, and ends, here.
    at: (bool, bool),
    encoded: bool,
    spaceless: bool,
    /// In how many disguises it is; 0 for what is written.
    depth: usize,
}

/// `span` with the characters whole in which it begins and ends.
fn whole_characters(text: &[u8], span: &Range<usize>) -> Range<usize> {
    let inside = |at: &usize| text.get(*at).copied().is_some_and(utf8::is_inside);
    let start = (span.start.saturating_sub(3)..=span.start).rev().find(|at| !inside(at));
    let end = (span.end..text.len()).find(|at| !inside(at));
    start.unwrap_or(span.start)..end.unwrap_or(text.len())
}
