//! Tables of paths, compiled to a trie.

use aegis_policy::Slot;

/// What a value at some path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Not text: identifiers, enumerations, media.
    Skip,
    /// A complete text.
    Text(Slot, Form),
    /// A complete text whose slot is that of the enclosing message's role.
    RoleText,
    /// Media in base64, or a text of this slot if it is none.
    Media(Slot),
    /// The next part of a text that began in an earlier event. Texts of one [`Mark::Scope`] chain and one path are one
    /// channel.
    Delta(Slot),
    /// What [`Mark::Kind`] says that it is.
    OfKind,
    /// Says what the event is, by the schema's table of kinds.
    Kind,
    /// The role of the enclosing [`Mark::Scope`].
    Role,
    /// An array or object that is an entity of its own: a message, a choice, a tool call.
    Scope,
    /// The same, whose texts end with their event unless [`Mark::Continues`] says otherwise.
    Part,
    /// If it is `true`, the texts of the enclosing [`Mark::Part`] go on in a later event.
    Continues,
    /// What identifies the enclosing scope across events: a number, or a text. Several are told apart by their rank.
    Index(usize),
    /// A string that is not empty: the enclosing scope's texts end with this event.
    End,
    /// The arguments of a tool call, as an object or array of the document itself.
    Arguments,
    /// What the events that end an answer repeat.
    Fact(Fact),
}

/// What the answer says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    Id,
    Model,
    Created,
    Sequence,
}

/// What an event of some kind means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its [`Mark::OfKind`] is the next part of a text.
    Delta(Slot),
    /// Its [`Mark::OfKind`] is no text.
    Opaque,
    /// The texts of its outermost scope end with it; all texts, if that has no index.
    End,
}

/// How many [indices](Mark::Index) a scope can have.
pub(crate) const RANKS: usize = 2;

/// How a text is written inside its JSON string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// As it is.
    Plain,
    /// As a JSON document, which escapes it once more.
    Json,
}

/// Compiled tables of paths.
///
/// A path is keys joined by dots; `[]` stands for any element of an array. `**` at the end applies to everything below
/// that has no path of its own.
#[derive(Debug)]
pub(crate) struct Schema {
    nodes: Vec<Node>,
    kinds: &'static [(&'static str, Kind)],
}

#[derive(Debug)]
struct Node {
    mark: Option<Mark>,
    /// For values below that have no node.
    rest: Option<Mark>,
    element: Option<NodeId>,
    keys: Vec<(&'static str, NodeId)>,
}

/// A node of the trie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(usize);

/// A step from a container to one of its values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edge<'a> {
    Key(&'a [u8]),
    Element,
}

/// Where a value stands: at a node, or somewhere below the last one on its path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    node: Option<NodeId>,
    rest: Mark,
}

// === impl Schema ===

impl Schema {
    /// Compiles tables, each with the path of what it describes: what a provider says in several places is said once
    /// here.
    pub(crate) fn new(
        tables: &[(&'static str, &[(&'static str, Mark)])],
        kinds: &'static [(&'static str, Kind)],
    ) -> Schema {
        let mut schema = Schema { nodes: vec![Node::new()], kinds };
        for (prefix, table) in tables {
            for (path, mark) in *table {
                schema.add(prefix.split('.').chain(path.split('.')), *mark);
            }
        }
        schema
    }

    fn add(&mut self, path: impl Iterator<Item = &'static str>, mark: Mark) {
        let mut at = NodeId(0);
        let mut rest = false;
        for segment in path.filter(|segment| !segment.is_empty()) {
            match segment {
                "**" => rest = true,
                "[]" => at = self.element(at),
                key => at = self.key(at, key),
            }
        }
        if let Some(node) = self.nodes.get_mut(at.0) {
            *(if rest { &mut node.rest } else { &mut node.mark }) = Some(mark);
        }
    }

    /// What events of the kind with this name mean, and the number of that kind.
    pub(crate) fn kind(&self, name: &[u8]) -> Option<(usize, Kind)> {
        let known = self.kinds.iter().enumerate().find(|(_, (known, _))| known.as_bytes() == name);
        known.map(|(index, (_, kind))| (index, *kind))
    }

    /// The place of the document itself.
    pub(crate) fn root(&self) -> Place {
        self.place(Some(NodeId(0)), Mark::Skip)
    }

    /// The place of the value that `edge` leads to.
    pub(crate) fn step(&self, from: Place, edge: Edge<'_>) -> Place {
        let next = from.node.and_then(|id| self.nodes.get(id.0)).and_then(|node| match edge {
            Edge::Element => node.element,
            Edge::Key(raw) => node.keys.iter().find(|(key, _)| key.as_bytes() == raw).map(|&(_, id)| id),
        });
        self.place(next, from.rest)
    }

    /// What the value at `place` means.
    pub(crate) fn mark(&self, place: Place) -> Mark {
        place.node.and_then(|id| self.nodes.get(id.0)).and_then(|node| node.mark).unwrap_or(place.rest)
    }

    fn place(&self, node: Option<NodeId>, inherited: Mark) -> Place {
        let rest = node.and_then(|id| self.nodes.get(id.0)).and_then(|node| node.rest).unwrap_or(inherited);
        Place { node, rest }
    }

    fn key(&mut self, from: NodeId, key: &'static str) -> NodeId {
        let next = NodeId(self.nodes.len());
        let Some(node) = self.nodes.get_mut(from.0) else { return from };
        if let Some(&(_, id)) = node.keys.iter().find(|(known, _)| *known == key) {
            return id;
        }
        node.keys.push((key, next));
        self.nodes.push(Node::new());
        next
    }

    fn element(&mut self, from: NodeId) -> NodeId {
        let next = NodeId(self.nodes.len());
        let Some(node) = self.nodes.get_mut(from.0) else { return from };
        if let Some(id) = node.element {
            return id;
        }
        node.element = Some(next);
        self.nodes.push(Node::new());
        next
    }
}

// === impl Node ===

impl Node {
    fn new() -> Node {
        Node { mark: None, rest: None, element: None, keys: Vec::new() }
    }
}

// === impl Place ===

impl Place {
    /// Identifies the path, for texts that have one.
    pub(crate) fn node(self) -> Option<NodeId> {
        self.node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_decides_and_the_rest_is_inherited() {
        let user = Mark::Text(Slot::User, Form::Plain);
        let table: &[(&'static str, Mark)] =
            &[("**", user), ("a.[].id", Mark::Skip), ("a.**", Mark::RoleText), ("a.[]", Mark::Scope)];
        let schema = Schema::new(&[("", table)], &[]);
        let walk = |edges: &[Edge<'_>]| {
            schema.mark(edges.iter().fold(schema.root(), |place, &edge| schema.step(place, edge)))
        };
        assert_eq!(walk(&[Edge::Key(b"b")]), user);
        assert_eq!(walk(&[Edge::Key(b"a"), Edge::Element]), Mark::Scope);
        assert_eq!(walk(&[Edge::Key(b"a"), Edge::Element, Edge::Key(b"id")]), Mark::Skip);
        assert_eq!(walk(&[Edge::Key(b"a"), Edge::Element, Edge::Key(b"id"), Edge::Element]), Mark::RoleText);
        assert_eq!(walk(&[Edge::Key(b"b"), Edge::Key(b"a"), Edge::Element]), user);
    }
}
