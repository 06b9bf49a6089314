//! Telephone numbers.

/// Whether `text` is an international number: `+`, then 8 to 15 digits that do not begin with 0 (ITU-T E.164 §6).
pub(super) fn is_e164(text: &[u8]) -> bool {
    let mut digits = super::digits(text).peekable();
    let first = digits.peek().copied();
    text.starts_with(b"+") && first.is_some_and(|digit| digit != 0) && (8..=15).contains(&digits.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_digits_not_separators() {
        assert!(is_e164(b"+49 (0) 30 901820") && is_e164(b"+86 138 0013 8000"));
        assert!(!is_e164(b"+1234567") && !is_e164(b"+1234567890123456") && !is_e164(b"+0123456789"));
    }
}
