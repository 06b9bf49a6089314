//! Lines of a text of any length, in constant memory.

use std::io::{BufRead, Read as _};

/// Bytes of the longest line that is read. Request bodies have at most 12 MB by default, and JSON may take six bytes for
/// one.
pub(super) const MAX_LINE: u64 = 72 << 20;

/// Bytes of buffer that are kept from one line to the next.
const KEEP: usize = 1 << 20;

/// Reads lines.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    buffer: Vec<u8>,
}

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Nothing but white space.
    Empty,
    /// Up to [`MAX_LINE`] bytes.
    Text(&'a [u8]),
    /// More than that.
    TooLong,
}

// === impl Lines ===

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Lines<R> {
        Lines { input, number: 0, buffer: Vec::new() }
    }

    /// The next line and its number, from 1.
    pub(super) fn next(&mut self) -> std::io::Result<Option<(u64, Line<'_>)>> {
        self.buffer.clear();
        self.buffer.shrink_to(KEEP);
        let read = self.input.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if read as u64 > MAX_LINE && self.buffer.last() != Some(&b'\n') {
            self.input.skip_until(b'\n')?;
            return Ok(Some((self.number, Line::TooLong)));
        }
        let line = self.buffer.trim_ascii();
        Ok(Some((self.number, if line.is_empty() { Line::Empty } else { Line::Text(line) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_numbers_and_no_ends() {
        let mut lines = Lines::new(&b"a\r\n\n b \nc"[..]);
        let mut read = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            read.push((number, if let Line::Text(text) = line { text.to_vec() } else { vec![] }));
        }
        let expected: [(u64, &[u8]); 4] = [(1, b"a"), (2, b""), (3, b"b"), (4, b"c")];
        assert_eq!(read, expected.map(|(number, text)| (number, text.to_vec())));
    }

    #[test]
    fn a_line_that_is_too_long_takes_no_more_memory_and_ends() {
        let long = std::io::repeat(b'x').take(MAX_LINE + 5);
        let mut lines = Lines::new(std::io::BufReader::new(long.chain(&b"\nnext\n"[..])));
        assert_eq!(lines.next().unwrap(), Some((1, Line::TooLong)));
        assert_eq!(lines.next().unwrap(), Some((2, Line::Text(b"next"))));
        assert_eq!(lines.next().unwrap(), None);
        assert!(lines.buffer.capacity() <= KEEP);
    }
}
