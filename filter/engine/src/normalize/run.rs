//! Long runs of letters and digits, in which something may be encoded.

use crate::limits::MIN_ENCODED;
use std::ops::Range;

/// The runs of at least [`MIN_ENCODED`] characters of base64 in `text`, both alphabets, without padding.
///
/// Looks at one byte in [`MIN_ENCODED`] where there are none, and reads back from there where there may be one.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            // No run that begins at `from` or behind it is complete before this byte.
            let last = from + MIN_ENCODED - 1;
            let window = text.get(from..=last)?;
            match window.iter().rposition(|byte| !is_encoding(*byte)) {
                Some(gap) => from += gap + 1,
                None => {
                    let behind = text.get(last + 1..).unwrap_or_default();
                    let more = behind.iter().position(|byte| !is_encoding(*byte)).unwrap_or(behind.len());
                    let run = from..last + 1 + more;
                    from = run.end;
                    return Some(run);
                }
            }
        }
    })
}

/// Whether `byte` is of one of the alphabets of base64 (RFC 4648 §4 and §5).
fn is_encoding(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_long_run() {
        for len in 0..40 {
            for before in 0..40 {
                let text = format!("{}.{}.ab", " ".repeat(before), "x".repeat(len));
                let expected = if len < MIN_ENCODED { vec![] } else { vec![before + 1..before + 1 + len] };
                assert_eq!(runs(text.as_bytes()).collect::<Vec<_>>(), expected, "{text}");
            }
        }
        assert_eq!(runs(&[b'a'; 30]).collect::<Vec<_>>(), [0..30]);
    }
}
