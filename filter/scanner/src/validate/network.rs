//! Network addresses.

/// Whether `text` is an IPv4 address that says something about a host: not `0.0.0.0/8`, loopback, a netmask or
/// broadcast (RFC 6890), which stand in every configuration file and identify nobody.
pub(super) fn is_ipv4_host(text: &[u8]) -> bool {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<std::net::Ipv4Addr>().ok())
        .is_some_and(|address| !matches!(address.octets(), [0 | 127 | 255, ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netmasks_and_loopback_identify_nobody() {
        assert!(is_ipv4_host(b"203.0.113.9") && is_ipv4_host(b"10.1.2.3"));
        for bad in [b"127.0.0.1".as_slice(), b"0.0.0.0", b"255.255.255.0", b"300.1.1.1", b"1.2.3"] {
            assert!(!is_ipv4_host(bad));
        }
    }
}
