//! The anchored DFA of all rules, built lazily from the NFA and shared by all streams of a thread.

use crate::RuleIndex;
use crate::forward::{Forward, ForwardCache};
use crate::limits::MAX_CACHE_BYTES;
use crate::look::{self, Neighbour};
use crate::program::{self, Program};
use foldhash::fast::FixedState;
use regex_automata::nfa::thompson::State as NfaState;
use regex_automata::util::primitives::StateID as NfaId;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

/// A DFA state. Valid until the cache is cleared; [`Key`] survives that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateId(u32);

/// What a DFA state is, independent of any cache.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The byte before the current position.
    before: Neighbour,
    /// Byte-consuming NFA states and look-arounds that wait for the next byte, sorted.
    nfa: Box<[NfaId]>,
    /// Rules that match exactly here, in order of precedence.
    matched: Box<[RuleIndex]>,
}

/// What a thread asks of its state at every byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// A start that is older than this many bytes cannot match any more.
    pub(crate) reach: u32,
    /// Some rule matches exactly here.
    pub(crate) matched: bool,
    /// A look-around waits for the next byte.
    pub(crate) looking: bool,
    /// The state can still consume bytes or resolve a look-around.
    pub(crate) live: bool,
    /// A rule whose match may be longer than its cap, because it is in its open run.
    pub(crate) tail: Option<RuleIndex>,
}

/// Everything that is built while scanning. One per thread; any number of streams of one scanner share it.
pub struct Cache {
    keys: Vec<Rc<Key>>,
    facts: Vec<Facts>,
    ids: HashMap<Rc<Key>, StateId, FixedState>,
    /// `class_count` entries per state.
    steps: Vec<StateId>,
    /// [`Neighbour::COUNT`] entries per state.
    resolved: Vec<StateId>,
    /// First step of a match, by neighbour and class.
    spawns: Vec<StateId>,
    class_count: usize,
    bytes: usize,
    epoch: u64,
    /// Steps of threads, see [`Cache::work`].
    pub(crate) work: u64,
    scratch: Scratch,
    /// State of the unanchored fast pass.
    pub(crate) forward: ForwardCache,
}

#[derive(Default)]
struct Scratch {
    stack: Vec<NfaId>,
    seen: Vec<u32>,
    round: u32,
    nfa: Vec<NfaId>,
    matched: Vec<RuleIndex>,
}

// === impl StateId ===

impl StateId {
    /// The state without a future.
    pub(crate) const DEAD: StateId = StateId(0);
    const UNKNOWN: StateId = StateId(u32::MAX);

    fn index(self) -> usize {
        self.0 as usize
    }

    fn known(self) -> Option<StateId> {
        (self != StateId::UNKNOWN).then_some(self)
    }
}

// === impl Facts ===

impl Facts {
    /// Those of [`StateId::DEAD`].
    const DEAD: Facts = Facts { reach: 0, matched: false, looking: false, live: false, tail: None };

    /// Whether nothing happens here but that threads go on.
    pub(crate) fn is_plain(&self) -> bool {
        self.live && !self.matched && self.tail.is_none()
    }
}

// === impl Cache ===

impl Cache {
    pub(crate) fn new(program: &Program, forward: &Forward) -> Cache {
        let mut cache = Cache {
            keys: Vec::new(),
            facts: Vec::new(),
            ids: HashMap::default(),
            steps: Vec::new(),
            resolved: Vec::new(),
            spawns: Vec::new(),
            class_count: program.nfa.byte_classes().alphabet_len(),
            bytes: 0,
            epoch: 0,
            work: 0,
            scratch: Scratch { seen: vec![0; program.nfa.states().len()], ..Scratch::default() },
            forward: forward.cache(),
        };
        cache.clear();
        cache
    }

    /// Grows whenever the cache is cleared and every [`StateId`] becomes void.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Number of DFA states built so far.
    pub fn states(&self) -> usize {
        self.keys.len()
    }

    /// Lookups of the exact machine in all texts so far: one per byte and thread, and one per byte for a new thread.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Whether the cache should be [cleared](Cache::clear) before more states are built.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > MAX_CACHE_BYTES
    }

    /// Forgets all states.
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.facts.clear();
        self.ids.clear();
        self.steps.clear();
        self.resolved.clear();
        self.spawns.clear();
        self.spawns.resize(self.class_count.saturating_mul(Neighbour::COUNT), StateId::UNKNOWN);
        self.bytes = 0;
        self.epoch += 1;
        // Id 0 is the dead state, so that `DEAD` is a constant.
        self.insert(
            Rc::new(Key { before: Neighbour::Edge, nfa: Box::default(), matched: Box::default() }),
            Facts::DEAD,
        );
    }

    pub(crate) fn facts(&self, id: StateId) -> Facts {
        self.facts.get(id.index()).copied().unwrap_or(Facts::DEAD)
    }

    /// Rules that match exactly at this state, in order of precedence.
    pub(crate) fn matched(&self, id: StateId) -> &[RuleIndex] {
        self.keys.get(id.index()).map_or(&[], |key| &key.matched)
    }

    /// The key of `id`, which outlives a clear.
    pub(crate) fn key(&self, id: StateId) -> Option<Rc<Key>> {
        self.keys.get(id.index()).cloned()
    }

    /// The state of a key that was taken before a clear.
    pub(crate) fn intern(&mut self, program: &Program, key: Rc<Key>) -> StateId {
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let facts = facts_of(program, &key);
        self.insert(key, facts)
    }

    /// Where `id` goes on `byte`, which is in class `class`. Waiting look-arounds must have been resolved.
    pub(crate) fn step(&mut self, program: &Program, id: StateId, byte: u8, class: usize) -> StateId {
        let slot = id.index() * self.class_count + class;
        match self.steps.get(slot) {
            Some(&StateId::UNKNOWN) | None => {}
            Some(&next) => return next,
        }
        let next = self.build_step(program, id, byte);
        if let Some(entry) = self.steps.get_mut(slot) {
            *entry = next;
        }
        next
    }

    /// What [`Cache::step`] returns, if it is known already.
    pub(crate) fn known_step(&self, id: StateId, class: usize) -> Option<StateId> {
        self.steps.get(id.index() * self.class_count + class).copied().and_then(StateId::known)
    }

    /// What [`Cache::resolve`] returns, if it is known already.
    pub(crate) fn known_resolve(&self, id: StateId, ahead: Neighbour) -> Option<StateId> {
        self.resolved.get(id.index() * Neighbour::COUNT + ahead as usize).copied().and_then(StateId::known)
    }

    /// What [`Cache::spawn`] returns, if it is known already.
    pub(crate) fn known_spawn(&self, before: Neighbour, class: usize) -> Option<StateId> {
        self.spawns.get(before as usize * self.class_count + class).copied().and_then(StateId::known)
    }

    /// `id` once its neighbour ahead is known: look-arounds that hold are followed, the others dropped. Rules that this
    /// completes are the [`Cache::matched`] of the result.
    pub(crate) fn resolve(&mut self, program: &Program, id: StateId, ahead: Neighbour) -> StateId {
        let slot = id.index() * Neighbour::COUNT + ahead as usize;
        match self.resolved.get(slot) {
            Some(&StateId::UNKNOWN) | None => {}
            Some(&next) => return next,
        }
        let next = self.build_resolved(program, id, ahead);
        if let Some(entry) = self.resolved.get_mut(slot) {
            *entry = next;
        }
        next
    }

    /// The state of a match that starts at `byte`, with `before` on its left.
    pub(crate) fn spawn(&mut self, program: &Program, before: Neighbour, byte: u8, class: usize) -> StateId {
        let slot = before as usize * self.class_count + class;
        match self.spawns.get(slot) {
            Some(&StateId::UNKNOWN) | None => {}
            Some(&next) => return next,
        }
        let mut work = self.scratch.begin();
        work.stack.push(program.nfa.start_anchored());
        work.close(program, before, None);
        let start = self.finish(program, work, before);
        let resolved = self.resolve(program, start, Neighbour::of(byte));
        let next = self.step(program, resolved, byte, class);
        if let Some(entry) = self.spawns.get_mut(slot) {
            *entry = next;
        }
        next
    }

    fn build_step(&mut self, program: &Program, id: StateId, byte: u8) -> StateId {
        let Some(key) = self.key(id) else { return StateId::DEAD };
        let mut work = self.scratch.begin();
        for &state in &key.nfa {
            if let Some(next) = program::step(program.nfa.state(state), byte) {
                work.stack.push(next);
                work.close(program, Neighbour::of(byte), None);
            }
        }
        self.finish(program, work, Neighbour::of(byte))
    }

    fn build_resolved(&mut self, program: &Program, id: StateId, ahead: Neighbour) -> StateId {
        let Some(key) = self.key(id) else { return StateId::DEAD };
        let mut work = self.scratch.begin();
        for &state in &key.nfa {
            work.stack.push(state);
            work.close(program, key.before, Some(ahead));
        }
        self.finish(program, work, key.before)
    }

    /// Interns what `work` collected and takes the scratch space back.
    fn finish(&mut self, program: &Program, mut work: Scratch, before: Neighbour) -> StateId {
        work.nfa.sort_unstable();
        work.matched.sort_unstable();
        work.matched.dedup();
        let id = if work.nfa.is_empty() && work.matched.is_empty() {
            StateId::DEAD
        } else {
            let key =
                Key { before, nfa: work.nfa.as_slice().into(), matched: work.matched.as_slice().into() };
            self.intern(program, Rc::new(key))
        };
        self.scratch = work;
        id
    }

    fn insert(&mut self, key: Rc<Key>, facts: Facts) -> StateId {
        let id = StateId(u32::try_from(self.keys.len()).unwrap_or(u32::MAX - 1));
        let row = self.class_count + Neighbour::COUNT;
        self.bytes += row * size_of::<StateId>()
            + size_of::<Key>()
            + key.nfa.len() * size_of::<NfaId>()
            + 2 * size_of::<(Rc<Key>, StateId)>()
            + size_of::<Facts>();
        // The dead state steps to itself: all its entries are known from the start.
        let entry = if self.keys.is_empty() { StateId::DEAD } else { StateId::UNKNOWN };
        self.steps.resize(self.steps.len() + self.class_count, entry);
        self.resolved.resize(self.resolved.len() + Neighbour::COUNT, entry);
        self.facts.push(facts);
        self.keys.push(Rc::clone(&key));
        self.ids.insert(key, id);
        id
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("states", &self.keys.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

fn facts_of(program: &Program, key: &Key) -> Facts {
    let through = key.nfa.iter().map(|&id| program.reach(id)).max().unwrap_or(0);
    let here = key.matched.iter().map(|&rule| program.cap(rule)).max().unwrap_or(0);
    Facts {
        reach: through.max(here),
        matched: !key.matched.is_empty(),
        looking: key.nfa.iter().any(|&id| matches!(program.nfa.state(id), NfaState::Look { .. })),
        live: !key.nfa.is_empty(),
        tail: key.nfa.iter().filter_map(|&id| program.tails.rule(id)).min(),
    }
}

// === impl Scratch ===

impl Scratch {
    /// Takes the scratch space for one construction; [`Cache::finish`] puts it back.
    fn begin(&mut self) -> Scratch {
        let mut work = std::mem::take(self);
        work.stack.clear();
        work.nfa.clear();
        work.matched.clear();
        work.round = work.round.wrapping_add(1);
        if work.round == 0 {
            work.seen.fill(0);
            work.round = 1;
        }
        work
    }

    /// Follows everything on the stack that consumes no byte. `ahead` is the next byte, if it is known yet.
    fn close(&mut self, program: &Program, before: Neighbour, ahead: Option<Neighbour>) {
        while let Some(id) = self.stack.pop() {
            match self.seen.get_mut(id.as_usize()) {
                Some(round) if *round != self.round => *round = self.round,
                _ => continue,
            }
            match program.nfa.state(id) {
                NfaState::ByteRange { .. } | NfaState::Sparse(_) | NfaState::Dense(_) => self.nfa.push(id),
                NfaState::Look { look, next } => match ahead {
                    None => self.nfa.push(id),
                    Some(ahead) if look::holds(*look, before, ahead) => self.stack.push(*next),
                    Some(_) => {}
                },
                NfaState::Union { alternates } => self.stack.extend_from_slice(alternates),
                NfaState::BinaryUnion { alt1, alt2 } => self.stack.extend([*alt2, *alt1]),
                NfaState::Capture { next, .. } => self.stack.push(*next),
                NfaState::Match { pattern_id } => {
                    if let Ok(rule) = RuleIndex::try_from(pattern_id.as_usize()) {
                        self.matched.push(rule);
                    }
                }
                NfaState::Fail => {}
            }
        }
    }
}
