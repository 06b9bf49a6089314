//! Invisible characters that are there for a model and not for a reader (UTS #36 §3).

/// Tags of the longest region that a flag can stand for: a country and up to four letters or digits (UTS #51 §1.4.9).
const MAX_FLAG: usize = 6;

/// Invisible characters of which a run may spell something: a byte in two kinds of them takes eight, but four are already
/// more than any script needs.
const MIN_SPELT: usize = 4;

/// Equal ones: people press a key twice, and programs do so more often.
const MIN_EQUAL: usize = 8;

/// Whether `text`, a run of invisible characters that the rule's pattern lets through, is no natural use of them.
pub(super) fn is_smuggled(text: &[u8]) -> bool {
    let mut run = Run::default();
    String::from_utf8_lossy(text).chars().for_each(|character| run.count(character));
    run.tags > MAX_FLAG
        || run.foreign_tags > 0
        // Of the selectors for ideographs, the pattern takes only those that stand behind something else.
        || run.ideographic_selectors > 0
        || run.selectors >= 3
        || run.overrides_left
        || (run.overrides_right && run.controls.count >= 2)
        || (run.controls.count >= MIN_SPELT && run.controls.is_mixed)
        // So few come from the inside of a word.
        || (run.hidden.count < MIN_SPELT && run.hidden.count == run.all)
        || (run.hidden.count >= MIN_SPELT && run.hidden.is_mixed)
        || run.hidden.count >= MIN_EQUAL
}

/// What a run consists of.
#[derive(Debug, Default)]
struct Run {
    all: usize,
    /// Tags that a region can have.
    tags: usize,
    /// Other tags.
    foreign_tags: usize,
    selectors: usize,
    ideographic_selectors: usize,
    /// U+202E.
    overrides_left: bool,
    /// U+202D.
    overrides_right: bool,
    controls: Kinds,
    hidden: Kinds,
}

/// How many characters, and whether they differ.
#[derive(Debug, Default)]
struct Kinds {
    count: usize,
    last: Option<char>,
    is_mixed: bool,
}

// === impl Run ===

impl Run {
    fn count(&mut self, character: char) {
        self.all += 1;
        match u32::from(character) {
            0xe0030..=0xe0039 | 0xe0061..=0xe007a => self.tags += 1,
            0xe0001..=0xe007e => self.foreign_tags += 1,
            0xfe00..=0xfe0f => self.selectors += 1,
            0xe0100..=0xe01ef => self.ideographic_selectors += 1,
            // The end of a flag's tags; marks of direction, which stand in natural text, also several times.
            0xe007f | 0x200e..=0x200f | 0x61c => {}
            code @ (0x202a..=0x202e | 0x2066..=0x2069) => {
                self.overrides_left |= code == 0x202e;
                self.overrides_right |= code == 0x202d;
                self.controls.count(character);
            }
            _ => self.hidden.count(character),
        }
    }
}

// === impl Kinds ===

impl Kinds {
    fn count(&mut self, character: char) {
        self.count += 1;
        self.is_mixed |= self.last.is_some_and(|last| last != character);
        self.last = Some(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> String {
        text.chars().filter_map(|character| char::from_u32(0xe0000 + u32::from(character))).collect()
    }

    #[test]
    fn what_spells_something_is_smuggled() {
        for text in [
            tags("ignore all").as_str(),
            &tags("A"),
            &tags("deleted"),
            "\u{e0148}\u{e0155}",
            "\u{fe00}\u{fe01}\u{fe00}",
            "\u{200b}\u{200c}\u{200b}\u{200b}",
            "\u{2064}\u{2062}\u{2062}\u{2064}",
            "\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}",
            "\u{200d}",
            "\u{202e}",
            "\u{202d}\u{2066}",
            "\u{2069}\u{202c}\u{2069}\u{202c}",
        ] {
            assert!(is_smuggled(text.as_bytes()), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn what_scripts_and_emoji_need_is_not() {
        for text in [
            tags("gbeng\u{7f}").as_str(),
            &tags("gbeng"),
            &tags("beng\u{7f}"),
            "\u{200c}\u{200c}\u{200c}\u{200c}",
            "\u{200f}\u{200e}\u{200f}\u{200e}\u{200f}",
            "\u{2069}\u{2069}\u{2069}\u{2069}",
            "\u{fe0f}\u{200d}\u{fe0f}\u{200d}",
            "\u{202d}",
        ] {
            assert!(!is_smuggled(text.as_bytes()), "{}", text.escape_unicode());
        }
    }
}
