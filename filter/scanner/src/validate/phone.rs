//! Telephone numbers.

use super::date;

/// Whether `text` is an international number: `+`, then 8 to 15 digits that do not begin with 0 (ITU-T E.164 §6).
pub(super) fn is_e164(text: &[u8]) -> bool {
    let mut digits = super::digits(text).peekable();
    let first = digits.peek().copied();
    text.starts_with(b"+")
        && first.is_some_and(|digit| digit != 0)
        && !is_count(super::digits(text))
        && (8..=15).contains(&digits.count())
}

/// Whether the digits are `123456789…`, which people write where a number should stand.
fn is_count(digits: impl Iterator<Item = u32>) -> bool {
    digits.zip(1..).all(|(digit, count)| digit == count % 10)
}

/// Whether `text` can be a number that somebody wrote behind `phone:`: 7 to 15 digits (ITU-T E.164 §6), not all the
/// same, no date and no time stamp.
pub(super) fn is_dialable(text: &[u8]) -> bool {
    let digits = super::digits(text);
    let part = |start, length| date::part(digits.clone(), start, length).unwrap_or(u32::MAX);
    let dated = text.get(4) == Some(&b'-') && date::is_date(part(0, 4), part(4, 2), part(6, 2));
    (7..=15).contains(&digits.clone().count())
        && digits.clone().any(|digit| Some(digit) != digits.clone().next())
        && !is_count(digits.clone())
        && !dated
        && !(text.first() == Some(&b'1') && date::is_epoch(digits) && text.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_digits_not_separators() {
        assert!(is_e164(b"+49 (0) 30 901820") && is_e164(b"+86 138 0013 8000"));
        assert!(!is_e164(b"+1234567890") && !is_e164(b"+1234567890123456") && !is_e164(b"+0123456789"));
    }

    #[test]
    fn dates_are_not_dialled() {
        assert!(is_dialable(b"030 901820") && is_dialable(b"(0171) 1234567"));
        assert!(!is_dialable(b"2024-05-06") && !is_dialable(b"0000000") && !is_dialable(b"1700000000"));
        assert!(!is_dialable(b"12345678") && !is_e164(b"+1234567"));
    }
}
