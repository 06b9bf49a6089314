//! Devices and vehicles.

use super::checksum;

/// Whether `text` holds an IMEI: 15 digits with Luhn's check digit (3GPP TS 23.003 §6.2), and more than one digit in use.
pub(super) fn is_imei(text: &[u8]) -> bool {
    let digits = super::digits(text);
    digits.clone().count() == 15
        && checksum::luhn(digits.clone())
        && digits.clone().any(|digit| Some(digit) != digits.clone().next())
}

/// Whether `text` is a vehicle identification number with the check digit that North America and China demand at the
/// ninth position (49 CFR §565.15, GB 16735).
pub(super) fn is_vin(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |byte: &u8| match byte.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => Some(u32::from(digit - b'0')),
        letter @ b'A'..=b'H' => Some(u32::from(letter - b'A') + 1),
        letter @ b'J'..=b'R' if letter != b'O' && letter != b'Q' => Some(u32::from(letter - b'J') + 1),
        letter @ b'S'..=b'Z' => Some(u32::from(letter - b'S') + 2),
        _ => None,
    };
    let Some(values) = text.iter().map(value).collect::<Option<Vec<u32>>>() else { return false };
    let check = match checksum::weighted(values.iter().copied(), &WEIGHTS) % 11 {
        10 => b'X',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    };
    values.len() == 17
        && text.get(8).is_some_and(|byte| byte.to_ascii_uppercase() == check)
        && text.iter().any(u8::is_ascii_alphabetic)
        && text.iter().any(u8::is_ascii_digit)
}

/// Whether `text` is a MAC address of a device: neither all zeros nor the broadcast address (IEEE 802 §8.2).
pub(super) fn is_mac(text: &[u8]) -> bool {
    let mut digits = text.iter().filter(|byte| byte.is_ascii_hexdigit()).map(u8::to_ascii_lowercase);
    let Some(first) = digits.next() else { return false };
    digits.any(|digit| digit != first) || !matches!(first, b'0' | b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imei() {
        assert!(is_imei(b"490154203237518") && is_imei(b"49-015420-323751-8"));
        assert!(!is_imei(b"490154203237519") && !is_imei(b"000000000000000"));
    }

    #[test]
    fn vin() {
        assert!(is_vin(b"1M8GDM9AXKP042788") && is_vin(b"1HGCM82633A004352"));
        assert!(
            !is_vin(b"1M8GDM9A1KP042788") && !is_vin(b"11111111111111111") && !is_vin(b"1M8GDM9AXKP04278O")
        );
    }

    #[test]
    fn mac() {
        assert!(is_mac(b"00:1A:2B:3C:4D:5E") && !is_mac(b"ff:FF:ff:ff:ff:ff") && !is_mac(b"0000.0000.0000"));
    }
}
