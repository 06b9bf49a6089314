//! Asia and Africa.

use super::{alphanumeric, at, checksum, date, exactly, is_monotone, is_short_date};

/// The weights 2^(n-1) mod 11 of ISO/IEC 7064 MOD 11-2 for 18 characters.
const CHINA_WEIGHTS: [u32; 18] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1];

/// Whether `text` holds a resident identity number of China: province, date of birth, ISO 7064 MOD 11-2 (GB 11643).
pub(crate) fn is_china_resident(text: &[u8]) -> bool {
    let value = |byte: &u8| if *byte == b'X' { 10 } else { u32::from(byte.wrapping_sub(b'0')) };
    let values: Vec<u32> = alphanumeric(text).iter().map(value).collect();
    let province = at(&values, 0, 2);
    values.len() == 18
        && matches!(province, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
        && (1900..2040).contains(&at(&values, 6, 4))
        && date::is_date(at(&values, 6, 4), at(&values, 10, 2), at(&values, 12, 2))
        && checksum::weighted(values.into_iter(), &CHINA_WEIGHTS) % 11 == 1
}

/// Whether `text` is a unified social credit code of China: base 31, weights 3^n (GB 32100).
pub(crate) fn is_china_credit_code(text: &[u8]) -> bool {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let value =
        |byte: &u8| ALPHABET.iter().position(|known| known == byte).and_then(|at| u32::try_from(at).ok());
    let Some(values) = text.iter().map(value).collect::<Option<Vec<u32>>>() else { return false };
    let sum = checksum::weighted(values.iter().copied(), &WEIGHTS);
    values.len() == 18 && values.last() == Some(&((31 - sum % 31) % 31))
}

/// Whether `text` holds an Aadhaar number of India: twelve digits, not beginning with 0 or 1, with Verhoeff's check
/// digit, and no palindrome (UIDAI).
pub(crate) fn is_aadhaar(text: &[u8]) -> bool {
    exactly(text, 12).is_some_and(|digits| {
        !matches!(digits.first(), Some(0 | 1))
            && !digits.iter().eq(digits.iter().rev())
            && !date::is_clock(&digits.iter().copied())
            && checksum::verhoeff(digits.into_iter())
    })
}

/// Whether `text` is an NRIC or FIN of Singapore: weights 2-7-6-5-4-3-2, an offset and a table of letters per series.
pub(crate) fn is_nric(text: &[u8]) -> bool {
    let text = text.to_ascii_uppercase();
    let (offset, letters): (u32, &[u8; 11]) = match text.first() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    exactly(&text, 7).is_some_and(|digits| {
        let sum = offset + checksum::weighted(digits.into_iter(), &[2, 7, 6, 5, 4, 3, 2]);
        usize::try_from(sum % 11).ok().and_then(|index| letters.get(index)) == text.last()
    })
}

/// Whether `text` holds a Korean resident or foreigner registration number: date of birth and a digit for century and
/// sex. Numbers issued since October 2020 have no check digit; thirteen bare digits must have the old one.
pub(crate) fn is_korea_resident(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    exactly(text, 13).is_some_and(|digits| {
        let sum = checksum::weighted(digits.iter().copied(), &WEIGHTS);
        // The number of a foreigner is two more.
        let shift = if at(&digits, 6, 1) >= 5 { 13 } else { 11 };
        is_short_date(&digits, 0)
            && (1..=8).contains(&at(&digits, 6, 1))
            && (text.contains(&b'-')
                || (digits.last() == Some(&((shift - sum % 11) % 10))
                    && !date::is_epoch(digits.iter().copied())))
    })
}

/// Whether `text` holds a business registration number of Korea (National Tax Service check digit).
pub(crate) fn is_korea_business(text: &[u8]) -> bool {
    exactly(text, 10).is_some_and(|digits| {
        let sum = checksum::weighted(digits.iter().copied(), &[1, 3, 7, 1, 3, 7, 1, 3, 5])
            + at(&digits, 8, 1) * 5 / 10;
        !is_monotone(&digits) && digits.last() == Some(&((10 - sum % 10) % 10))
    })
}

/// Whether `text` holds an individual number ("My Number") of Japan: twelve digits, weights mod 11 (Cabinet ordinance
/// 85 of 2014).
pub(crate) fn is_my_number(text: &[u8]) -> bool {
    exactly(text, 12).is_some_and(|digits| {
        let rest = checksum::weighted(digits.iter().copied(), &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        !is_monotone(&digits) && digits.last() == Some(&if rest <= 1 { 0 } else { 11 - rest })
    })
}

/// Whether `text` holds a Thai national identification number: weights 13 to 2, mod 11.
pub(crate) fn is_thai(text: &[u8]) -> bool {
    exactly(text, 13).is_some_and(|digits| {
        let sum = checksum::weighted(digits.iter().copied(), &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
        matches!(digits.first(), Some(1..=8))
            && !is_monotone(&digits)
            && digits.last() == Some(&((11 - sum % 11) % 10))
    })
}

/// Whether `text` holds a Turkish identity number: eleven digits, the last two check the others mod 10.
pub(crate) fn is_turkish(text: &[u8]) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let odd = checksum::weighted(digits.iter().copied(), &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
        let even = checksum::weighted(digits.iter().copied(), &[0, 1, 0, 1, 0, 1, 0, 1]);
        let sum: u32 = digits.iter().take(10).sum();
        digits.first() != Some(&0)
            && at(&digits, 9, 1) == (odd * 7 + 100 - even) % 10
            && at(&digits, 10, 1) == sum % 10
    })
}

/// Whether `text` holds a South African identity number: date of birth, citizenship 0 to 2, Luhn.
pub(crate) fn is_south_african(text: &[u8]) -> bool {
    exactly(text, 13).is_some_and(|digits| {
        is_short_date(&digits, 0) && at(&digits, 10, 1) <= 2 && checksum::luhn(digits.into_iter())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china() {
        assert!(
            is_china_resident(b"11010519491231002X")
                && is_china_resident(b"440524188001010014") == (1880 >= 1900)
        );
        assert!(!is_china_resident(b"110105194912310021") && !is_china_resident(b"110105194913310029"));
        assert!(is_china_credit_code(b"91350100M000100Y43") && !is_china_credit_code(b"91350100M000100Y44"));
    }

    #[test]
    fn india_and_singapore() {
        assert!(
            is_aadhaar(b"2341 2341 2346") && !is_aadhaar(b"2341 2341 2347") && !is_aadhaar(b"1341 2341 2346")
        );
        assert!(
            is_nric(b"S1234567D") && is_nric(b"T1234567J") && is_nric(b"F1234567N") && is_nric(b"G1234567X")
        );
        assert!(is_nric(b"M1234567K") && !is_nric(b"S1234567E") && !is_nric(b"A1234567D"));
    }

    #[test]
    fn korea_and_japan() {
        assert!(is_korea_resident(b"960121-1021413") && is_korea_resident(b"9601211021413"));
        assert!(!is_korea_resident(b"9601211021414") && !is_korea_resident(b"961321-1021413"));
        assert!(is_korea_business(b"104-82-13138") && !is_korea_business(b"104-82-13139"));
        assert!(is_my_number(b"123456789018") && !is_my_number(b"123456789010"));
    }

    #[test]
    fn others() {
        assert!(is_thai(b"1-2345-67890-12-1") && !is_thai(b"1-2345-67890-12-2"));
        assert!(is_turkish(b"10000000146") && !is_turkish(b"10000000147"));
        assert!(is_south_african(b"8001015009087") && !is_south_african(b"8001015009086"));
    }
}
