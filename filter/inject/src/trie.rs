//! Patterns as a tree of bytes: all that begin in one place are found in one walk.
//!
//! Words begin at few places of a text, so walks from there cost less than an automaton that looks at every byte, and the
//! tree takes less memory. Where no pattern begins as the text does, and that is nearly everywhere, a look at the first bytes
//! ends the walk.

use crate::words::{first, first_eight};

/// Many patterns.
#[derive(Debug)]
pub(crate) struct Trie {
    /// What patterns have behind the byte from which on there is only one, behind each other, …
    text: Vec<u8>,
    /// … and where.
    tails: Vec<Tail>,
    /// A bit for each hash of a beginning: nearly all of what is looked up is none, and that is seen here.
    filter: Vec<u64>,
    /// Where patterns go on behind their first [`LONG`] bytes, …
    long: Beginnings,
    /// … behind their first [`MIDDLE`], of those that have fewer than [`LONG`], …
    middle: Beginnings,
    /// … and behind their first [`SHORT`], of those that have no more.
    short: Beginnings,
    nodes: Vec<Node>,
    /// Children of nodes, those of one node together: bytes …
    bytes: Vec<u8>,
    /// … and where they lead.
    targets: Vec<Target>,
}

/// Beginnings of one length, at most six bytes, and where they lead: in one number, so that one look is enough. A power of
/// two of places, by hash, and at least a quarter of them free.
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

/// The end of a pattern, and how many bytes stand in front of it.
#[derive(Debug, Clone, Copy)]
struct Tail {
    start: u16,
    len: u8,
    depth: u8,
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
    /// Of sorted patterns, none of which is there twice; `None` for too many, and for one that has fewer than two bytes or, if
    /// it is not ASCII, three: nothing would find it.
    pub(crate) fn new(patterns: &[&[u8]]) -> Option<Trie> {
        let shortest = |pattern: &[u8]| if pattern.is_ascii() { SHORT } else { MIDDLE };
        if patterns.iter().any(|pattern| pattern.len() < shortest(pattern)) {
            return None;
        }
        let of = |len: usize| {
            let of = patterns.iter().filter(move |pattern| beginning_len(pattern) == len);
            Beginnings::new(of.filter_map(move |pattern| pattern.get(..len)))
        };
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
        trie.grow(patterns, 0, 0)?;
        for pattern in patterns {
            trie.know_beginning(pattern);
        }
        trie.text.shrink_to_fit();
        trie.tails.shrink_to_fit();
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
        if ends {
            self.add_tail(b"", depth)?;
        }
        let longer = patterns.get(usize::from(ends)..).unwrap_or_default();
        let byte = |pattern: &&[u8]| pattern.get(depth).copied().unwrap_or_default();
        let groups: Vec<&[&[u8]]> = longer.chunk_by(|left, right| byte(left) == byte(right)).collect();
        let first = self.bytes.len();
        let count = u8::try_from(groups.len()).ok()?;
        self.nodes.push(Node { first: u16::try_from(first).ok()?, count, pattern });
        self.bytes.extend(groups.iter().filter_map(|group| group.first().map(byte)));
        self.targets.resize(self.bytes.len(), NONE);
        let mut number = number + usize::from(ends);
        for (index, group) in groups.into_iter().enumerate() {
            let target = match group {
                [only] => {
                    self.add_tail(only.get(depth + 1..).unwrap_or_default(), depth + 1)?;
                    u16::try_from(number).ok()? | ONLY
                }
                _ => self.grow(group, number, depth + 1)?,
            };
            *self.targets.get_mut(first + index)? = target;
            number += group.len();
        }
        u16::try_from(node).ok()
    }

    /// Adds the tail of the next pattern, and how many bytes stand in front of it.
    fn add_tail(&mut self, tail: &[u8], depth: usize) -> Option<()> {
        let start = u16::try_from(self.text.len()).ok()?;
        self.tails.push(Tail {
            start,
            len: u8::try_from(tail.len()).ok()?,
            depth: u8::try_from(depth).ok()?,
        });
        self.text.extend_from_slice(tail);
        Some(())
    }

    /// Fills what is looked up before the tree is.
    fn know_beginning(&mut self, pattern: &[u8]) {
        let len = beginning_len(pattern);
        let beginning = first(first_eight(pattern), len);
        let bit = place(beginning, BITS);
        if let Some(word) = self.filter.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
        let mut bytes = pattern.iter().take(len).enumerate();
        let Some(target) = bytes.try_fold(0, |target, (depth, byte)| self.step(target, *byte, depth)) else {
            return;
        };
        match len {
            LONG => self.long.insert(beginning, target),
            MIDDLE => self.middle.insert(beginning, target),
            _ => self.short.insert(beginning, target),
        }
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        self.text.capacity()
            + self.bytes.capacity()
            + 2 * self.targets.capacity()
            + size_of::<Tail>() * self.tails.capacity()
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
                if let (Some(rest), Some(tail)) = (rest.get(depth..), self.tail(number, depth))
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

    /// Where `byte` leads behind `depth` bytes.
    fn step(&self, target: Target, byte: u8, depth: usize) -> Option<Target> {
        if target & ONLY != 0 {
            let tail = self.tail(usize::from(target & !ONLY), depth)?;
            return tail.first().filter(|next| **next == byte).map(|_| target);
        }
        self.child(*self.nodes.get(usize::from(target))?, byte)
    }

    /// What the pattern with this number, of which there is only one by then, has behind `depth` bytes.
    #[inline]
    fn tail(&self, number: usize, depth: usize) -> Option<&[u8]> {
        let tail = *self.tails.get(number)?;
        let start = usize::from(tail.start);
        let skipped = depth.checked_sub(usize::from(tail.depth))?;
        self.text.get(start + skipped..start + usize::from(tail.len))
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

/// How many bytes of `pattern` are looked at before the tree is.
fn beginning_len(pattern: &[u8]) -> usize {
    [LONG, MIDDLE, SHORT].into_iter().find(|len| *len <= pattern.len()).unwrap_or_default()
}

/// Where a beginning is to be found among so many places, a power of two.
#[inline]
fn place(beginning: u64, count: usize) -> usize {
    let hash = (beginning ^ beginning >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(hash >> 32).unwrap_or_default() & (count - 1)
}

// === impl Beginnings ===

impl Beginnings {
    /// A place that nothing is in: it would lead to `NONE`.
    const FREE: u64 = u64::MAX;

    /// With room for these, which come sorted.
    fn new<'a>(beginnings: impl Iterator<Item = &'a [u8]>) -> Beginnings {
        let (mut count, mut last) = (0, None);
        for beginning in beginnings {
            count += usize::from(last != Some(beginning));
            last = Some(beginning);
        }
        Beginnings(vec![Beginnings::FREE; (count + count / 3 + 1).next_power_of_two()])
    }

    /// Adds one, unless it is there.
    fn insert(&mut self, beginning: u64, target: Target) {
        if self.get(beginning).is_none() {
            let mut index = place(beginning, self.0.len());
            while self.0.get(index).is_some_and(|entry| *entry != Beginnings::FREE) {
                index = (index + 1) % self.0.len();
            }
            if let Some(entry) = self.0.get_mut(index) {
                *entry = beginning << Target::BITS | u64::from(target);
            }
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
            index = (index + 1) % self.0.len();
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
}
