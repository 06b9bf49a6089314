//! National identifiers of people, companies and tax payers.

pub(super) mod americas;
pub(super) mod asia;
pub(super) mod europe;
pub(super) mod pacific;

use super::{checksum, date};

/// The digits of `text`, if there are `count`.
fn exactly(text: &[u8], count: usize) -> Option<Vec<u32>> {
    let digits: Vec<u32> = super::digits(text).collect();
    (digits.len() == count).then_some(digits)
}

/// The letters and digits of `text`, in upper case.
fn alphanumeric(text: &[u8]) -> Vec<u8> {
    text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect()
}

/// Whether all digits are the same, as in placeholders.
fn is_monotone(digits: &[u32]) -> bool {
    digits.windows(2).all(|pair| pair.first() == pair.last())
}

/// The number that the digits from `start` on are; out of every range if they are too few.
fn at(digits: &[u32], start: usize, length: usize) -> u32 {
    date::part(digits.iter().copied(), start, length).unwrap_or(u32::MAX)
}

/// Whether the digits from `start` on are `YYMMDD` of one of the two centuries of living people.
fn is_short_date(digits: &[u32], start: usize) -> bool {
    let (year, month, day) = (at(digits, start, 2), at(digits, start + 2, 2), at(digits, start + 4, 2));
    year < 100 && (date::is_date(1900 + year, month, day) || date::is_date(2000 + year, month, day))
}
