//! Rows of numbers, in which no match begins but at their beginning.
//!
//! `0.4111111111111111` is no payment card, the middle of `02 04 06 12 34 56 78 90` no telephone number, and the middle of
//! `1.3.6.1.4.1` no address. `\b` is true there, and no look-around of a DFA sees further than one byte.

use crate::limits::ROW_REACH;

/// Whether `value` continues a row of numbers, given the bytes in front of it, the nearest first: digits behind a decimal
/// point, or groups of digits behind another group that is as long and set off in the same way. Between colons the digits
/// are hexadecimal.
pub(crate) fn continues(value: &[u8], in_front: impl Iterator<Item = u8>) -> bool {
    let hexadecimal = match value.iter().position(|byte| !byte.is_ascii_hexdigit()) {
        Some(end) => matches!((end, value.get(end)), (_, Some(b':')) | (2, Some(b'-'))),
        None => false,
    };
    let is_digit = |byte: &u8| byte.is_ascii_digit() || hexadecimal && byte.is_ascii_hexdigit();
    let first = value.iter().take_while(|byte| is_digit(byte)).count();
    if first == 0 {
        return false;
    }
    let mut in_front = in_front.take(ROW_REACH).peekable();
    match (value.get(first), in_front.next()) {
        (None, Some(b'.')) => in_front.next().is_some_and(|byte| byte.is_ascii_digit()),
        (Some(&separator), Some(before)) if b" -.:".contains(&separator) && separator == before => {
            let group = std::iter::from_fn(|| in_front.next_if(is_digit)).count();
            // The day of a date is no group of a row.
            let dated = in_front.next().is_some_and(|byte| byte != separator && b"-./:".contains(&byte));
            group == first && !dated
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in_row(before: &str, value: &str) -> bool {
        continues(value.as_bytes(), before.bytes().rev())
    }

    #[test]
    fn fractions_and_equal_groups_are_rows() {
        for (before, value) in [
            ("loss=0.", "4111111111111111"),
            ("93 02 ", "04 06 12 34 56"),
            ("5021 ", "4111 1111 1111 1111"),
            ("OID 1.", "3.6.1.4"),
            ("123-", "456-7890"),
            ("EA:8D:", "99:DD:36:AA:2D:07"),
            ("ea-8d-", "ff-dd-36-aa-2d-07"),
        ] {
            assert!(is_in_row(before, value), "{before}{value}");
        }
    }

    #[test]
    fn other_numbers_in_front_make_no_row() {
        for (before, value) in [
            ("12 ", "4111 1111 1111 1111"),
            ("12 ", "4111111111111111"),
            ("4111111111111111,", "4111111111111111"),
            ("no. ", "4111111111111111"),
            ("v.", "4111111111111111"),
            ("fade-", "2155-0132"),
            ("2024-05-06 ", "06 12 34 56 78"),
            ("12 ", "mail"),
            ("", "1.2.3.4"),
        ] {
            assert!(!is_in_row(before, value), "{before}{value}");
        }
    }
}
