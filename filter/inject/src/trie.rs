//! Patterns as a tree of bytes: all that begin in one place are found in one walk.
//!
//! Words begin at few places of a text, so walks from there cost less than an automaton that looks at every byte, and the
//! tree takes less memory.

/// Many patterns.
#[derive(Debug)]
pub(crate) struct Trie {
    /// Where those with two ASCII bytes in front begin, by these bytes; `NONE` for none.
    pairs: Vec<u32>,
    /// Whether any begins with a letter from [`FIRST_DENSE`] on, a bit for each.
    dense: Vec<u64>,
    nodes: Vec<Node>,
    /// Children of nodes, those of one node together: bytes …
    bytes: Vec<u8>,
    /// … and where they lead.
    targets: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// Its first child.
    first: u32,
    count: u16,
    /// The pattern that ends here; `NO_PATTERN` for none.
    pattern: u16,
}

const NONE: u32 = u32::MAX;
const NO_PATTERN: u16 = u16::MAX;

/// Bytes of a pair that are looked up at once.
const ASCII: usize = 128;

/// Children that are looked through one after another.
const FEW: usize = 6;

/// The first of the letters of three bytes whose beginnings are known by a bit.
const FIRST_DENSE: u32 = 0x3000;
const DENSE: usize = 0x7000;

// === impl Trie ===

impl Trie {
    /// Of sorted patterns, none of which is there twice or has a single byte. Those beyond 65,535 are left out.
    pub(crate) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Trie {
        let patterns: Vec<&[u8]> = patterns.take(usize::from(NO_PATTERN)).collect();
        let mut trie = Trie {
            pairs: Vec::new(),
            dense: vec![0; DENSE / 64],
            nodes: Vec::new(),
            bytes: Vec::new(),
            targets: Vec::new(),
        };
        trie.grow(&patterns, 0, 0);
        for (word, bit) in patterns.iter().filter_map(|pattern| dense(pattern)) {
            if let Some(word) = trie.dense.get_mut(word) {
                *word |= bit;
            }
        }
        let pairs = (0..ASCII * ASCII).map(|pair| {
            let byte = |byte: usize| u8::try_from(byte).unwrap_or_default();
            let one = trie.child(0, byte(pair / ASCII))?;
            trie.child(one, byte(pair % ASCII))
        });
        trie.pairs = pairs.map(|node| node.unwrap_or(NONE)).collect();
        trie
    }

    /// Adds the node of `patterns`, which have `depth` bytes in common; the first of them has number `number`.
    fn grow(&mut self, patterns: &[&[u8]], number: usize, depth: usize) -> u32 {
        let node = self.nodes.len();
        let ends = patterns.first().is_some_and(|first| first.len() == depth);
        let pattern = if ends { u16::try_from(number).unwrap_or(NO_PATTERN) } else { NO_PATTERN };
        let longer = patterns.get(usize::from(ends)..).unwrap_or_default();
        let byte = |pattern: &&[u8]| pattern.get(depth).copied().unwrap_or_default();
        let groups: Vec<&[&[u8]]> = longer.chunk_by(|left, right| byte(left) == byte(right)).collect();
        let first = self.bytes.len();
        let count = u16::try_from(groups.len()).unwrap_or(0);
        self.nodes.push(Node { first: small(first), count, pattern });
        self.bytes.extend(groups.iter().filter_map(|group| group.first().map(byte)));
        self.targets.resize(self.bytes.len(), NONE);
        let mut number = number + usize::from(ends);
        for (index, group) in groups.into_iter().enumerate() {
            let target = self.grow(group, number, depth + 1);
            if let Some(place) = self.targets.get_mut(first + index) {
                *place = target;
            }
            number += group.len();
        }
        small(node)
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        4 * self.pairs.len() + size_of::<Node>() * self.nodes.len() + 5 * self.bytes.len()
    }

    /// Calls `sink` with each pattern that `text` has at `at`, shortest first, and where it ends.
    pub(crate) fn walk(&self, text: &[u8], at: usize, mut sink: impl FnMut(usize, usize)) {
        let rest = text.get(at..).unwrap_or_default();
        let (mut node, mut depth) = (0, 0);
        if let [one, two, ..] = rest
            && one.is_ascii()
            && two.is_ascii()
        {
            match self.pairs.get(usize::from(*one) * ASCII + usize::from(*two)) {
                Some(&pair) if pair != NONE => (node, depth) = (pair, 2),
                _ => return,
            }
        }
        if let Some((word, bit)) = dense(rest)
            && self.dense.get(word).is_some_and(|word| word & bit == 0)
        {
            return;
        }
        loop {
            let Some(here) = self.nodes.get(node as usize) else { return };
            if here.pattern != NO_PATTERN {
                sink(usize::from(here.pattern), at + depth);
            }
            let Some(next) = rest.get(depth).and_then(|byte| self.child(node, *byte)) else { return };
            (node, depth) = (next, depth + 1);
        }
    }

    fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let node = self.nodes.get(node as usize)?;
        let first = node.first as usize;
        let bytes = self.bytes.get(first..first + usize::from(node.count))?;
        let index = if bytes.len() > FEW {
            bytes.binary_search(&byte).ok()?
        } else {
            bytes.iter().position(|child| *child == byte)?
        };
        self.targets.get(first + index).copied()
    }
}

/// The bit of the letter of three bytes that `text` begins with.
fn dense(text: &[u8]) -> Option<(usize, u64)> {
    let [one @ 0xe3..=0xe9, two, three, ..] = *text else { return None };
    let code = u32::from(one & 0x0f) << 12 | u32::from(two & 0x3f) << 6 | u32::from(three & 0x3f);
    let index = code.checked_sub(FIRST_DENSE)?;
    Some((index as usize / 64, 1 << (index % 64)))
}

fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_all_patterns_at_a_place() {
        let mut patterns = ["ab", "abc", "abd", "bé", "忽略", "忽视", "x y z"].map(str::as_bytes);
        patterns.sort_unstable();
        let trie = Trie::new(patterns.into_iter());
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
        assert_eq!(found("x y", 0), []);
        assert_eq!(found("a", 0), []);
    }
}
