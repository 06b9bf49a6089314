//! Texts in which nothing was found, so that a conversation that comes again with every turn costs its new text.

use crate::limits::{MAX_KNOWN_TEXTS, MIN_KNOWN};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// The last texts in which nothing was found, and those before them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    young: HashSet<Print>,
    old: HashSet<Print>,
}

/// Makes prints of texts, under a key that nobody knows.
#[derive(Debug, Default)]
pub(crate) struct Prints(RandomState);

/// All that is kept of a text: 64 bits (`SipHash`). Who sends texts cannot look for two with the same, and of 2⁵⁰ texts one
/// is taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Print(u64);

/// A text with its print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printed<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) print: Option<Print>,
}

// === impl Prints ===

impl Prints {
    /// The print of `text`; `None` if it is so short that it costs no more to look at it again.
    pub(crate) fn of(&self, text: &[u8]) -> Option<Print> {
        (text.len() >= MIN_KNOWN).then(|| Print(self.0.hash_one(text)))
    }

    /// The same for the text in a `place`, which says what else decides whether anything is found.
    pub(crate) fn at(&self, text: Print, place: impl Hash) -> Print {
        Print(self.0.hash_one((text, place)))
    }
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

    #[test]
    fn what_was_asked_for_last_is_kept() {
        let mut known = Known::default();
        for number in 0..MAX_KNOWN_TEXTS as u64 * 5 {
            known.add(Print(number));
            assert!(known.has(Print(0)), "{number}");
            assert!(known.young.len() + known.old.len() <= 2 * MAX_KNOWN_TEXTS);
        }
        assert!(!known.has(Print(1)));
    }

    #[test]
    fn a_text_has_a_print_for_each_place() {
        let (prints, text) = (Prints::default(), [b'a'; MIN_KNOWN]);
        let print = prints.of(&text).unwrap();
        assert_eq!(prints.of(&text), Some(print));
        assert_eq!(prints.at(print, 1), prints.at(print, 1));
        assert_ne!(prints.at(print, 1), prints.at(print, 2));
        assert!(prints.of(&text[1..]).is_none());
        assert_ne!(Prints::default().of(&text), Some(print), "the key is another one");
    }
}
