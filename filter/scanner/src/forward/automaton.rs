//! An unanchored lazy DFA of factors.
//!
//! It has its own determiniser because it needs of each end of a factor which ones ended and the largest distance of all
//! that are open there, sees escape sequences as the exact machine does, and unites the states of open factors with those
//! of a new beginning, which are computed once per byte class instead of at every step.

use super::closure::{Closure, Reached};
use super::rest::{RestStates, Rests};
use crate::escaped::Escaped;
use crate::factor::Factor;
use crate::limits::{FORWARD_CACHE_BYTES, MAX_NFA_BYTES};
use crate::look::{self, Neighbour};
use crate::program;
use foldhash::fast::FixedState;
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID as NfaId;
use regex_syntax::hir::Hir;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

/// The factors, compiled.
#[derive(Debug)]
pub(super) struct Automaton {
    nfa: NFA,
    /// By NFA state: the distance of its factor.
    distances: Vec<u16>,
    /// Bytes that no factor and no escape sequence tells apart.
    classes: Box<[u8; 256]>,
    class_count: usize,
    rests: Rests,
}

/// The states built so far.
pub(super) struct States {
    rows: Vec<Row>,
    keys: Vec<Rc<Key>>,
    ids: HashMap<Rc<Key>, Step, FixedState>,
    /// States in which no factor is open, by what is before them.
    starts: [Option<Step>; STARTS],
    /// Open factors behind their first byte, by what is before it and its class.
    begun: Vec<Option<Rc<Open>>>,
    bytes: usize,
    closure: Closure,
    rests: RestStates,
}

/// How many states there are in which no factor is open: by escape sequence, and whether a word is before them.
const STARTS: usize = 2 * Escaped::COUNT;

/// The steps of a state by byte, not by class: that would be one more lookup. Aligned, so that the small letters share a
/// cache line, and so do space, digits and most punctuation.
#[derive(Debug)]
#[repr(align(64))]
struct Row([Step; 256]);

/// The part of an automaton that reads ordinary text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a>(&'a [Row]);

/// An entry of the table: a state, or "not built yet". States in which a factor ends are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step(u16);

/// What a state is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    escaped: Escaped,
    before: Neighbour,
    /// Byte-consuming NFA states, sorted.
    open: Box<[NfaId]>,
    /// Factors that end here, sorted.
    ended: Box<[u16]>,
    /// The largest distance of these and of the open ones.
    distance: u16,
}

/// Factors that are open behind a byte.
#[derive(Debug, Default)]
struct Open {
    nfa: Vec<NfaId>,
    /// Those that end there.
    ended: Vec<u16>,
    /// The largest distance of all of them.
    distance: u16,
}

// === impl Step ===

impl Step {
    const END: u16 = 1 << 15;
    const UNKNOWN: Step = Step(u16::MAX);

    /// A factor ends here, or the state is not known.
    fn is_special(self) -> bool {
        self.0 >= Step::END
    }

    /// The same of one of several.
    pub(super) fn is_any_special<const N: usize>(steps: [Step; N]) -> bool {
        steps.into_iter().fold(0, |all, step| all | step.0) >= Step::END
    }

    fn index(self) -> usize {
        usize::from(self.0 & !Step::END)
    }

    /// The state without its mark.
    pub(super) fn plain(self) -> Step {
        Step(self.0 & !Step::END)
    }
}

impl Rows<'_> {
    /// The step of `state` on `byte`, if it is built.
    pub(super) fn step(self, state: Step, byte: u8) -> Step {
        let row = self.0.get(usize::from(state.0));
        row.and_then(|row| row.0.get(usize::from(byte))).copied().unwrap_or(Step::UNKNOWN)
    }
}

/// Reads `text` in two automata at once, up to the first byte on which one of them has to be looked at; returns how far
/// that was, and the states in front of it.
pub(super) fn skip(rows: [Rows<'_>; 2], states: [Step; 2], text: &[u8]) -> (usize, [Step; 2]) {
    let ([one, other], mut states) = (rows, states);
    for (at, &byte) in text.iter().enumerate() {
        let [in_one, in_other] = states;
        let next = [one.step(in_one, byte), other.step(in_other, byte)];
        if Step::is_any_special(next) {
            return (at, states);
        }
        states = next;
    }
    (text.len(), states)
}

// === impl Automaton ===

impl Automaton {
    pub(super) fn new(factors: &[&Factor]) -> Result<Automaton, String> {
        let config = thompson::Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MAX_NFA_BYTES));
        let hirs: Vec<&Hir> = factors.iter().map(|factor| &factor.hir).collect();
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_many_from_hir(&hirs)
            .map_err(|error| error.to_string())?;
        let most = usize::from(u16::MAX);
        let distance =
            |owner: Option<usize>| owner.and_then(|pattern| factors.get(pattern)).map_or(0, |f| f.distance);
        let distances = program::owners(&nfa, factors.len())
            .into_iter()
            .map(|owner| u16::try_from(distance(owner).min(most)).unwrap_or(0))
            .collect();
        let (classes, class_count) = classes(&nfa);
        Ok(Automaton { nfa, distances, classes, class_count, rests: Rests::new(factors)? })
    }

    pub(super) fn states(&self) -> States {
        let mut begun = Vec::new();
        begun.resize_with(Neighbour::COUNT * self.class_count, || None);
        States {
            rows: Vec::new(),
            keys: Vec::new(),
            ids: HashMap::default(),
            starts: [None; STARTS],
            begun,
            bytes: 0,
            closure: Closure::new(&self.nfa),
            rests: self.rests.states(),
        }
    }

    fn class(&self, byte: u8) -> usize {
        self.classes.get(usize::from(byte)).copied().map_or(0, usize::from)
    }
}

/// Classes of bytes that nothing here tells apart, and how many there are.
fn classes(nfa: &NFA) -> (Box<[u8; 256]>, usize) {
    let mut ids = HashMap::new();
    let mut classes = Box::new([0; 256]);
    for byte in 0..=255 {
        let escape = match byte {
            b'n' | b'r' | b't' => b'n',
            b'\\' | b'%' | b'u' | b'x' => byte,
            _ if byte.is_ascii_hexdigit() => b'0',
            _ => 0,
        };
        let next = u8::try_from(ids.len()).unwrap_or(u8::MAX);
        let key = (nfa.byte_classes().get(byte), escape, word_or_not(Neighbour::of(byte)));
        let class = *ids.entry(key).or_insert(next);
        if let Some(entry) = classes.get_mut(usize::from(byte)) {
            *entry = class;
        }
    }
    (classes, ids.len())
}

/// All that look-arounds in front of factors tell apart.
fn word_or_not(neighbour: Neighbour) -> Neighbour {
    if neighbour == Neighbour::Word { Neighbour::Word } else { Neighbour::Other }
}

// === impl States ===

impl States {
    /// The state behind `before`, in which no factor is open.
    pub(super) fn start(&mut self, before: (Escaped, Neighbour)) -> Step {
        let (escaped, before) = (before.0, word_or_not(before.1));
        let slot = 2 * escaped.index() + usize::from(before == Neighbour::Word);
        if let Some(Some(start)) = self.starts.get(slot) {
            return *start;
        }
        let start = self.intern(Key { escaped, before, open: [].into(), ended: [].into(), distance: 0 });
        if let Some(entry) = self.starts.get_mut(slot) {
            *entry = Some(start);
        }
        start
    }

    /// Where the text stands at `state`, as far as states tell it apart.
    pub(super) fn before(&self, state: Step) -> (Escaped, Neighbour) {
        self.keys.get(state.index()).map_or(Escaped::FIRST, |key| (key.escaped, key.before))
    }

    /// The states built so far, for [`skip`].
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows(&self.rows)
    }

    /// The step of `state` on `byte`.
    pub(super) fn step(&mut self, automaton: &Automaton, state: Step, byte: u8) -> Step {
        let next = self.rows().step(state, byte);
        if next == Step::UNKNOWN { self.build(automaton, state, byte) } else { next }
    }

    /// Whether a factor ends at `step` that can belong to a match that goes on with `text`. Adds the bytes that were read
    /// to `looked`; with `free` of them or more every factor can.
    pub(super) fn goes_on(
        &mut self,
        automaton: &Automaton,
        step: Step,
        text: &[u8],
        free: usize,
        looked: &mut usize,
    ) -> bool {
        let Some(key) = self.keys.get(step.index()).filter(|_| step.is_special()) else { return false };
        *looked >= free || self.rests.follow(&automaton.rests, &key.ended, text, looked)
    }

    /// Whether the next state that is built takes the place of all others.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > FORWARD_CACHE_BYTES || self.keys.len() + 2 >= usize::from(Step::END)
    }

    /// The largest distance of the factors that end or are open at `step`.
    pub(super) fn distance(&self, step: Step) -> usize {
        self.keys.get(step.index()).map_or(0, |key| usize::from(key.distance))
    }

    fn intern(&mut self, key: Key) -> Step {
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let mark = if key.ended.is_empty() { 0 } else { Step::END };
        let id = Step(u16::try_from(self.keys.len()).unwrap_or(0) | mark);
        self.rows.push(Row([Step::UNKNOWN; 256]));
        self.bytes += size_of::<Row>() + size_of_val(&*key.open) + size_of::<Key>();
        let key = Rc::new(key);
        self.keys.push(Rc::clone(&key));
        self.ids.insert(key, id);
        id
    }

    /// Builds the step of `state` on `byte`.
    fn build(&mut self, automaton: &Automaton, state: Step, byte: u8) -> Step {
        let Some(key) = self.keys.get(state.index()).cloned() else { return Step(0) };
        let is_full = self.is_full();
        if is_full {
            self.rows.clear();
            self.keys.clear();
            self.ids.clear();
            self.starts = [None; STARTS];
            self.bytes = 0;
        }
        let mut open = Open::default();
        self.closure.begin();
        for &id in &key.open {
            if let Some(next) = program::step(automaton.nfa.state(id), byte) {
                open.extend(automaton, &mut self.closure, next, |_| true);
            }
        }
        let begun = self.begun(automaton, key.before, byte);
        open.nfa.extend_from_slice(&begun.nfa);
        open.nfa.sort_unstable();
        open.nfa.dedup();
        open.ended.extend_from_slice(&begun.ended);
        open.ended.sort_unstable();
        open.ended.dedup();
        let (escaped, before) = key.escaped.read(byte);
        let next = Key {
            escaped,
            before: word_or_not(before),
            open: open.nfa.into(),
            ended: open.ended.into(),
            distance: open.distance.max(begun.distance),
        };
        let next = self.intern(next);
        if !is_full && let Some(row) = self.rows.get_mut(state.index()) {
            let class = automaton.class(byte);
            let same =
                row.0.iter_mut().zip(automaton.classes.iter()).filter(|(_, of)| usize::from(**of) == class);
            same.for_each(|(entry, _)| *entry = next);
        }
        next
    }

    /// The factors that begin with `byte`, with `before` on its left.
    fn begun(&mut self, automaton: &Automaton, before: Neighbour, byte: u8) -> Rc<Open> {
        let slot = before as usize * automaton.class_count + automaton.class(byte);
        if let Some(Some(begun)) = self.begun.get(slot) {
            return Rc::clone(begun);
        }
        let ahead = Neighbour::of(byte);
        let mut first = Open::default();
        self.closure.begin();
        let start = automaton.nfa.start_anchored();
        first.extend(automaton, &mut self.closure, start, |look| look::holds(look, before, ahead));
        let mut begun = Open::default();
        self.closure.begin();
        for &id in &first.nfa {
            if let Some(next) = program::step(automaton.nfa.state(id), byte) {
                begun.extend(automaton, &mut self.closure, next, |_| true);
            }
        }
        let begun = Rc::new(begun);
        if let Some(entry) = self.begun.get_mut(slot) {
            *entry = Some(Rc::clone(&begun));
        }
        begun
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States")
            .field("states", &self.keys.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

// === impl Open ===

impl Open {
    /// Adds what can be reached from `from` without a byte. `holds` decides about look-arounds: those inside a factor are
    /// left to the exact machine.
    fn extend(
        &mut self,
        automaton: &Automaton,
        closure: &mut Closure,
        from: NfaId,
        holds: impl Fn(Look) -> bool,
    ) {
        closure.walk(&automaton.nfa, from, holds, |id, reached| {
            match reached {
                Reached::Open(id) => self.nfa.push(id),
                Reached::End(factor) => self.ended.push(factor),
            }
            let distance = automaton.distances.get(id.as_usize()).copied().unwrap_or(0);
            self.distance = self.distance.max(distance);
        });
    }
}
