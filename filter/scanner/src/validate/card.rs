//! Payment card numbers: Luhn check digit (ISO/IEC 7812-1 Annex B) and issuer ranges.

/// Issuer ranges as (lowest, highest) first six digits, and the lengths in use there.
/// Source: the card networks' published BIN ranges as of 2024.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    (220_000, 220_499, &[16, 17, 18, 19]),         // Mir
    (222_100, 272_099, &[16]),                     // Mastercard, 2-series
    (300_000, 305_999, &[14, 16]),                 // Diners Club
    (340_000, 349_999, &[15]),                     // American Express
    (352_800, 358_999, &[16]),                     // JCB
    (360_000, 369_999, &[14, 16]),                 // Diners Club International
    (370_000, 379_999, &[15]),                     // American Express
    (380_000, 399_999, &[14, 16]),                 // Diners Club
    (400_000, 499_999, &[16]),                     // Visa; those of 13 digits are no longer issued
    (501_800, 502_099, &[12, 13, 14, 15, 16, 19]), // Maestro, Dankort
    (503_800, 503_899, &[12, 13, 14, 15, 16, 19]), // Maestro
    (504_100, 504_199, &[16]),                     // Elo
    (506_099, 506_198, &[16, 18, 19]),             // Verve
    (506_699, 506_778, &[16]),                     // Elo
    (508_500, 509_999, &[16]),                     // RuPay, Elo
    (510_000, 559_999, &[16]),                     // Mastercard
    (561_200, 561_299, &[12, 13, 14, 15, 16, 19]), // Maestro
    (589_300, 589_399, &[12, 13, 14, 15, 16, 19]), // Maestro
    (601_100, 601_199, &[16]),                     // Discover
    (606_282, 608_500, &[16]),                     // Hipercard, RuPay
    (620_000, 629_999, &[16, 17, 18, 19]),         // UnionPay
    (630_400, 630_499, &[12, 13, 14, 15, 16, 19]), // Maestro
    (637_000, 639_999, &[16]),                     // InstaPayment, Maestro
    (644_000, 659_999, &[16]),                     // Discover, RuPay, Verve
    (675_900, 676_999, &[12, 13, 14, 15, 16, 19]), // Maestro
    (679_900, 679_999, &[12, 13, 14, 15, 16, 19]), // Maestro
    (810_000, 819_899, &[16, 17, 18, 19]),         // UnionPay, RuPay
    (955_880, 955_889, &[19]),                     // ICBC, before UnionPay
    (979_200, 979_289, &[16]),                     // Troy
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
        // Wrong check digit; unknown issuer with a right check digit; a millisecond time stamp; an article number (EAN-13);
        // a random number of 64 bits.
        for bad in
            ["4111111111111112", "1234567812345670", "1700000000000", "4006381333931", "4856042377419278489"]
        {
            assert!(!is_payment_card(bad.as_bytes()), "{bad}");
        }
    }
}
