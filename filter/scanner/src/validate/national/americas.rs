//! North and South America.

use super::{alphanumeric, at, checksum, date, exactly, is_monotone};

/// Whether `text` holds a social security number that can have been issued: no area 000, 666 or 9xx, no group 00, no
/// serial 0000 (SSA, 20 CFR §422.103), and none of the two numbers that were printed in advertisements.
pub(crate) fn is_ssn(text: &[u8]) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        let (area, group, serial) = (at(&digits, 0, 3), at(&digits, 3, 2), at(&digits, 5, 4));
        !matches!(area, 0 | 666 | 900..)
            && group != 0
            && serial != 0
            && !is_monotone(&digits)
            && !matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999))
    })
}

/// Whether `text` holds an individual taxpayer identification number: 9, and a group that the IRS has assigned.
pub(crate) fn is_itin(text: &[u8]) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        at(&digits, 0, 1) == 9 && matches!(at(&digits, 3, 2), 50..=65 | 70..=88 | 90..=92 | 94..=99)
    })
}

/// Whether `text` holds an employer identification number: a prefix of an IRS campus.
pub(crate) fn is_ein(text: &[u8]) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        !matches!(at(&digits, 0, 2), 0 | 7..=9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97)
            && !is_monotone(&digits)
    })
}

/// Whether `text` holds a national provider identifier: Luhn over 80840 and the ten digits (45 CFR §162.406).
pub(crate) fn is_npi(text: &[u8]) -> bool {
    exactly(text, 10).is_some_and(|digits| {
        matches!(digits.first(), Some(1 | 2))
            && checksum::luhn([8, 0, 8, 4, 0].into_iter().chain(digits.iter().copied()))
    })
}

/// Whether `text` is a DEA registration number: two letters, six digits and their check digit (21 CFR §1301).
pub(crate) fn is_dea(text: &[u8]) -> bool {
    exactly(text, 7).is_some_and(|digits| {
        let sum = checksum::weighted(digits.iter().copied(), &[1, 2, 1, 2, 1, 2]);
        digits.last() == Some(&(sum % 10)) && !is_monotone(&digits)
    })
}

/// Whether `text` holds a Canadian social insurance number: Luhn, and a first digit in use.
pub(crate) fn is_sin(text: &[u8]) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        !matches!(digits.first(), Some(0 | 8)) && !is_monotone(&digits) && checksum::luhn(digits.into_iter())
    })
}

/// Whether `text` holds a Brazilian CPF: eleven digits, the last two check the others mod 11.
pub(crate) fn is_cpf(text: &[u8]) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let check = |count: u32| {
            let sum: u32 =
                digits.iter().zip((2..=count + 1).rev()).map(|(digit, weight)| digit * weight).sum();
            sum * 10 % 11 % 10
        };
        !is_monotone(&digits) && at(&digits, 9, 1) == check(9) && at(&digits, 10, 1) == check(10)
    })
}

/// Whether `text` holds a Brazilian CNPJ: twelve letters or digits and two check digits mod 11 (RFB IN 2.229/2024 for
/// letters). Time stamps as `YYYYMMDDhhmmss` have the same length.
pub(crate) fn is_cnpj(text: &[u8]) -> bool {
    let values: Vec<u32> = alphanumeric(text).iter().map(|byte| u32::from(byte - b'0')).collect();
    let check = |count: usize| {
        let weights = (2..=9).cycle();
        let sum: u32 =
            values.iter().take(count).rev().zip(weights).map(|(value, weight)| value * weight).sum();
        if sum % 11 < 2 { 0 } else { 11 - sum % 11 }
    };
    // Without the slash it is a number among others: the first hundred branches are nearly all.
    let branch = text.contains(&b'/') || values.get(8..10) == Some(&[0, 0]);
    values.len() == 14
        && branch
        && !is_monotone(&values)
        && !date::is_clock(&values.iter().copied().filter(|value| *value < 10))
        && values.get(12) == Some(&check(12))
        && values.get(13) == Some(&check(13))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn united_states() {
        assert!(is_ssn(b"536-90-4399") && is_ssn(b"536904399"));
        for bad in ["000-12-3456", "666-12-3456", "912-12-3456", "536-00-4399", "536-90-0000", "078-05-1120"]
        {
            assert!(!is_ssn(bad.as_bytes()), "{bad}");
        }
        assert!(is_itin(b"912-70-1234") && !is_itin(b"912-66-1234") && !is_itin(b"812-70-1234"));
        assert!(is_ein(b"12-3456789") && !is_ein(b"07-3456789"));
        assert!(is_npi(b"1234567893") && !is_npi(b"1234567890"));
        assert!(is_dea(b"AP5836727") && !is_dea(b"AP5836728"));
    }

    #[test]
    fn canada_and_brazil() {
        assert!(is_sin(b"130 692 544") && !is_sin(b"130 692 545") && !is_sin(b"046 454 286"));
        assert!(is_cpf(b"529.982.247-25") && !is_cpf(b"529.982.247-26") && !is_cpf(b"111.111.111-11"));
        assert!(is_cnpj(b"11222333000181") && !is_cnpj(b"46200689272794"));
        assert!(is_cnpj(b"11.222.333/0001-81") && !is_cnpj(b"11.222.333/0001-82"));
        assert!(is_cnpj(b"12.ABC.345/01DE-35"), "the tax office's example with letters");
    }
}
