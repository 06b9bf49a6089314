//! Words that mean something to attacks, of all languages together.

use crate::document::Concept;
use crate::limits::{MAX_CONCEPTS, MAX_EVENTS, MAX_PHRASE};
use crate::reading::Reading;
use crate::script::{Script, script};
use crate::trie::Trie;
use crate::words;
use aegis_disguise::utf8;
use std::ops::Range;

/// Which concept.
pub type ConceptId = u8;

/// A word that stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    /// What it means.
    pub concept: ConceptId,
    /// Where it stands in the text as it reads.
    pub start: u32,
    /// See `start`.
    pub end: u32,
    /// Which quotation it stands in; 0 for none.
    pub quotation: u16,
}

/// Finds concepts.
#[derive(Debug)]
pub struct Concepts {
    trie: Trie,
    phrases: Vec<Phrase>,
    names: Vec<String>,
    pulls: Vec<u8>,
    discussion: Vec<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Phrase {
    concept: ConceptId,
    /// It begins, and ends, with a letter that must not be inside a word.
    bound: (bool, bool),
}

/// Why a lexicon cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    /// Too many concepts.
    #[error("more than {MAX_CONCEPTS} concepts")]
    TooMany,
    /// Too many phrases.
    #[error("too many phrases, or too long ones, for a tree with numbers of 15 and 16 bits")]
    Phrases,
    /// A phrase that is empty or too long.
    #[error("concept `{0}`: `{1}` has fewer than 2, or 3 outside of ASCII, or more than {MAX_PHRASE} bytes")]
    Phrase(String, String),
    /// A phrase of two concepts.
    #[error("`{0}` is a phrase of two concepts: `{1}` and `{2}`")]
    Twice(String, String, String),
}

// === impl Event ===

impl Event {
    pub(crate) fn is_quoted(&self) -> bool {
        self.quotation > 0
    }
}

// === impl Concepts ===

impl Concepts {
    /// Compiles a lexicon.
    pub fn new(concepts: &[Concept]) -> Result<Concepts, LexiconError> {
        if concepts.len() > MAX_CONCEPTS {
            return Err(LexiconError::TooMany);
        }
        let mut patterns: Vec<(Vec<u8>, Phrase)> = Vec::new();
        let mut reading = Reading::default();
        for (concept, number) in concepts.iter().zip(0..) {
            for phrase in concept.words.values().flatten() {
                let (stem, open) =
                    phrase.strip_suffix('*').map_or((phrase.as_str(), false), |stem| (stem, true));
                reading.read(stem.as_bytes());
                let text = &reading.text;
                let shortest = if text.is_ascii() { 2 } else { 3 };
                if text.iter().all(|byte| *byte == b' ') || !(shortest..=MAX_PHRASE).contains(&text.len()) {
                    return Err(LexiconError::Phrase(concept.name.clone(), phrase.clone()));
                }
                let bound =
                    (is_word(last_of(text, 0, true)), !open && is_word(last_of(text, text.len(), false)));
                patterns.push((text.clone(), Phrase { concept: number, bound }));
            }
        }
        patterns.sort_by(|left, right| left.0.cmp(&right.0));
        for pair in patterns.windows(2) {
            if let [(text, one), (other, two)] = pair
                && text == other
                && one.concept != two.concept
            {
                let name =
                    |phrase: &Phrase| concepts.get(usize::from(phrase.concept)).map_or("", |one| &one.name);
                let text = String::from_utf8_lossy(text).into_owned();
                return Err(LexiconError::Twice(text, name(one).to_owned(), name(two).to_owned()));
            }
        }
        patterns.dedup_by(|left, right| left.0 == right.0);
        let texts: Vec<&[u8]> = patterns.iter().map(|(text, _)| text.as_slice()).collect();
        Ok(Concepts {
            trie: Trie::new(&texts).ok_or(LexiconError::Phrases)?,
            phrases: patterns.into_iter().map(|(_, phrase)| phrase).collect(),
            names: concepts.iter().map(|concept| concept.name.clone()).collect(),
            pulls: concepts.iter().map(|concept| concept.pull).collect(),
            discussion: concepts.iter().map(|concept| concept.discussion).collect(),
        })
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        let names: usize = self.names.iter().map(|name| size_of::<String>() + name.capacity()).sum();
        let flags = self.pulls.capacity() + self.discussion.capacity();
        self.trie.size() + self.phrases.capacity() * size_of::<Phrase>() + names + flags
    }

    /// The concept with this name.
    pub fn by_name(&self, name: &str) -> Option<ConceptId> {
        self.names.iter().position(|known| known == name).and_then(|index| ConceptId::try_from(index).ok())
    }

    /// The name of `concept`.
    pub fn name(&self, concept: ConceptId) -> &str {
        self.names.get(usize::from(concept)).map_or("", String::as_str)
    }

    /// How much `concept` draws attention.
    pub(crate) fn pull(&self, concept: ConceptId) -> u8 {
        self.pulls.get(usize::from(concept)).copied().unwrap_or_default()
    }

    /// Whether people who write about attacks use `concept`.
    pub fn is_discussion(&self, concept: ConceptId) -> bool {
        self.discussion.get(usize::from(concept)).is_some_and(|gate| *gate)
    }

    /// Puts into `events` the concepts of `text`, in order; of several that begin in one place the longest, and none
    /// inside another. In a text without spaces between its words, these may begin and end anywhere. Puts into `joints` where
    /// a word begins behind another one without a space between them. Calls `word` with each run of ASCII letters without a
    /// digit that it comes by. Returns where it stops if there are more than [`MAX_EVENTS`].
    pub(crate) fn find(
        &self,
        text: &[u8],
        spaceless: bool,
        (events, joints): (&mut Vec<Event>, &mut Vec<usize>),
        mut word: impl FnMut(Range<usize>),
    ) -> Option<usize> {
        events.clear();
        let mut end = 0;
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            if byte == b' ' || utf8::is_inside(byte) {
                at += 1;
                continue;
            }
            let here = at;
            // Within a word begins nothing; what other letters begin is looked at more closely if it is there.
            at += match byte {
                0xe3..=0xe9 => 3,
                _ if byte.is_ascii_alphanumeric() && !spaceless => {
                    let run = words::run(text, at);
                    if !run.digits {
                        word(at..at + run.len);
                    }
                    run.len
                }
                _ => {
                    // Of a row of one mark, what begins within it begins at its ends, too.
                    if !spaceless && is_flood(text, here) {
                        at += 1;
                        continue;
                    }
                    1
                }
            };
            let (mut found, mut inside) = (None, 0);
            self.trie.walk(text, here, |pattern, end| {
                let phrase = self.phrases.get(pattern);
                let fits = |phrase: &&Phrase| {
                    if spaceless {
                        end - here >= MIN_JOINED
                    } else {
                        stands_alone(text, &(here..end), phrase.bound)
                    }
                };
                found = phrase.filter(fits).map(|phrase| (phrase.concept, end)).or(found);
                inside = if end + MIN_JOINED <= at { end } else { inside };
            });
            if inside > here + MIN_JOINED && self.is_phrase(text, inside..at) {
                joints.push(inside);
            }
            let Some((concept, to)) = found.filter(|(_, to)| *to > end) else { continue };
            if events.len() >= MAX_EVENTS {
                return Some(here);
            }
            end = to;
            events.push(Event { concept, start: small(here), end: small(to), quotation: 0 });
        }
        None
    }

    /// Whether a phrase stands at `span`, and ends there.
    fn is_phrase(&self, text: &[u8], span: Range<usize>) -> bool {
        let mut is = false;
        self.trie.walk(text, span.start, |_, end| is |= end == span.end);
        is
    }
}

/// Marks in a row of which one is like the other: longer than any phrase has.
const FLOOD: usize = 32;

/// Whether what stands at `at` is within a row of one mark.
#[inline]
fn is_flood(text: &[u8], at: usize) -> bool {
    let mark = text.get(at);
    at.checked_sub(1).is_some_and(|before| text.get(before) == mark)
        && text.get(at..at + FLOOD).is_some_and(|marks| marks.iter().all(|one| Some(one) == mark))
}

/// Letters of a word that has no space beside it, at least: of two letters everything is full.
const MIN_JOINED: usize = 3;

/// Whether what stands at `span` is no part of a longer word.
fn stands_alone(text: &[u8], span: &Range<usize>, (begins, ends): (bool, bool)) -> bool {
    if begins && is_word(last_of(text, span.start, false)) {
        return false;
    }
    if !ends || !is_word(last_of(text, span.end, true)) {
        return true;
    }
    text.get(span.end) == Some(&b's') && !is_word(last_of(text, span.end + 1, true))
}

/// The character in front of `at`, or `behind` it.
pub(crate) fn last_of(text: &[u8], at: usize, behind: bool) -> Option<char> {
    if behind {
        return utf8::first(text.get(at..)?).map(|(character, _)| character);
    }
    let before = text.get(..at)?;
    let start = (1..=4).find_map(|len| {
        let start = at.checked_sub(len)?;
        before.get(start).filter(|byte| !utf8::is_inside(**byte)).map(|_| start)
    })?;
    utf8::first(before.get(start..)?).map(|(character, _)| character)
}

/// Whether it is a letter of a script with spaces.
pub(crate) fn is_word(character: Option<char>) -> bool {
    character.is_some_and(|character| script(character) == Script::Word)
}

/// A place in a text as it is kept: texts have fewer bytes.
pub(crate) fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn concepts(words: &[(&str, &[&str])]) -> Concepts {
        let concept = |(name, words): &(&str, &[&str])| Concept {
            name: (*name).to_owned(),
            words: BTreeMap::from([("en".to_owned(), words.iter().map(|word| (*word).to_owned()).collect())]),
            ..Concept::default()
        };
        Concepts::new(&words.iter().map(concept).collect::<Vec<_>>()).unwrap()
    }

    fn found(concepts: &Concepts, text: &str, spaceless: bool) -> Vec<String> {
        let mut events = Vec::new();
        concepts.find(text.as_bytes(), spaceless, (&mut events, &mut Vec::new()), |_| {});
        events.iter().map(|event| concepts.name(event.concept).to_owned()).collect()
    }

    #[test]
    fn words_are_whole_and_the_longest_counts() {
        let concepts = concepts(&[
            ("ignore", &["ignore", "ignor*", "忽略"]),
            ("prompt", &["prompt"]),
            ("system", &["system prompt", "prompt injection"]),
        ]);
        for (text, expected) in [
            ("ignore the prompts", vec!["ignore", "prompt"]),
            ("ignoring promptly", vec!["ignore"]),
            ("signore, system prompt", vec!["system"]),
            ("请忽略它", vec!["ignore"]),
            ("system prompt injection", vec!["system", "system"]),
        ] {
            assert_eq!(found(&concepts, text, false), expected, "{text}");
        }
        assert_eq!(found(&concepts, "xignorepromptx", true), ["ignore", "prompt"]);
    }

    #[test]
    fn words_without_a_space_between_them_are_seen() {
        let concepts = concepts(&[("ignore", &["ignore"]), ("prompt", &["prompts", "all"])]);
        let joints = |text: &str| {
            let mut joints = Vec::new();
            concepts.find(text.as_bytes(), false, (&mut Vec::new(), &mut joints), |_| {});
            joints
        };
        assert_eq!(joints("ignoreall promptsall, ignored allignores"), [6, 17]);
    }

    #[test]
    fn a_row_of_marks_is_no_flood() {
        let concepts = concepts(&[("line", &["-----", "--- end"]), ("end", &["end"])]);
        let count = |marks: usize| found(&concepts, &format!("{} end", "-".repeat(marks)), false).len();
        assert!(count(10_000) <= count(2 * FLOOD), "{}", count(10_000));
        assert_eq!(
            found(&concepts, &format!("{} end", "-".repeat(999)), false).last().map(String::as_str),
            Some("line")
        );
    }
}
