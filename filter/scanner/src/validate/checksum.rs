//! Check digit algorithms that several numbering schemes share.

/// Luhn's check (ISO/IEC 7812-1 Annex B): double every second digit from the right, sum the digits, the total ends in 0.
pub(super) fn luhn(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The sum of `digits`, each times its weight; digits without a weight do not count.
pub(super) fn weighted(digits: impl Iterator<Item = u32>, weights: &[u32]) -> u32 {
    digits.zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The remainder by 97 of the number that `text` is when letters stand for 10 to 35 (ISO/IEC 7064 MOD 97-10).
pub(super) fn mod97(mut text: impl Iterator<Item = u8>) -> Option<u32> {
    text.try_fold(0, |rest, byte| {
        let value = char::from(byte).to_digit(36)?;
        Some((rest * if value > 9 { 100 } else { 10 } + value) % 97)
    })
}

/// ISO/IEC 7064 MOD 11,10: whether the last of `digits` is the check digit of the others.
pub(super) fn mod11_10(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let mut digits = digits;
    let Some(check) = digits.next_back() else { return false };
    let product = digits.fold(10, |product, digit| match (product + digit) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    (product + check) % 10 == 1
}

/// Verhoeff's check (J. Verhoeff 1969): the dihedral group D5 with a permutation per position.
pub(super) fn verhoeff(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    /// The permutation that is applied once per position.
    const STEP: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted = |mut digit: u32, times: usize| {
        for _ in 0..times % 8 {
            digit = usize::try_from(digit).ok().and_then(|index| STEP.get(index)).copied().unwrap_or(0);
        }
        digit
    };
    digits.rev().enumerate().fold(0, |check, (index, digit)| multiply(check, permuted(digit, index))) == 0
}

/// The product in D5: 0 to 4 are rotations, 5 to 9 reflections.
fn multiply(left: u32, right: u32) -> u32 {
    match (left < 5, right < 5) {
        (true, true) => (left + right) % 5,
        (true, false) => (left + right - 5) % 5 + 5,
        (false, true) => (left - 5 + 5 - right) % 5 + 5,
        (false, false) => (left + 5 - right) % 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + Clone {
        super::super::digits(text.as_bytes())
    }

    #[test]
    fn luhn_of_the_standard_example() {
        assert!(luhn(digits("79927398713")) && !luhn(digits("79927398710")));
    }

    #[test]
    fn verhoeff_of_the_published_example() {
        assert!(verhoeff(digits("2363")) && !verhoeff(digits("2364")) && verhoeff(digits("123451")));
    }

    #[test]
    fn iso_7064() {
        // The standard's MOD 11,10 example 0794, with check digit 5.
        assert!(mod11_10(digits("07945")) && !mod11_10(digits("07946")));
        assert_eq!(mod97("3214282912345698765432161182".bytes()), Some(1));
        assert_eq!(mod97("12-3".bytes()), None);
    }
}
