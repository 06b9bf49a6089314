//! Patterns as a tree of bytes: all that begin in one place are found in one walk.
//!
//! Words begin at few places of a text, so walks from there cost less than an automaton that looks at every byte, and the
//! tree takes less memory. Where no pattern begins as the text does, and that is nearly everywhere, a look at the first bytes
//! ends the walk.

use crate::words::{first, first_eight};

/// Many patterns.
#[derive(Debug)]
pub(crate) struct Trie {
    /// What patterns have behind the bytes from which on there is only one, [`SHORT`] at least, behind each other, …
    text: Vec<u8>,
    /// … and where each begins.
    tails: Vec<u16>,
    /// A bit for each hash of a beginning: nearly all of what is looked up is none, and that is seen here.
    filter: Vec<u64>,
    /// Where patterns go on behind [`LONG`] bytes, …
    long: Beginnings,
    /// … behind [`MIDDLE`], if one that begins with the same has fewer than [`LONG`], …
    middle: Beginnings,
    /// … and behind [`SHORT`], if one has no more.
    short: Beginnings,
    nodes: Vec<Node>,
    /// Children of nodes, those of one node together: bytes …
    bytes: Vec<u8>,
    /// … and where they lead.
    targets: Vec<Target>,
}

/// Beginnings of one length, at most six bytes, and where they lead: in one number, so that one look is enough. They have
/// their places by hash, and a quarter of these are free.
#[derive(Debug)]
struct Beginnings(Vec<u64>);

/// Several patterns that have their beginning in common.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Its first child.
    first: u16,
    count: u8,
    /// The pattern that ends here; `NONE` for none.
    pattern: u16,
}

/// A node; with the highest bit set the number of the only pattern that goes on here; `NONE` for nothing.
type Target = u16;

const NONE: u16 = u16::MAX;
const ONLY: u16 = 1 << 15;

/// Patterns, and nodes, at most.
const MAX: usize = ONLY as usize - 1;

/// Children that are looked through one after another.
const FEW: usize = 6;

/// Bits of [`Trie::filter`].
const BITS: usize = 1 << 17;

/// Bytes that are looked at before the tree is: of Chinese two letters, one, and of ASCII only the shortest.
const LONG: usize = 6;
const MIDDLE: usize = 3;
const SHORT: usize = 2;

// === impl Trie ===

impl Trie {
    /// Of sorted patterns, none of which is there twice; `None` for too many, for more than 64 KiB of tails, and for one that
    /// has fewer than two bytes or, if it is not ASCII, three: nothing would find it.
    pub(crate) fn new(patterns: &[&[u8]]) -> Option<Trie> {
        let shortest = |pattern: &[u8]| if pattern.is_ascii() { SHORT } else { MIDDLE };
        if patterns.iter().any(|pattern| pattern.len() < shortest(pattern)) {
            return None;
        }
        let trees = trees(patterns);
        let of = |len: usize| Beginnings::new(trees.iter().filter(|(_, of)| *of == len).count());
        let mut trie = Trie {
            text: Vec::new(),
            tails: Vec::new(),
            filter: vec![0; BITS / 64],
            long: of(LONG),
            middle: of(MIDDLE),
            short: of(SHORT),
            nodes: Vec::new(),
            bytes: Vec::new(),
            targets: Vec::new(),
        };
        for (tree, len) in trees {
            trie.plant(tree, len)?;
        }
        trie.text.shrink_to_fit();
        trie.tails.shrink_to_fit();
        trie.nodes.shrink_to_fit();
        trie.bytes.shrink_to_fit();
        trie.targets.shrink_to_fit();
        (patterns.len() <= MAX && trie.nodes.len() <= MAX && trie.targets.len() <= MAX).then_some(trie)
    }

    /// Adds the tree of the next `patterns`, which begin with the same `len` bytes.
    fn plant(&mut self, patterns: &[&[u8]], len: usize) -> Option<()> {
        let beginning = first(first_eight(patterns.first()?), len);
        let target = self.lead(patterns, len)?;
        let bit = place(beginning, BITS);
        *self.filter.get_mut(bit / 64)? |= 1 << (bit % 64);
        let beginnings = match len {
            LONG => &mut self.long,
            MIDDLE => &mut self.middle,
            _ => &mut self.short,
        };
        beginnings.insert(beginning, target);
        Some(())
    }

    /// Adds what the next `patterns` have behind the `depth` bytes that they have in common.
    fn lead(&mut self, patterns: &[&[u8]], depth: usize) -> Option<Target> {
        let [only] = patterns else { return self.grow(patterns, depth) };
        Some(self.add_pattern(only.get(depth..).unwrap_or_default())? | ONLY)
    }

    /// Adds the node of several `patterns`, see [`Trie::lead`].
    fn grow(&mut self, patterns: &[&[u8]], depth: usize) -> Option<Target> {
        let node = self.nodes.len();
        let ends = patterns.first().is_some_and(|first| first.len() == depth);
        let pattern = if ends { self.add_pattern(b"")? } else { NONE };
        let longer = patterns.get(usize::from(ends)..).unwrap_or_default();
        let byte = |pattern: &&[u8]| pattern.get(depth).copied().unwrap_or_default();
        let groups: Vec<&[&[u8]]> = longer.chunk_by(|left, right| byte(left) == byte(right)).collect();
        let first = self.bytes.len();
        let count = u8::try_from(groups.len()).ok()?;
        self.nodes.push(Node { first: u16::try_from(first).ok()?, count, pattern });
        self.bytes.extend(groups.iter().filter_map(|group| group.first().map(byte)));
        self.targets.resize(self.bytes.len(), NONE);
        for (index, group) in groups.into_iter().enumerate() {
            let target = self.lead(group, depth + 1)?;
            *self.targets.get_mut(first + index)? = target;
        }
        u16::try_from(node).ok()
    }

    /// Adds the next pattern with what it has behind the byte from which on it is the only one; returns its number.
    fn add_pattern(&mut self, tail: &[u8]) -> Option<u16> {
        let number = u16::try_from(self.tails.len()).ok()?;
        self.tails.push(u16::try_from(self.text.len()).ok()?);
        self.text.extend_from_slice(tail);
        Some(number)
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        self.text.capacity()
            + self.bytes.capacity()
            + 2 * (self.targets.capacity() + self.tails.capacity())
            + 8 * self.filter.capacity()
            + 8 * (self.long.0.capacity() + self.middle.0.capacity() + self.short.0.capacity())
            + size_of::<Node>() * self.nodes.capacity()
    }

    /// Calls `sink` with each pattern that `text` has at `at`, shortest first, and where it ends.
    pub(crate) fn walk(&self, text: &[u8], at: usize, mut sink: impl FnMut(usize, usize)) {
        let rest = text.get(at..).unwrap_or_default();
        let Some((mut target, mut depth)) = self.begin(rest) else { return };
        while target != NONE {
            if target & ONLY != 0 {
                let number = usize::from(target & !ONLY);
                if let (Some(rest), Some(tail)) = (rest.get(depth..), self.tail(number))
                    && rest.starts_with(tail)
                {
                    sink(number, at + depth + tail.len());
                }
                return;
            }
            let Some(node) = self.nodes.get(usize::from(target)) else { return };
            if node.pattern != NONE {
                sink(usize::from(node.pattern), at + depth);
            }
            let Some(next) = rest.get(depth).and_then(|byte| self.child(*node, *byte)) else { return };
            (target, depth) = (next, depth + 1);
        }
    }

    /// Where patterns go on that begin as `rest` does, and behind how many bytes; `None` if there are none.
    #[inline]
    fn begin(&self, rest: &[u8]) -> Option<(Target, usize)> {
        let eight = first_eight(rest);
        let known = |len: usize| {
            let beginning = first(eight, len);
            let bit = place(beginning, BITS);
            let known = self.filter.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0);
            (known && rest.len() >= len).then_some(beginning)
        };
        // What goes on behind fewer bytes has what goes on behind more.
        let short = if eight & 0x80 == 0 { known(SHORT) } else { None };
        short
            .and_then(|beginning| Some((self.short.get(beginning)?, SHORT)))
            .or_else(|| known(MIDDLE).and_then(|beginning| Some((self.middle.get(beginning)?, MIDDLE))))
            .or_else(|| known(LONG).and_then(|beginning| Some((self.long.get(beginning)?, LONG))))
    }

    /// What the pattern with this number has behind the byte from which on it is the only one.
    #[inline]
    fn tail(&self, number: usize) -> Option<&[u8]> {
        let end = self.tails.get(number + 1).map_or(self.text.len(), |next| usize::from(*next));
        self.text.get(usize::from(*self.tails.get(number)?)..end)
    }

    fn child(&self, node: Node, byte: u8) -> Option<Target> {
        let first = usize::from(node.first);
        let bytes = self.bytes.get(first..first + usize::from(node.count))?;
        let index = if bytes.len() > FEW {
            bytes.binary_search(&byte).ok()?
        } else {
            bytes.iter().position(|child| *child == byte)?
        };
        self.targets.get(first + index).copied()
    }
}

/// Sorted `patterns` by what they begin with, in order, and how many bytes that is: [`LONG`], [`MIDDLE`] or [`SHORT`], the
/// most that all of them have.
fn trees<'a, 'b>(patterns: &'a [&'b [u8]]) -> Vec<(&'a [&'b [u8]], usize)> {
    let by = |patterns: &'a [&'b [u8]], len: usize| {
        patterns.chunk_by(move |one, two| one.get(..len) == two.get(..len))
    };
    let mut trees = Vec::new();
    for tree in by(patterns, SHORT) {
        if tree.iter().any(|pattern| pattern.len() < MIDDLE) {
            trees.push((tree, SHORT));
            continue;
        }
        for tree in by(tree, MIDDLE) {
            if tree.iter().any(|pattern| pattern.len() < LONG) {
                trees.push((tree, MIDDLE));
            } else {
                trees.extend(by(tree, LONG).map(|tree| (tree, LONG)));
            }
        }
    }
    trees
}

/// Where a beginning is to be found among so many places, see
/// <https://lemire.me/blog/2016/06/27/a-fast-alternative-to-the-modulo-reduction/>.
#[inline]
fn place(beginning: u64, count: usize) -> usize {
    let hash = (beginning ^ beginning >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(((hash >> 32) * count as u64) >> 32).unwrap_or_default()
}

// === impl Beginnings ===

impl Beginnings {
    /// A place that nothing is in: it would lead to `NONE`.
    const FREE: u64 = u64::MAX;

    /// With room for `count`.
    fn new(count: usize) -> Beginnings {
        Beginnings(vec![Beginnings::FREE; count + count / 3 + 1])
    }

    /// The place behind `index`: behind the last comes the first.
    #[inline]
    fn behind(&self, index: usize) -> usize {
        if index + 1 < self.0.len() { index + 1 } else { 0 }
    }

    /// Adds one that is not there.
    fn insert(&mut self, beginning: u64, target: Target) {
        let mut index = place(beginning, self.0.len());
        while self.0.get(index).is_some_and(|entry| *entry != Beginnings::FREE) {
            index = self.behind(index);
        }
        if let Some(entry) = self.0.get_mut(index) {
            *entry = beginning << Target::BITS | u64::from(target);
        }
    }

    /// Where it leads.
    #[inline]
    fn get(&self, beginning: u64) -> Option<Target> {
        let mut index = place(beginning, self.0.len());
        for _ in 0..self.0.len() {
            let entry = *self.0.get(index).filter(|entry| **entry != Beginnings::FREE)?;
            if entry >> Target::BITS == beginning {
                return Target::try_from(entry & u64::from(Target::MAX)).ok();
            }
            index = self.behind(index);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_all_patterns_at_a_place() {
        let mut patterns =
            ["ab", "abc", "abd", "bé", "忽略", "忽视", "x y z", "de", "do it"].map(str::as_bytes);
        patterns.sort_unstable();
        let trie = Trie::new(&patterns).unwrap();
        let found = |text: &str, at| {
            let mut found = Vec::new();
            trie.walk(text.as_bytes(), at, |pattern, end| {
                found.push((std::str::from_utf8(patterns[pattern]).unwrap().to_owned(), end));
            });
            found
        };
        assert_eq!(found("abc", 0), [("ab".to_owned(), 2), ("abc".to_owned(), 3)]);
        assert_eq!(found("xabd", 1), [("ab".to_owned(), 3), ("abd".to_owned(), 4)]);
        assert_eq!(found("忽视bé", 0), [("忽视".to_owned(), 6)]);
        assert_eq!(found("忽视bé", 6), [("bé".to_owned(), 9)]);
        assert_eq!(found("de", 0), [("de".to_owned(), 2)]);
        assert_eq!(found("do it", 0), [("do it".to_owned(), 5)]);
        assert_eq!(found("忽略 所有", 0), [("忽略".to_owned(), 6)]);
        // Zeros are not what stands behind the end of a text.
        assert_eq!(found("ab\0\0\0\0\0", 0), [("ab".to_owned(), 2)]);
        assert_eq!(found("bé\0\0\0\0\0", 0), [("bé".to_owned(), 3)]);
        for short in ["a", "é"] {
            assert!(Trie::new(&[short.as_bytes()]).is_none(), "{short}");
        }
        for none in ["x y", "a", "do i", "忽", "忽然", "x", ""] {
            assert_eq!(found(none, 0), [], "{none}");
        }
    }

    #[test]
    fn finds_what_comparing_finds() {
        // Few letters, so that patterns have much in common, and end inside each other; `é` has two bytes.
        let mut state = 7u64;
        let mut word = |longest: u64| {
            let mut next = |below: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) % below
            };
            let len = 2 + next(longest - 1);
            (0..len).map(|_| ["a", "b", "c", " ", "é"][usize::try_from(next(5)).unwrap()]).collect::<String>()
        };
        let mut patterns: Vec<String> = (0..3000).map(|_| word(11)).filter(|word| word.len() > 2).collect();
        patterns.extend(["ab", "c "].map(str::to_owned));
        patterns.sort_unstable();
        patterns.dedup();
        let trie = Trie::new(&patterns.iter().map(String::as_bytes).collect::<Vec<_>>()).unwrap();
        for text in (0..500).map(|_| word(30)) {
            for at in 0..text.len() {
                let (mut found, rest) = (Vec::new(), &text.as_bytes()[at..]);
                trie.walk(text.as_bytes(), at, |pattern, end| found.push((pattern, end)));
                let starts = patterns.iter().enumerate().filter(|(_, one)| rest.starts_with(one.as_bytes()));
                let mut expected: Vec<_> = starts.map(|(index, one)| (index, at + one.len())).collect();
                expected.sort_by_key(|(_, end)| *end);
                assert_eq!(found, expected, "{text} at {at}");
            }
        }
        assert!(Trie::new(&["ab".repeat(40_000).as_bytes(), b"xyz"]).is_none(), "tails are too long");
    }
}
