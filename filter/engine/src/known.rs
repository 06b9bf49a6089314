//! What came of texts, so that a conversation that comes again with every turn costs its new text.

mod print;

pub(crate) use print::{Print, Printed, Prints};

use std::collections::HashMap;

/// What came of the last `MAX` texts, and of up to as many before them.
#[derive(Debug)]
pub(crate) struct Known<V, const MAX: usize> {
    young: HashMap<Print, V>,
    old: HashMap<Print, V>,
}

// === impl Known ===

impl<V: Clone, const MAX: usize> Known<V, MAX> {
    /// What came of the text, if it is known.
    pub(crate) fn get(&mut self, print: Print) -> Option<V> {
        let known = self.young.get(&print).or_else(|| self.old.get(&print)).cloned()?;
        self.add(print, known.clone());
        Some(known)
    }

    /// This came of the text.
    pub(crate) fn add(&mut self, print: Print, value: V) {
        if self.young.len() >= MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(print, value);
    }

    /// Bytes that it takes, of which `more` are those behind a value: a table has a byte beside each place, and an eighth
    /// of the places stays free.
    pub(crate) fn size(&self, more: impl Fn(&V) -> usize) -> usize {
        let table = |known: &HashMap<Print, V>| {
            known.capacity() * 8 / 7 * (size_of::<(Print, V)>() + 1)
                + known.values().map(&more).sum::<usize>()
        };
        table(&self.young) + table(&self.old)
    }
}

impl<V, const MAX: usize> Default for Known<V, MAX> {
    fn default() -> Known<V, MAX> {
        Known { young: HashMap::new(), old: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MIN_KNOWN;

    #[test]
    fn what_was_asked_for_last_is_kept() {
        const MAX: usize = 100;
        let (mut known, prints) = (Known::<usize, MAX>::default(), Prints::default());
        let text = prints.of(&[b'a'; MIN_KNOWN]).unwrap();
        let print = |number: usize| prints.at(text, number);
        for number in 0..MAX * 5 {
            known.add(print(number), number);
            assert_eq!((known.get(print(number)), known.get(print(0))), (Some(number), Some(0)));
            assert!(known.young.len() + known.old.len() <= 2 * MAX);
        }
        assert_eq!(known.get(print(1)), None);
    }
}
