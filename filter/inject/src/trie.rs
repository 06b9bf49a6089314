//! Patterns as a tree of bytes: all that begin in one place are found in one walk.
//!
//! Words begin at few places of a text, so walks from there cost less than an automaton that looks at every byte, and the
//! tree takes less memory. Where no pattern begins as the text does, and that is nearly everywhere, a look at the first bytes
//! ends the walk.

/// Many patterns.
#[derive(Debug)]
pub(crate) struct Trie {
    /// The patterns behind each other, and where each ends.
    text: Vec<u8>,
    ends: Vec<u32>,
    /// First bytes of patterns, a bit for each hash: of those that have as many the first [`LONG`], then [`MIDDLE`], then
    /// [`SHORT`].
    beginnings: Vec<u64>,
    /// Where patterns go on that have these first bytes, by their hash; a power of two of them.
    entries: Vec<Entry>,
    nodes: Vec<Node>,
    /// Children of nodes, those of one node together: bytes …
    bytes: Vec<u8>,
    /// … and where they lead.
    targets: Vec<Target>,
}

/// How patterns go on behind their first bytes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// A part of their hash.
    tag: u16,
    target: Target,
}

/// Several patterns that have their beginning in common.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The first of the patterns.
    any: u16,
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

/// Bits of [`Trie::beginnings`].
const BITS: usize = 1 << 16;

/// Bytes that are looked at before the tree is: of Chinese two letters, one, and of ASCII only the shortest.
const LONG: usize = 6;
const MIDDLE: usize = 3;
const SHORT: usize = 2;

// === impl Trie ===

impl Trie {
    /// Of sorted patterns, none of which is there twice, or has fewer than two bytes or, if it is not ASCII, three; `None` for
    /// too many.
    pub(crate) fn new(patterns: &[&[u8]]) -> Option<Trie> {
        let ends = patterns.iter().scan(0, |end, pattern| {
            *end += pattern.len();
            u32::try_from(*end).ok()
        });
        let mut trie = Trie {
            text: patterns.concat(),
            ends: ends.collect(),
            beginnings: vec![0; BITS / 64],
            entries: vec![Entry { tag: 0, target: NONE }; (2 * patterns.len()).next_power_of_two()],
            nodes: Vec::new(),
            bytes: Vec::new(),
            targets: Vec::new(),
        };
        trie.grow(patterns, 0, 0)?;
        for pattern in patterns {
            trie.know_beginning(pattern);
        }
        trie.nodes.shrink_to_fit();
        trie.bytes.shrink_to_fit();
        trie.targets.shrink_to_fit();
        (patterns.len() <= MAX && trie.nodes.len() <= MAX && trie.targets.len() <= MAX).then_some(trie)
    }

    /// Adds the node of several `patterns`, which have `depth` bytes in common; the first of them has number `number`.
    fn grow(&mut self, patterns: &[&[u8]], number: usize, depth: usize) -> Option<Target> {
        let node = self.nodes.len();
        let ends = patterns.first().is_some_and(|first| first.len() == depth);
        let pattern = if ends { u16::try_from(number).ok()? } else { NONE };
        let longer = patterns.get(usize::from(ends)..).unwrap_or_default();
        let byte = |pattern: &&[u8]| pattern.get(depth).copied().unwrap_or_default();
        let groups: Vec<&[&[u8]]> = longer.chunk_by(|left, right| byte(left) == byte(right)).collect();
        let first = self.bytes.len();
        let count = u8::try_from(groups.len()).ok()?;
        let any = u16::try_from(number).ok()?;
        self.nodes.push(Node { any, first: u16::try_from(first).ok()?, count, pattern });
        self.bytes.extend(groups.iter().filter_map(|group| group.first().map(byte)));
        self.targets.resize(self.bytes.len(), NONE);
        let mut number = number + usize::from(ends);
        for (index, group) in groups.into_iter().enumerate() {
            let target = match group {
                [_] => u16::try_from(number).ok()? | ONLY,
                _ => self.grow(group, number, depth + 1)?,
            };
            *self.targets.get_mut(first + index)? = target;
            number += group.len();
        }
        u16::try_from(node).ok()
    }

    /// Fills what is looked up before the tree is.
    fn know_beginning(&mut self, pattern: &[u8]) {
        let len = [LONG, MIDDLE, SHORT].into_iter().find(|len| *len <= pattern.len()).unwrap_or_default();
        let hash = beginning(first_eight(pattern), len);
        let (bit, _) = places(hash, BITS);
        if let Some(word) = self.beginnings.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
        let mut bytes = pattern.iter().take(len).enumerate();
        let Some(target) = bytes.try_fold(0, |target, (depth, byte)| self.step(target, *byte, depth)) else {
            return;
        };
        if len > SHORT && self.entry(pattern, len).is_none() {
            let (mut index, tag) = places(hash, self.entries.len());
            // Half of them stay free.
            while self.entries.get(index).is_some_and(|entry| entry.target != NONE) {
                index = (index + 1) % self.entries.len();
            }
            if let Some(entry) = self.entries.get_mut(index) {
                *entry = Entry { tag, target };
            }
        }
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        self.text.capacity()
            + self.bytes.capacity()
            + 2 * self.targets.capacity()
            + 4 * self.ends.capacity()
            + 8 * self.beginnings.capacity()
            + size_of::<Entry>() * self.entries.capacity()
            + size_of::<Node>() * self.nodes.capacity()
    }

    /// Calls `sink` with each pattern that `text` has at `at`, shortest first, and where it ends.
    pub(crate) fn walk(&self, text: &[u8], at: usize, mut sink: impl FnMut(usize, usize)) {
        let rest = text.get(at..).unwrap_or_default();
        let Some((mut target, mut depth)) = self.begin(rest) else { return };
        while target != NONE {
            if target & ONLY != 0 {
                let number = usize::from(target & !ONLY);
                let pattern = self.pattern(number);
                if let (Some(rest), Some(tail)) = (rest.get(depth..), pattern.get(depth..))
                    && rest.starts_with(tail)
                {
                    sink(number, at + pattern.len());
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
        let has = |len: usize| {
            let (bit, _) = places(beginning(eight, len), BITS);
            self.beginnings.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
        };
        if eight & 0x80 == 0 && has(SHORT) {
            return Some((0, 0));
        }
        // What goes on behind fewer bytes has what goes on behind more.
        let middle = if has(MIDDLE) { self.entry(rest, MIDDLE) } else { None };
        middle.or_else(|| if has(LONG) { self.entry(rest, LONG) } else { None })
    }

    /// Where patterns go on that have the first `len` bytes of `rest`, and these.
    fn entry(&self, rest: &[u8], len: usize) -> Option<(Target, usize)> {
        let (mut index, tag) = places(beginning(first_eight(rest), len), self.entries.len());
        let bytes = rest.get(..len)?;
        loop {
            let entry = self.entries.get(index).filter(|entry| entry.target != NONE)?;
            let number = match entry.target & ONLY {
                0 => self.nodes.get(usize::from(entry.target))?.any,
                _ => entry.target & !ONLY,
            };
            if entry.tag == tag && self.pattern(usize::from(number)).get(..len) == Some(bytes) {
                return Some((entry.target, len));
            }
            index = (index + 1) % self.entries.len();
        }
    }

    /// Where `byte` leads behind `depth` bytes.
    fn step(&self, target: Target, byte: u8, depth: usize) -> Option<Target> {
        if target & ONLY != 0 {
            let pattern = self.pattern(usize::from(target & !ONLY));
            return pattern.get(depth).filter(|next| **next == byte).map(|_| target);
        }
        self.child(*self.nodes.get(usize::from(target))?, byte)
    }

    fn pattern(&self, number: usize) -> &[u8] {
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        self.text.get(number.checked_sub(1).map_or(0, end)..end(number)).unwrap_or_default()
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

/// The first eight bytes of `text`, zeros behind its end.
#[inline]
fn first_eight(text: &[u8]) -> u64 {
    if let Some(eight) = text.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    text.iter().rev().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte))
}

/// The hash of the first `len` bytes.
#[inline]
fn beginning(eight: u64, len: usize) -> u64 {
    let bytes = eight & ((1 << (8 * len)) - 1);
    (bytes ^ bytes >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Where `hash` is to be found among so many places, a power of two, and a part of it that says more.
#[inline]
fn places(hash: u64, count: usize) -> (usize, u16) {
    let index = usize::try_from(hash >> 32).unwrap_or_default() & (count - 1);
    (index, u16::try_from(hash >> 48).unwrap_or_default())
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
        for none in ["x y", "a", "do i", "忽", "忽然", "x", ""] {
            assert_eq!(found(none, 0), [], "{none}");
        }
    }
}
