//! Telephone numbers.

use super::date;

/// Country codes as (code, fewest and most digits behind it), one before two before three digits. Those that are not here
/// have 7 to 11 digits behind three.
/// Source: ITU-T E.164 Annex (Operational Bulletin 1114) and the countries' numbering plans as notified to the ITU.
const COUNTRIES: &[(u32, usize, usize)] = &[
    (1, 10, 10),  // North America
    (7, 10, 10),  // Russia, Kazakhstan
    (20, 8, 10),  // Egypt
    (27, 9, 9),   // South Africa
    (30, 10, 10), // Greece
    (31, 9, 9),   // Netherlands
    (32, 8, 9),   // Belgium
    (33, 9, 9),   // France
    (34, 9, 9),   // Spain
    (36, 8, 9),   // Hungary
    (39, 6, 11),  // Italy
    (40, 9, 9),   // Romania
    (41, 9, 9),   // Switzerland
    (43, 5, 13),  // Austria
    (44, 7, 10),  // United Kingdom
    (45, 8, 8),   // Denmark
    (46, 7, 10),  // Sweden
    (47, 8, 8),   // Norway
    (48, 9, 9),   // Poland
    (49, 6, 13),  // Germany
    (51, 8, 9),   // Peru
    (52, 10, 11), // Mexico
    (53, 8, 8),   // Cuba
    (54, 10, 11), // Argentina
    (55, 10, 11), // Brazil
    (56, 9, 9),   // Chile
    (57, 8, 10),  // Colombia
    (58, 10, 10), // Venezuela
    (60, 8, 10),  // Malaysia
    (61, 9, 9),   // Australia
    (62, 8, 12),  // Indonesia
    (63, 8, 10),  // Philippines
    (64, 8, 10),  // New Zealand
    (65, 8, 8),   // Singapore
    (66, 8, 9),   // Thailand
    (81, 9, 10),  // Japan
    (82, 8, 11),  // Korea
    (84, 9, 10),  // Vietnam
    (86, 10, 12), // China
    (90, 10, 10), // Turkey
    (91, 10, 10), // India
    (92, 9, 10),  // Pakistan
    (93, 9, 9),   // Afghanistan
    (94, 9, 9),   // Sri Lanka
    (95, 7, 10),  // Myanmar
    (98, 10, 10), // Iran
];

/// The first two digits of country codes of three.
const THREE_DIGITS: &[u32] =
    &[21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99];

/// Whether `text` is an international number: `+`, a country code and as many digits as the country's numbers have (ITU-T
/// E.164 §6).
pub(super) fn is_e164(text: &[u8]) -> bool {
    let digits = super::digits(text);
    let count = digits.clone().count();
    text.starts_with(b"+") && !is_count(digits.clone()) && (8..=15).contains(&count) && {
        // `+49 (0)30` is written, but the 0 is not dialled.
        let trunk = usize::from(text.windows(3).any(|three| three == b"(0)"));
        is_national(&digits, count - trunk)
    }
}

/// Whether `digits` begin with a country code behind which the rest of `count` digits can be.
fn is_national(digits: &(impl Iterator<Item = u32> + Clone), count: usize) -> bool {
    let code = |length| digits.clone().take(length).fold(0, |code, digit| code * 10 + digit);
    let of_country = |length: usize| {
        let (_, fewest, most) = COUNTRIES.iter().find(|(country, ..)| *country == code(length))?;
        Some((*fewest..=*most).contains(&(count - length)))
    };
    let digit = |at: usize| digits.clone().nth(at).unwrap_or(0);
    match of_country(1).or_else(|| of_country(2)) {
        // Neither area code nor exchange begin with 0 or 1.
        Some(fits) if code(1) == 1 => fits && digit(1) > 1 && digit(4) > 1,
        Some(fits) => fits,
        None => THREE_DIGITS.contains(&code(2)) && (7..=11).contains(&(count - 3)),
    }
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
        assert!(is_e164(b"+852 9123 4567") && is_e164(b"+1 (202) 555-0123"));
        // What a diff adds, and numbers with a sign.
        assert!(!is_e164(b"+1073741824") && !is_e164(b"+2830017612") && !is_e164(b"+6012345678901"));
        assert!(!is_e164(b"+1234567890") && !is_e164(b"+1234567890123456") && !is_e164(b"+0123456789"));
    }

    #[test]
    fn dates_are_not_dialled() {
        assert!(is_dialable(b"030 901820") && is_dialable(b"(0171) 1234567"));
        assert!(!is_dialable(b"2024-05-06") && !is_dialable(b"0000000") && !is_dialable(b"1700000000"));
        assert!(!is_dialable(b"12345678") && !is_e164(b"+1234567"));
    }
}
