//! Europe.

use super::{alphanumeric, at, checksum, date, exactly, is_monotone, is_short_date};

/// The check letters of the Spanish DNI, by the number mod 23 (Real Decreto 1553/2005).
const SPAIN: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// The check characters of the Finnish HETU, by the number mod 31.
const FINLAND: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// Whether `text` is a British national insurance number with a prefix in use. Without spaces it must be in upper
/// case: `ab123456c` is how a commit begins.
pub(crate) fn is_nino(text: &[u8]) -> bool {
    let prefix = alphanumeric(text);
    !matches!(prefix.get(..2), Some(b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ") | None)
        && (text.contains(&b' ') || text.contains(&b'-') || !text.iter().any(u8::is_ascii_lowercase))
}

/// Whether `text` holds an NHS number: ten digits, weights 10 to 2, mod 11.
pub(crate) fn is_nhs(text: &[u8]) -> bool {
    exactly(text, 10).is_some_and(|digits| {
        let check = 11 - checksum::weighted(digits.iter().copied(), &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        !is_monotone(&digits) && digits.last() == Some(&if check == 11 { 0 } else { check })
    })
}

/// Whether `text` is a Spanish DNI or NIE: the letter is the number mod 23; X, Y and Z in front stand for 0, 1 and 2.
pub(crate) fn is_dni(text: &[u8]) -> bool {
    let text = alphanumeric(text);
    let Some((letter, number)) = text.split_last() else { return false };
    let digit = |(index, byte): (usize, &u8)| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'X'..=b'Z' if index == 0 => Some(u32::from(byte - b'X')),
        _ => None,
    };
    let digits = number.iter().enumerate().map(digit).collect::<Option<Vec<u32>>>();
    digits.is_some_and(|digits| {
        let number = digits.iter().fold(0, |number, digit| number * 10 + digit);
        (7..=8).contains(&digits.len()) && SPAIN.get(number as usize % 23) == Some(letter)
    })
}

/// Whether `text` is an Italian codice fiscale: sixteen characters, the last checks the others by position (DM
/// 23/12/1976).
pub(crate) fn is_codice_fiscale(text: &[u8]) -> bool {
    /// Values at odd positions, for 0 or A, 1 or B and so on.
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let text = alphanumeric(text);
    let value = |(index, byte): (usize, &u8)| {
        let order = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
        if index % 2 == 0 { ODD.get(usize::from(order)).copied().unwrap_or(0) } else { u32::from(order) }
    };
    let sum: u32 = text.iter().take(15).enumerate().map(value).sum();
    text.len() == 16 && text.last().map(|&letter| u32::from(letter)) == Some(u32::from(b'A') + sum % 26)
}

/// Whether `text` holds an Italian VAT number: eleven digits with Luhn's check digit.
pub(crate) fn is_partita_iva(text: &[u8]) -> bool {
    exactly(text, 11).is_some_and(|digits| !is_monotone(&digits) && checksum::luhn(digits.into_iter()))
}

/// Whether `text` holds a French NIR: the key is 97 less the number mod 97; Corsica's 2A and 2B count as 19 and 18
/// (INSEE).
pub(crate) fn is_nir(text: &[u8]) -> bool {
    let text = alphanumeric(text);
    let digit = |(index, &byte): (usize, &u8)| match (index, byte) {
        (_, b'0'..=b'9') => Some(u64::from(byte - b'0')),
        (6, b'A') => Some(9),
        (6, b'B') => Some(8),
        _ => None,
    };
    let Some(mut digits) = text.iter().enumerate().map(digit).collect::<Option<Vec<u64>>>() else {
        return false;
    };
    if digits.len() != 15 {
        return false;
    }
    if matches!(text.get(6), Some(b'A' | b'B'))
        && let Some(tens) = digits.get_mut(5)
    {
        *tens = 1;
    }
    let number = |part: &[u64]| part.iter().fold(0, |number, digit| number * 10 + digit);
    let (body, key) = digits.split_at(13);
    number(key) == 97 - number(body) % 97
}

/// Whether `text` holds a German tax identification number: of the first ten digits exactly one comes twice or three
/// times, and ISO 7064 MOD 11,10 (§ 139b AO).
pub(crate) fn is_steuer_id(text: &[u8]) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let count = |digit| digits.iter().take(10).filter(|&&other| other == digit).count();
        let counts: Vec<usize> = (0..10).map(count).collect();
        let repeated = counts.iter().filter(|&&count| count > 1).count();
        // 2020 onwards three of a kind are allowed. Ten different digits do not occur, but stand in many examples.
        digits.first() != Some(&0)
            && repeated <= 1
            && counts.iter().all(|&count| count <= 3)
            && checksum::mod11_10(digits.into_iter())
    })
}

/// Whether `text` holds a German VAT number: nine digits, ISO 7064 MOD 11,10.
pub(crate) fn is_german_vat(text: &[u8]) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        digits.first() != Some(&0) && !is_monotone(&digits) && checksum::mod11_10(digits.into_iter())
    })
}

/// Whether `text` is the number of a German passport or identity card: the last digit checks the others with weights
/// 7-3-1 (ICAO Doc 9303-3 §4.9).
pub(crate) fn is_icao_number(text: &[u8]) -> bool {
    let value = |byte: &u8| char::from(*byte).to_digit(36);
    let Some(values) = text.iter().map(value).collect::<Option<Vec<u32>>>() else { return false };
    let Some((check, number)) = values.split_last() else { return false };
    let sum: u32 =
        number.iter().zip([7, 3, 1].into_iter().cycle()).map(|(value, weight)| value * weight).sum();
    number.len() >= 8 && sum % 10 == *check
}

/// Whether `text` is a German pension insurance number: area, date, letter, serial, check digit (VKVV § 2-4).
pub(crate) fn is_german_pension(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let text = alphanumeric(text);
    let letter = text.get(8).map(|byte| u32::from(byte.saturating_sub(b'A')) + 1).unwrap_or_default();
    let Some(digits) = exactly(&text, 11) else { return false };
    let (front, back) = digits.split_at(8);
    let all: Vec<u32> =
        front.iter().copied().chain([letter / 10, letter % 10]).chain(back.iter().copied()).collect();
    let sum: u32 =
        all.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight / 10 + digit * weight % 10).sum();
    is_short_date(
        &[
            at(&digits, 6, 1),
            at(&digits, 7, 1),
            at(&digits, 4, 1),
            at(&digits, 5, 1),
            at(&digits, 2, 1),
            at(&digits, 3, 1),
        ],
        0,
    ) && all.last() == Some(&(sum % 10))
}

/// Whether `text` holds a Polish PESEL: date of birth with the century in the month, weights 1-3-7-9 mod 10.
pub(crate) fn is_pesel(text: &[u8]) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let (year, month, day) = (at(&digits, 0, 2), at(&digits, 2, 2), at(&digits, 4, 2));
        let century = if month > 20 { 2000 } else { 1900 };
        let sum = checksum::weighted(digits.iter().copied(), &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
        month < 40 && date::is_date(century + year, month % 20, day) && sum.is_multiple_of(10)
    })
}

/// Whether `text` is a Finnish personal identity code: date of birth, a sign for the century, mod 31.
pub(crate) fn is_hetu(text: &[u8]) -> bool {
    let Some(digits) = text.get(..10).map(|text| super::super::digits(text).collect::<Vec<u32>>()) else {
        return false;
    };
    let century = match text.get(6) {
        Some(b'+') => 1800,
        Some(b'-' | b'U'..=b'Y') => 1900,
        _ => 2000,
    };
    digits.len() == 9
        && date::is_date(century + at(&digits, 4, 2), at(&digits, 2, 2), at(&digits, 0, 2))
        && at(&digits, 6, 3) >= 2
        && FINLAND.get(at(&digits, 0, 9) as usize % 31) == text.get(10)
}

/// Whether `text` holds a Swedish personal identity number: date of birth (day plus 60 for coordination numbers) and
/// Luhn over the last ten digits. Time stamps have the same lengths.
pub(crate) fn is_personnummer(text: &[u8]) -> bool {
    let all: Vec<u32> = super::super::digits(text).collect();
    let Some(start) = all.len().checked_sub(10).filter(|start| matches!(start, 0 | 2)) else { return false };
    let digits = all.get(start..).unwrap_or_default();
    let (year, month, day) = (at(digits, 0, 2), at(digits, 2, 2), at(digits, 4, 2));
    let day = if day > 60 { day - 60 } else { day };
    let centuries = if start == 2 { vec![at(&all, 0, 2) * 100] } else { vec![1900, 2000] };
    let separated = text.iter().any(|byte| !byte.is_ascii_digit());
    centuries
        .iter()
        .any(|century| (1800..2040).contains(&(century + year)) && date::is_date(century + year, month, day))
        && checksum::luhn(digits.iter().copied())
        && (separated || !(date::is_clock(&all.iter().copied()) || date::is_epoch(all.iter().copied())))
}

/// Whether `text` holds a Swedish organisation number: third digit 2 or more, Luhn.
pub(crate) fn is_organisationsnummer(text: &[u8]) -> bool {
    exactly(text, 10).is_some_and(|digits| at(&digits, 2, 1) >= 2 && checksum::luhn(digits.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn britain() {
        assert!(
            is_nino(b"AB 12 34 56 C")
                && is_nino(b"AB123456C")
                && !is_nino(b"BG123456C")
                && !is_nino(b"ab123456c")
        );
        assert!(is_nhs(b"943 476 5919") && !is_nhs(b"943 476 5918"));
    }

    #[test]
    fn spain_and_italy() {
        assert!(
            is_dni(b"12345678Z") && is_dni(b"X1234567L") && !is_dni(b"12345678A") && !is_dni(b"X1234567A")
        );
        assert!(is_codice_fiscale(b"RSSMRA85T10A562S") && !is_codice_fiscale(b"RSSMRA85T10A562T"));
        assert!(is_partita_iva(b"00743110157") && !is_partita_iva(b"00743110158"));
    }

    #[test]
    fn france_and_poland() {
        assert!(is_nir(b"2 55 08 14 168 025 38") && !is_nir(b"2 55 08 14 168 025 39"));
        assert!(is_pesel(b"44051401359") && !is_pesel(b"44051401358"));
    }

    #[test]
    fn germany() {
        assert!(is_steuer_id(b"86095742719") && !is_steuer_id(b"86095742710"));
        assert!(is_german_vat(b"DE136695976") && !is_german_vat(b"DE136695977"));
        assert!(
            is_icao_number(b"T220001293") && is_icao_number(b"C01X00T478") && !is_icao_number(b"C01X00T479")
        );
        assert!(is_german_pension(b"15070649C103") && !is_german_pension(b"15070649C104"));
    }

    #[test]
    fn the_north() {
        assert!(is_hetu(b"131052-308T") && !is_hetu(b"131052-308U"));
        assert!(
            is_personnummer(b"811228-9874")
                && is_personnummer(b"198112289874")
                && !is_personnummer(b"811228-9875")
        );
        assert!(is_organisationsnummer(b"556703-7485") && !is_organisationsnummer(b"556703-7486"));
    }
}
