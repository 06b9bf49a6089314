//! What one event of an answer holds.

use super::arguments::{Argument, Arguments};
use crate::framing::json::{Container, Sink};
use crate::limits::{MAX_DELTAS, MAX_FACT};
use crate::protocol::{Cursor, Fact, Kind, Mark, NodeId, RANKS, Schema};
use aegis_policy::Slot;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

/// Which text a delta belongs to: its path or the kind of its event, and the indices of the entities around it (choice,
/// tool call).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChannelId {
    node: Option<NodeId>,
    kind: Option<usize>,
    pub(super) scopes: Vec<u64>,
}

/// A string that is text.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) span: Range<u64>,
    pub(super) slot: Slot,
    part: Part,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// A text by itself.
    Whole,
    /// A string of arguments, which are judged together.
    Argument,
    /// A part of a longer text.
    Delta(Option<NodeId>, Option<usize>),
    /// What the kind of the event says.
    OfKind(Option<NodeId>, Option<usize>),
}

/// A value of the event's own, such as its answer's identifier.
#[derive(Debug)]
pub(super) struct OwnFact {
    pub(super) fact: Fact,
    /// Where it stands, with its quotes.
    pub(super) span: Range<u64>,
}

/// What one event holds.
#[derive(Debug)]
pub(super) struct Contents {
    schema: &'static Schema,
    cursor: Cursor,
    /// Where the string that is being read begins.
    begin: u64,
    scopes: Vec<Scope>,
    /// Innermost open scope.
    innermost: Option<usize>,
    fragments: Vec<Fragment>,
    deltas: usize,
    kind: Option<(usize, Kind)>,
    /// The kind's name, while its string is read.
    name: Option<Vec<u8>>,
    /// Scopes whose texts end with this event.
    ended: Vec<Option<usize>>,
    /// The arguments that are being read, and how many arrays and objects are open in them.
    arguments: Option<(Arguments, usize)>,
    pub(super) complete_arguments: Vec<Argument>,
    pub(super) facts: Vec<OwnFact>,
}

#[derive(Debug)]
struct Scope {
    parent: Option<usize>,
    /// Its place among its siblings; the document itself has none.
    position: Option<u64>,
    indices: [Option<u64>; RANKS],
    /// How many scopes are directly in it.
    children: u64,
    /// Its texts may go on in later events.
    goes_on: bool,
}

// === impl Contents ===

impl Contents {
    pub(super) fn new(schema: &'static Schema) -> Contents {
        Contents {
            schema,
            cursor: Cursor::new(schema),
            begin: 0,
            scopes: Vec::new(),
            innermost: None,
            fragments: Vec::new(),
            deltas: 0,
            kind: None,
            name: None,
            ended: Vec::new(),
            arguments: None,
            complete_arguments: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// The texts of the event, in order, and which longer text each continues.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Fragment, Slot, Option<ChannelId>)> {
        let kind = self.kind;
        self.fragments.iter().filter_map(move |fragment| match (fragment.part, kind) {
            (Part::Whole | Part::Argument, _) => Some((fragment, fragment.slot, None)),
            (Part::OfKind(..), Some((_, Kind::Opaque))) => None,
            (Part::OfKind(node, scope), Some((kind, Kind::Delta(slot)))) => {
                Some((fragment, slot, Some(self.id(node, Some(kind), scope))))
            }
            (Part::Delta(node, scope) | Part::OfKind(node, scope), _) => {
                Some((fragment, fragment.slot, Some(self.id(node, None, scope))))
            }
        })
    }

    /// The scopes whose texts end with this event, each with those around it.
    pub(super) fn ended(&self) -> impl Iterator<Item = Vec<u64>> {
        let by_kind = matches!(self.kind, Some((_, Kind::End)))
            .then(|| self.chain((!self.scopes.is_empty()).then_some(0)));
        self.ended.iter().map(|scope| self.chain(*scope)).chain(by_kind)
    }

    /// The outermost entities that the event is about.
    pub(super) fn entities(&self) -> impl Iterator<Item = u64> {
        self.scopes.iter().filter(|scope| scope.parent.is_none()).filter_map(Scope::entity)
    }

    fn id(&self, node: Option<NodeId>, kind: Option<usize>, scope: Option<usize>) -> ChannelId {
        ChannelId { node, kind, scopes: self.chain(scope) }
    }

    /// The indices of a scope and those around it, outermost first.
    fn chain(&self, scope: Option<usize>) -> Vec<u64> {
        let mut chain = Vec::new();
        let mut at = scope;
        while let Some(scope) = at.and_then(|index| self.scopes.get(index)) {
            chain.extend(scope.ids().rev());
            at = scope.parent;
        }
        chain.reverse();
        chain
    }

    fn fragment(&mut self, span: Range<u64>, slot: Slot, part: Part) {
        self.fragments.push(Fragment { span, slot, part });
    }

    fn delta(
        &mut self,
        span: Range<u64>,
        slot: Slot,
        part: impl FnOnce(Option<NodeId>, Option<usize>) -> Part,
    ) {
        self.deltas += 1;
        let part =
            if self.deltas <= MAX_DELTAS { part(self.cursor.node(), self.innermost) } else { Part::Whole };
        self.fragment(span, slot, part);
    }

    fn index(&mut self, rank: usize, value: u64) {
        let scope = self.innermost.and_then(|index| self.scopes.get_mut(index));
        if let Some(index) = scope.and_then(|scope| scope.indices.get_mut(rank)) {
            *index = Some(value);
        }
    }
}

impl Sink for Contents {
    fn open(&mut self, container: Container) {
        let mark = self.cursor.open(container);
        if let Some((arguments, depth)) = &mut self.arguments {
            *depth += 1;
            arguments.open(container);
        } else if mark == Mark::Arguments {
            let mut arguments = Arguments::default();
            arguments.open(container);
            self.arguments = Some((arguments, 1));
        } else if matches!(mark, Mark::Scope | Mark::Part) {
            let parent = self.innermost.and_then(|index| self.scopes.get_mut(index));
            let is_document = parent.is_none() && self.cursor.depth() == 1;
            let position = match parent {
                Some(parent) => {
                    parent.children += 1;
                    Some(parent.children - 1)
                }
                None if is_document => None,
                None => Some(self.scopes.iter().filter(|scope| scope.parent.is_none()).count() as u64),
            };
            self.scopes.push(Scope {
                parent: self.innermost,
                position,
                indices: [None; RANKS],
                children: 0,
                goes_on: mark == Mark::Scope,
            });
            self.innermost = Some(self.scopes.len() - 1);
        }
    }

    fn close(&mut self, at: u64) {
        let mark = self.cursor.close();
        if let Some((arguments, depth)) = &mut self.arguments {
            *depth -= 1;
            arguments.close(at);
            if *depth == 0 {
                arguments.finish();
                self.complete_arguments.extend(arguments.take_complete());
                self.arguments = None;
            }
        } else if matches!(mark, Mark::Scope | Mark::Part) {
            if self.innermost.and_then(|index| self.scopes.get(index)).is_some_and(|scope| !scope.goes_on) {
                self.ended.push(self.innermost);
            }
            self.innermost =
                self.innermost.and_then(|index| self.scopes.get(index)).and_then(|scope| scope.parent);
        }
    }

    fn key(&mut self, span: Range<u64>, raw: &[u8]) {
        self.cursor.key(raw);
        if let Some((arguments, _)) = &mut self.arguments {
            arguments.key(span, raw);
        }
    }

    fn string_begin(&mut self, at: u64) {
        self.begin = at;
        if let Some((arguments, _)) = &mut self.arguments {
            arguments.string_begin(at);
        }
        if matches!(self.cursor.value(), Mark::Kind | Mark::Index(_)) {
            self.name = Some(Vec::new());
        }
    }

    fn string_piece(&mut self, at: u64, raw: &[u8]) {
        if let Some((arguments, _)) = &mut self.arguments {
            arguments.string_piece(at, raw);
        }
        if let Some(name) = &mut self.name {
            let room = MAX_FACT.saturating_sub(name.len()).min(raw.len());
            name.extend_from_slice(raw.get(..room).unwrap_or_default());
        }
    }

    fn string_end(&mut self, at: u64) {
        if let Some((arguments, _)) = &mut self.arguments {
            arguments.string_end(at);
        }
        let name = self.name.take().unwrap_or_default();
        let span = self.begin..at;
        // Some providers send every field with every event, empty if it has nothing to say.
        if span.is_empty() {
            return;
        }
        match self.cursor.value() {
            Mark::Text(slot, _) if self.arguments.is_some() => self.fragment(span, slot, Part::Argument),
            Mark::Text(slot, _) => self.fragment(span, slot, Part::Whole),
            // Some providers write arguments as a text where an object is expected.
            Mark::Arguments => self.fragment(span, Slot::ToolCallArguments, Part::Whole),
            Mark::Delta(slot) => self.delta(span, slot, Part::Delta),
            Mark::OfKind => self.delta(span, Slot::Assistant, Part::OfKind),
            Mark::Kind => self.kind = self.schema.kind(&name),
            Mark::End => self.ended.push(self.innermost),
            Mark::Index(rank) => {
                self.index(rank, BuildHasherDefault::<DefaultHasher>::default().hash_one(&name));
            }
            Mark::Fact(fact) => {
                self.facts.push(OwnFact { fact, span: span.start.saturating_sub(1)..span.end + 1 });
            }
            Mark::Skip
            | Mark::RoleText
            | Mark::Media(_)
            | Mark::Role
            | Mark::Scope
            | Mark::Part
            | Mark::Continues => {}
        }
    }

    fn scalar(&mut self, at: u64, raw: &[u8]) {
        if let Some((arguments, _)) = &mut self.arguments {
            arguments.scalar(at, raw);
        }
        match self.cursor.value() {
            Mark::Index(rank) => {
                if let Some(index) = std::str::from_utf8(raw).ok().and_then(|raw| raw.parse().ok()) {
                    self.index(rank, index);
                }
            }
            Mark::Continues if raw == b"true" => {
                if let Some(scope) = self.innermost.and_then(|index| self.scopes.get_mut(index)) {
                    scope.goes_on = true;
                }
            }
            Mark::Fact(fact) if raw != b"null" => {
                self.facts.push(OwnFact { fact, span: at..at + raw.len() as u64 });
            }
            _ => {}
        }
    }
}

// === impl Scope ===

impl Fragment {
    /// Whether it is a string of arguments, which are judged together.
    pub(super) fn is_argument(&self) -> bool {
        matches!(self.part, Part::Argument)
    }
}

impl Scope {
    /// What tells it from others across events: its indices, or its place if it has none.
    fn ids(&self) -> impl DoubleEndedIterator<Item = u64> {
        let is_indexed = self.indices.iter().any(Option::is_some);
        self.indices.iter().flatten().copied().chain(self.position.filter(|_| !is_indexed))
    }

    fn entity(&self) -> Option<u64> {
        self.indices.first().copied().flatten().or(self.position)
    }
}
