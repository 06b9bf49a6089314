//! What was found in texts that come again with every turn of their conversation.

use super::Place;
use crate::known::Print;
use crate::limits::{MAX_KNOWN_PLACES, MAX_KNOWN_SUSPECTS};
use std::collections::HashMap;

/// The last texts in which something was found, and those before them.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    young: HashMap<Print, Judged>,
    old: HashMap<Print, Judged>,
}

/// What was found in a text.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) score: u8,
    pub(super) places: Vec<Place>,
}

// === impl Suspects ===

impl Suspects {
    /// What was found in the text.
    pub(super) fn get(&mut self, print: Print) -> Option<Judged> {
        let known = self.young.get(&print).or_else(|| self.old.get(&print)).cloned()?;
        self.add(print, &known);
        Some(known)
    }

    /// This was found in the text. What has too many places is judged again.
    pub(super) fn add(&mut self, print: Print, judged: &Judged) {
        if judged.places.len() > MAX_KNOWN_PLACES {
            return;
        }
        if self.young.len() >= MAX_KNOWN_SUSPECTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(print, judged.clone());
    }

    /// Bytes that it takes: a table has a byte beside each place, and an eighth of the places stays free.
    pub(super) fn size(&self) -> usize {
        let table = |suspects: &HashMap<Print, Judged>| {
            let places: usize = suspects.values().map(|one| one.places.capacity()).sum();
            suspects.capacity() * 8 / 7 * (size_of::<(Print, Judged)>() + 1) + places * size_of::<Place>()
        };
        table(&self.young) + table(&self.old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::Prints;

    #[test]
    fn suspects_are_kept_with_what_was_found() {
        let (mut suspects, prints) = (Suspects::default(), Prints::default());
        let text = prints.of(&[b'a'; 100]).unwrap();
        let place = Place { span: 3..9, score: 60, technique: None };
        for number in 0..MAX_KNOWN_SUSPECTS as u64 * 5 {
            let places = vec![place.clone(); usize::try_from(number).unwrap() % (2 * MAX_KNOWN_PLACES)];
            suspects.add(prints.at(text, number), &Judged { score: 60, places: places.clone() });
            let found = suspects.get(prints.at(text, number)).map(|judged| judged.places);
            assert_eq!(found, Some(places).filter(|places| places.len() <= MAX_KNOWN_PLACES), "{number}");
            assert!(suspects.young.len() + suspects.old.len() <= 2 * MAX_KNOWN_SUSPECTS);
        }
        assert!(suspects.get(prints.at(text, 1)).is_none());
    }
}
