//! Texts in which nothing was found, so that a conversation that comes again with every turn costs its new text.

use crate::limits::{MAX_KNOWN_TEXTS, MIN_KNOWN};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// The last texts in which nothing was found, and those before them.
///
/// Nothing of a text is kept but 64 bits under a key that nobody knows (`SipHash`): who sends texts cannot look for two
/// with the same, and one in 2⁵⁰ is taken for another.
#[derive(Debug, Default)]
pub(crate) struct Known {
    keys: RandomState,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

/// What is remembered of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Print(u64);

// === impl Known ===

impl Known {
    /// What to remember `text` by, where `place` says what else decides whether anything is found; `None` if it is so
    /// short that it costs no more to look again.
    pub(crate) fn print(&self, place: impl Hash, text: &[u8]) -> Option<Print> {
        (text.len() >= MIN_KNOWN).then(|| Print(self.keys.hash_one((place, text))))
    }

    /// Whether nothing was found in the text.
    pub(crate) fn has(&mut self, print: Print) -> bool {
        let known = self.young.contains(&print.0) || self.old.contains(&print.0);
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
        self.young.insert(print.0);
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
    fn a_text_is_known_where_it_stood() {
        let mut known = Known::default();
        let text = [b'a'; MIN_KNOWN];
        let print = known.print(1, &text).unwrap();
        known.add(print);
        let again = known.print(1, &text).unwrap();
        let elsewhere = known.print(2, &text).unwrap();
        assert!(known.has(again) && !known.has(elsewhere));
        assert!(known.print(1, &text[1..]).is_none());
    }
}
