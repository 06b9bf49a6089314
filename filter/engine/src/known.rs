//! Texts in which nothing was found, so that a conversation that comes again with every turn costs its new text.

mod print;

pub(crate) use print::{Print, Printed, Prints};

use crate::limits::MAX_KNOWN_TEXTS;
use std::collections::HashSet;

/// The last texts in which nothing was found, and those before them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    young: HashSet<Print>,
    old: HashSet<Print>,
}

// === impl Known ===

impl Known {
    /// Whether nothing was found in the text.
    pub(crate) fn has(&mut self, print: Print) -> bool {
        let known = self.young.contains(&print) || self.old.contains(&print);
        if known {
            self.add(print);
        }
        known
    }

    /// Nothing was found in the text.
    pub(crate) fn add(&mut self, print: Print) {
        if self.young.len() >= MAX_KNOWN_TEXTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(print);
    }

    /// Bytes that it takes: a table has a byte beside each place, and an eighth of the places stays free.
    pub(crate) fn size(&self) -> usize {
        let table = |set: &HashSet<Print>| set.capacity() * 8 / 7 * (size_of::<Print>() + 1);
        table(&self.young) + table(&self.old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MIN_KNOWN;

    #[test]
    fn what_was_asked_for_last_is_kept() {
        let mut known = Known::default();
        let prints = Prints::default();
        let text = prints.of(&[b'a'; MIN_KNOWN]).unwrap();
        let print = |number: usize| prints.at(text, number);
        for number in 0..MAX_KNOWN_TEXTS * 5 {
            known.add(print(number));
            assert!(known.has(print(0)), "{number}");
            assert!(known.young.len() + known.old.len() <= 2 * MAX_KNOWN_TEXTS);
        }
        assert!(!known.has(print(1)));
    }
}
