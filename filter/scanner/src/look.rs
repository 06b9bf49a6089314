//! Look-around on one byte of context: all that ASCII word boundaries and line anchors need.

use regex_automata::util::look::Look;

/// What a look-around can see of a neighbouring byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Neighbour {
    /// No byte: the text begins or ends here.
    Edge = 0,
    /// `[0-9A-Za-z_]`.
    Word = 1,
    /// Line feed.
    Lf = 2,
    /// Carriage return.
    Cr = 3,
    /// Any other byte.
    Other = 4,
}

/// A byte is looked at several times for every one that is read.
static NEIGHBOURS: [Neighbour; 256] = {
    let mut table = [Neighbour::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            reason = "evaluated by the compiler"
        )]
        {
            table[byte] = Neighbour::by_range(byte as u8);
        }
        byte += 1;
    }
    table
};

impl Neighbour {
    /// Number of variants, for tables.
    pub(crate) const COUNT: usize = 5;

    pub(crate) fn of(byte: u8) -> Neighbour {
        NEIGHBOURS.get(usize::from(byte)).copied().unwrap_or(Neighbour::Other)
    }

    const fn by_range(byte: u8) -> Neighbour {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => Neighbour::Word,
            b'\n' => Neighbour::Lf,
            b'\r' => Neighbour::Cr,
            _ => Neighbour::Other,
        }
    }

    fn is_word(self) -> bool {
        self == Neighbour::Word
    }
}

/// Whether `look` holds between `before` and `after`. Unicode word boundaries never get here: they are refused when a
/// rule is compiled.
pub(crate) fn holds(look: Look, before: Neighbour, after: Neighbour) -> bool {
    use Neighbour::{Cr, Edge, Lf};
    match look {
        Look::Start => before == Edge,
        Look::End => after == Edge,
        Look::StartLF => matches!(before, Edge | Lf),
        Look::EndLF => matches!(after, Edge | Lf),
        Look::StartCRLF => matches!(before, Edge | Lf) || (before == Cr && after != Lf),
        Look::EndCRLF => matches!(after, Edge | Cr) || (after == Lf && before != Cr),
        Look::WordAscii => before.is_word() != after.is_word(),
        Look::WordAsciiNegate => before.is_word() == after.is_word(),
        Look::WordStartAscii => !before.is_word() && after.is_word(),
        Look::WordEndAscii => before.is_word() && !after.is_word(),
        Look::WordStartHalfAscii => !before.is_word(),
        Look::WordEndHalfAscii => !after.is_word(),
        Look::WordUnicode
        | Look::WordUnicodeNegate
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_boundaries_see_chinese_as_no_word() {
        let chinese = Neighbour::of("码".as_bytes()[2]);
        assert!(holds(Look::WordAscii, chinese, Neighbour::of(b's')));
        assert!(!holds(Look::WordAscii, Neighbour::of(b'k'), Neighbour::of(b'_')));
        assert!(holds(Look::WordAscii, Neighbour::of(b'k'), Neighbour::Edge));
    }

    #[test]
    fn line_anchors_see_lf_and_the_edges() {
        assert!(holds(Look::StartLF, Neighbour::Lf, Neighbour::Word));
        assert!(holds(Look::EndLF, Neighbour::Word, Neighbour::Edge));
        assert!(!holds(Look::StartLF, Neighbour::Cr, Neighbour::Word));
        assert!(!holds(Look::Start, Neighbour::Lf, Neighbour::Word));
    }
}
