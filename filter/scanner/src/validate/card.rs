//! Payment card numbers: Luhn check digit (ISO/IEC 7812-1 Annex B) and issuer ranges.

/// Issuer ranges as (lowest, highest) first six digits, and the lengths in use there.
/// Source: the card networks' published BIN ranges as of 2024.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    (222_100, 272_099, &[16]),                             // Mastercard, 2-series
    (300_000, 305_999, &[14, 16]),                         // Diners Club
    (340_000, 349_999, &[15]),                             // American Express
    (352_800, 358_999, &[16, 17, 18, 19]),                 // JCB
    (360_000, 369_999, &[14, 16]),                         // Diners Club International
    (370_000, 379_999, &[15]),                             // American Express
    (380_000, 399_999, &[14, 16]),                         // Diners Club
    (400_000, 499_999, &[13, 16, 19]),                     // Visa
    (500_000, 509_999, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro, Elo
    (510_000, 559_999, &[16]),                             // Mastercard
    (560_000, 589_999, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (600_000, 609_999, &[16]),                             // RuPay, Hipercard
    (620_000, 629_999, &[16, 17, 18, 19]),                 // UnionPay
    (601_100, 601_199, &[16, 19]),                         // Discover
    (630_000, 639_999, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro, InstaPayment
    (644_000, 659_999, &[16, 19]),                         // Discover, RuPay
    (670_000, 679_999, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (810_000, 817_199, &[16, 17, 18, 19]),                 // UnionPay, RuPay
    (220_000, 220_499, &[16, 17, 18, 19]),                 // Mir
];

/// Whether the digits in `text` are a payment card number.
pub(super) fn is_payment_card(text: &[u8]) -> bool {
    let digits = super::digits(text);
    let length = digits.clone().count();
    let issuer = digits.clone().take(6).fold(0, |number, digit| number * 10 + digit);
    let known = ISSUERS.iter().any(|(lowest, highest, lengths)| {
        (*lowest..=*highest).contains(&issuer) && lengths.contains(&length)
    });
    known && super::checksum::luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_networks_test_numbers_only() {
        for good in ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6011111111111117"] {
            assert!(is_payment_card(good.as_bytes()), "{good}");
        }
        // Wrong check digit; unknown issuer with a right check digit; a millisecond time stamp.
        for bad in ["4111111111111112", "1234567812345670", "1700000000000"] {
            assert!(!is_payment_card(bad.as_bytes()), "{bad}");
        }
    }
}
