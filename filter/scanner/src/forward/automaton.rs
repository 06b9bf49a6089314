//! An unanchored lazy DFA of factors.
//!
//! It has its own determiniser because it needs of each hit the largest distance of all factors that are open there, sees
//! escape sequences as the exact machine does, and unites the states of open factors with those of a new beginning, which
//! are computed once per byte class instead of at every step.

use crate::escaped::Escaped;
use crate::factor::Factor;
use crate::limits::{FORWARD_CACHE_BYTES, MAX_NFA_BYTES};
use crate::look::{self, Neighbour};
use crate::program;
use regex_automata::nfa::thompson::{self, NFA, State, WhichCaptures};
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
    /// A row of the table has `1 << shift` entries.
    shift: u32,
}

/// The states built so far.
pub(super) struct States {
    /// A row of steps per state.
    steps: Vec<Step>,
    keys: Vec<Rc<Key>>,
    ids: HashMap<Rc<Key>, Step>,
    /// Open factors behind their first byte, by what is before it and its class.
    begun: Vec<Option<Rc<Open>>>,
    bytes: usize,
    scratch: Scratch,
}

/// An entry of the table: a state, "not built yet", or a hit and its distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step(u16);

/// What a state is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    escaped: Escaped,
    before: Neighbour,
    /// Byte-consuming NFA states, sorted.
    open: Box<[NfaId]>,
    /// The largest distance of the open factors.
    distance: u16,
}

/// Factors that are open behind a byte.
#[derive(Debug, Default)]
struct Open {
    nfa: Vec<NfaId>,
    /// One of them ends here.
    hit: bool,
    /// The largest distance, of those that end here, too.
    distance: u16,
}

#[derive(Default)]
struct Scratch {
    stack: Vec<NfaId>,
    seen: Vec<u32>,
    round: u32,
}

// === impl Step ===

impl Step {
    const HIT: u16 = 1 << 15;
    const UNKNOWN: Step = Step(u16::MAX);

    /// No state.
    pub(super) fn is_special(self) -> bool {
        self.0 >= Step::HIT
    }

    pub(super) fn is_unknown(self) -> bool {
        self == Step::UNKNOWN
    }
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
        let most = usize::from(Step::HIT) - 2;
        let distance =
            |owner: Option<usize>| owner.and_then(|pattern| factors.get(pattern)).map_or(0, |f| f.distance);
        let distances = program::owners(&nfa, factors.len())
            .into_iter()
            .map(|owner| u16::try_from(distance(owner).min(most)).unwrap_or(0))
            .collect();
        let (classes, count) = classes(&nfa);
        Ok(Automaton { nfa, distances, classes, shift: count.next_power_of_two().trailing_zeros() })
    }

    pub(super) fn states(&self) -> States {
        let mut begun = Vec::new();
        begun.resize_with(Neighbour::COUNT << self.shift, || None);
        States {
            steps: Vec::new(),
            keys: Vec::new(),
            ids: HashMap::new(),
            begun,
            bytes: 0,
            scratch: Scratch { seen: vec![0; self.nfa.states().len()], ..Scratch::default() },
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
    // What ordinary text consists of comes first, so that it shares a cache line of each row.
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.sort_by_key(|byte| !matches!(byte, b' ' | b'a'..=b'z' | b',' | b'.' | b'\n'));
    for byte in bytes {
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
    pub(super) fn start(&mut self, automaton: &Automaton, before: (Escaped, Neighbour)) -> Step {
        let key = Key { escaped: before.0, before: word_or_not(before.1), open: Box::default(), distance: 0 };
        self.intern(automaton, key)
    }

    /// The step of `state` on `byte`.
    pub(super) fn step(&self, automaton: &Automaton, state: Step, byte: u8) -> Step {
        self.steps.get(slot(automaton, state, byte)).copied().unwrap_or(Step::UNKNOWN)
    }

    /// The largest distance of the factors that end or are open at `step`.
    pub(super) fn distance(&self, step: Step) -> usize {
        let open = || self.keys.get(usize::from(step.0)).map_or(0, |key| key.distance);
        usize::from(if step.is_special() { step.0 & !Step::HIT } else { open() })
    }

    fn intern(&mut self, automaton: &Automaton, key: Key) -> Step {
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let id = Step(u16::try_from(self.keys.len()).unwrap_or(0));
        let row = 1 << automaton.shift;
        self.steps.resize(self.steps.len() + row, Step::UNKNOWN);
        self.bytes += row * size_of::<Step>() + key.open.len() * size_of::<NfaId>() + size_of::<Key>();
        let key = Rc::new(key);
        self.keys.push(Rc::clone(&key));
        self.ids.insert(key, id);
        id
    }

    /// Builds the step of `state` on `byte`.
    pub(super) fn build(&mut self, automaton: &Automaton, state: Step, byte: u8) -> Step {
        let Some(key) = self.keys.get(usize::from(state.0)).cloned() else { return Step(Step::HIT) };
        let is_full = self.bytes > FORWARD_CACHE_BYTES || self.keys.len() + 2 >= usize::from(Step::HIT);
        if is_full {
            self.steps.clear();
            self.keys.clear();
            self.ids.clear();
            self.bytes = 0;
        }
        let mut open = Open::default();
        self.scratch.begin();
        for &id in &key.open {
            if let Some(next) = program::step(automaton.nfa.state(id), byte) {
                self.scratch.close(automaton, next, &mut open, |_| true);
            }
        }
        let begun = self.begun(automaton, key.before, byte);
        open.nfa.extend_from_slice(&begun.nfa);
        let distance = open.distance.max(begun.distance);
        let next = if open.hit || begun.hit {
            Step(Step::HIT | distance)
        } else {
            open.nfa.sort_unstable();
            open.nfa.dedup();
            let (escaped, before) = key.escaped.read(byte);
            let open = open.nfa.as_slice().into();
            self.intern(automaton, Key { escaped, before: word_or_not(before), open, distance })
        };
        if !is_full && let Some(entry) = self.steps.get_mut(slot(automaton, state, byte)) {
            *entry = next;
        }
        next
    }

    /// The factors that begin with `byte`, with `before` on its left.
    fn begun(&mut self, automaton: &Automaton, before: Neighbour, byte: u8) -> Rc<Open> {
        let slot = ((before as usize) << automaton.shift) + automaton.class(byte);
        if let Some(Some(begun)) = self.begun.get(slot) {
            return Rc::clone(begun);
        }
        let ahead = Neighbour::of(byte);
        let mut first = Open::default();
        self.scratch.begin();
        let start = automaton.nfa.start_anchored();
        self.scratch.close(automaton, start, &mut first, |look| look::holds(look, before, ahead));
        let mut begun = Open::default();
        self.scratch.begin();
        for &id in &first.nfa {
            if let Some(next) = program::step(automaton.nfa.state(id), byte) {
                self.scratch.close(automaton, next, &mut begun, |_| true);
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

fn slot(automaton: &Automaton, state: Step, byte: u8) -> usize {
    (usize::from(state.0) << automaton.shift) + automaton.class(byte)
}

// === impl Scratch ===

impl Scratch {
    /// Forgets what was seen.
    fn begin(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.seen.fill(0);
            self.round = 1;
        }
    }

    /// Adds to `open` what can be reached from `from` without a byte. `holds` decides about look-arounds: those inside a
    /// factor are left to the exact machine.
    fn close(&mut self, automaton: &Automaton, from: NfaId, open: &mut Open, holds: impl Fn(Look) -> bool) {
        self.stack.push(from);
        while let Some(id) = self.stack.pop() {
            match self.seen.get_mut(id.as_usize()) {
                Some(round) if *round != self.round => *round = self.round,
                _ => continue,
            }
            let distance = automaton.distances.get(id.as_usize()).copied().unwrap_or(0);
            match automaton.nfa.state(id) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => {
                    open.nfa.push(id);
                    open.distance = open.distance.max(distance);
                }
                State::Look { look, next } => {
                    if holds(*look) {
                        self.stack.push(*next);
                    }
                }
                State::Union { alternates } => self.stack.extend_from_slice(alternates),
                State::BinaryUnion { alt1, alt2 } => self.stack.extend([*alt2, *alt1]),
                State::Capture { next, .. } => self.stack.push(*next),
                State::Match { .. } => {
                    open.hit = true;
                    open.distance = open.distance.max(distance);
                }
                State::Fail => {}
            }
        }
    }
}
