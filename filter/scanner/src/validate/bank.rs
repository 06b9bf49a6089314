//! Bank accounts and routing.

use super::checksum;

/// Account number lengths, country code included (SWIFT IBAN Registry, release 99).
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Country codes (ISO 3166-1 alpha-2, and XK), two letters each.
const COUNTRIES: &[u8] =
    b"ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCN\
COCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHM\
HNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMK\
MLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW\
SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVI\
VNVUWFWSXKYEYTZAZMZW";

/// Whether `text` is an IBAN: the length of its country, and the number, rotated by four, is 1 mod 97 (ISO 13616-1 §6).
pub(super) fn is_iban(text: &[u8]) -> bool {
    let number: Vec<u8> =
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect();
    let known = IBAN_LENGTHS
        .iter()
        .any(|(country, length)| number.starts_with(country.as_slice()) && number.len() == *length);
    let (front, back) = number.split_at(number.len().min(4));
    // Nobody mixes cases; words behind a real number would.
    let mixed = text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase);
    known && !mixed && checksum::mod97(back.iter().chain(front).copied()) == Some(1)
}

/// Whether `text` is a business identifier code: the fifth and sixth letter are a country (ISO 9362 §4).
pub(super) fn is_bic(text: &[u8]) -> bool {
    let country = text.get(4..6);
    matches!(text.len(), 8 | 11) && COUNTRIES.chunks_exact(2).any(|known| Some(known) == country)
}

/// Whether `text` holds an ABA routing transit number: a Federal Reserve prefix, and 3-7-1 weights that sum to a
/// multiple of ten (ANSI X9.100-160).
pub(super) fn is_aba(text: &[u8]) -> bool {
    let digits = super::digits(text);
    let prefix = digits.clone().take(2).fold(0, |number, digit| number * 10 + digit);
    digits.clone().count() == 9
        && matches!(prefix, 1..=12 | 21..=32 | 61..=72 | 80)
        && checksum::weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iban_examples_of_the_registry() {
        for good in ["GB29 NWBK 6016 1331 9268 19", "DE89370400440532013000", "NO93 8601 1117 947"] {
            assert!(is_iban(good.as_bytes()), "{good}");
        }
        for bad in ["GB29 NWBK 6016 1331 9268 18", "DE8937040044053201300", "ZZ93 8601 1117 947"] {
            assert!(!is_iban(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn bic_has_a_country() {
        assert!(is_bic(b"DEUTDEFF") && is_bic(b"NEDSZAJJXXX"));
        assert!(!is_bic(b"OVERFLOW") && !is_bic(b"DEUTDEF") && COUNTRIES.len().is_multiple_of(2));
    }

    #[test]
    fn routing_numbers() {
        assert!(is_aba(b"111000025") && is_aba(b"0210-0002-1"));
        assert!(!is_aba(b"111000026") && !is_aba(b"999999992"));
    }
}
