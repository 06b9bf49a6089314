//! Australia.

use super::{at, checksum, exactly, is_monotone};

/// Whether `text` holds a tax file number: nine digits, weighted sum divisible by 11 (ATO).
pub(crate) fn is_tfn(text: &[u8]) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        !is_monotone(&digits)
            && checksum::weighted(digits.into_iter(), &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
    })
}

/// Whether `text` holds a business number: eleven digits; less one at the front, the weighted sum is divisible by 89
/// (Australian Business Register).
pub(crate) fn is_abn(text: &[u8]) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let weights = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
        at(&digits, 0, 1) > 0 && (checksum::weighted(digits.into_iter(), &weights) - 10).is_multiple_of(89)
    })
}

/// Whether `text` holds a company number: nine digits, weights 8 to 1, complement mod 10 (ASIC).
pub(crate) fn is_acn(text: &[u8]) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        let sum = checksum::weighted(digits.iter().copied(), &[8, 7, 6, 5, 4, 3, 2, 1]);
        !is_monotone(&digits) && digits.last() == Some(&((10 - sum % 10) % 10))
    })
}

/// Whether `text` holds a Medicare card number: begins with 2 to 6, the ninth digit checks the first eight.
pub(crate) fn is_medicare(text: &[u8]) -> bool {
    exactly(text, 10).is_some_and(|digits| {
        let sum = checksum::weighted(digits.iter().copied(), &[1, 3, 7, 9, 1, 3, 7, 9]);
        matches!(digits.first(), Some(2..=6)) && at(&digits, 8, 1) == sum % 10
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        assert!(is_tfn(b"123 456 782") && !is_tfn(b"123 456 783"));
        assert!(is_abn(b"51 824 753 556") && !is_abn(b"51 824 753 557"));
        assert!(is_acn(b"004 085 616") && !is_acn(b"004 085 617"));
        assert!(is_medicare(b"2123 45670 1") && !is_medicare(b"2123 45680 1"));
    }
}
