//! Which parts of a Markdown text are code (`CommonMark` §4.5, §6.1).

use std::collections::VecDeque;

/// Follows a text through fenced blocks and code spans.
///
/// A span ends with its line at the latest: whether a backtick is closed further on, a stream cannot know.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// Bytes read.
    at: u64,
    place: Place,
    line: Line,
    /// Equal backticks or tildes that have just been read.
    run: usize,
    run_byte: u8,
    /// Where the text became code or stopped to be, and which.
    changes: VecDeque<(u64, bool)>,
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Prose,
    /// A span that so many backticks close.
    Span(usize),
    /// A block that at least so many of these close.
    Block(u8, usize),
}

/// What the line holds so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line {
    /// Only blanks and marks of quotations.
    #[default]
    Begun,
    /// Then a run that may close the block.
    Closing,
    Other,
}

/// Backticks or tildes that make a fence.
const FENCE: usize = 3;

// === impl Code ===

impl Code {
    /// Reads the next piece of the text.
    pub(super) fn read(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let [byte, behind @ ..] = rest {
            if self.run == 0 && self.line == Line::Other {
                // Nothing else says anything here.
                let skipped = memchr::memchr2(b'`', b'\n', rest).unwrap_or(rest.len());
                if skipped > 0 {
                    self.at += skipped as u64;
                    rest = rest.get(skipped..).unwrap_or_default();
                    continue;
                }
            }
            rest = behind;
            let byte = *byte;
            let goes_on = self.run > 0 && byte == self.run_byte;
            if self.run > 0 && !goes_on {
                self.end_run();
            }
            match byte {
                b'`' | b'~' if goes_on || byte == b'`' || self.line == Line::Begun => {
                    self.run_byte = byte;
                    self.run += 1;
                }
                b'\n' => self.end_line(),
                b' ' | b'\t' | b'\r' | b'>' if self.line != Line::Other => {}
                _ => self.line = Line::Other,
            }
            self.at += 1;
        }
    }

    /// Whether the byte at `offset` is code. It must have been read, and not be forgotten.
    pub(super) fn contains(&self, offset: u64) -> bool {
        self.changes.iter().rev().find(|(at, _)| *at <= offset).is_some_and(|(_, is_code)| *is_code)
    }

    /// Nothing before `offset` is asked for any more.
    pub(super) fn forget_before(&mut self, offset: u64) {
        while self.changes.get(1).is_some_and(|(at, _)| *at <= offset) {
            self.changes.pop_front();
        }
    }

    fn end_run(&mut self) {
        let (run, at_begin) = (std::mem::take(&mut self.run), self.line == Line::Begun);
        self.line = Line::Other;
        match self.place {
            Place::Prose if run >= FENCE && at_begin => self.enter(Place::Block(self.run_byte, run)),
            Place::Prose if self.run_byte == b'`' => self.enter(Place::Span(run)),
            Place::Span(open) if open == run && self.run_byte == b'`' => self.enter(Place::Prose),
            Place::Block(byte, open) if at_begin && byte == self.run_byte && run >= open => {
                self.line = Line::Closing;
            }
            _ => {}
        }
    }

    fn end_line(&mut self) {
        let closes = matches!(self.place, Place::Block(..)) && self.line == Line::Closing;
        if closes || matches!(self.place, Place::Span(_)) {
            self.enter(Place::Prose);
        }
        self.line = Line::Begun;
    }

    fn enter(&mut self, place: Place) {
        self.place = place;
        self.changes.push_back((self.at, place != Place::Prose));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` with everything that is no code replaced by dots.
    fn code(text: &str, cut: usize) -> String {
        let mut code = Code::default();
        text.as_bytes().chunks(cut).for_each(|piece| code.read(piece));
        let shown = |(at, char): (usize, char)| if code.contains(at as u64) { char } else { '.' };
        text.char_indices().map(shown).collect()
    }

    #[test]
    fn blocks_and_spans_are_code() {
        for (text, expected) in [
            ("a `b c` d", "...b c`.."),
            ("a ``b ` c`` d", "....b ` c``.."),
            ("a `b\nc", "...b\n."),
            ("```sh\nrm x\n```\ny", "...sh\nrm x\n```\n."),
            ("~~~\nrm ```\n~~~~ \ny", "...\nrm ```\n~~~~ \n."),
            ("> ```\n> rm\n> ``` not\n> x", ".....\n> rm\n> ``` not\n> x"),
            ("  ```\nrm\n``\n```\ny", ".....\nrm\n``\n```\n."),
            ("a ``` b ``` c", ".....  b ```..".replace("  ", " ").as_str()),
            ("x ~ y ~~ z", ".........."),
        ] {
            for cut in [1, 3, 100] {
                let expected: String = expected.replace('\n', "\u{1}");
                let got = code(text, cut).replace('\n', "\u{1}");
                let same =
                    got.chars().zip(expected.chars()).all(|(a, b)| a == b || (a == '.' && b == '\u{1}'));
                assert!(
                    same && got.chars().count() == expected.chars().count(),
                    "{text:?}: {got:?} {expected:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_forgotten_does_not_change_the_rest() {
        let mut code = Code::default();
        for _ in 0..1000 {
            code.read(b"a `b` ");
            code.forget_before(code.at);
        }
        assert!(code.changes.len() < 4);
        code.read(b"`c");
        assert!(code.contains(code.at - 1) && !code.contains(code.at - 3));
    }
}
