//! Network addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether `text` is an IPv4 address that says something about a host: not `0.0.0.0/8`, loopback, a netmask or
/// broadcast (RFC 6890), which stand in every configuration file and identify nobody. A prefix length may follow.
pub(super) fn is_ipv4_host(text: &[u8]) -> bool {
    parse::<Ipv4Addr>(text).is_some_and(is_host)
}

/// As [`is_ipv4_host`], and not what a version number or the number of a section looks like, which have four parts as well:
/// a major version below ten with small numbers next to it, small numbers throughout, or only zeros behind it.
pub(super) fn is_ipv4_shape(text: &[u8]) -> bool {
    parse::<Ipv4Addr>(text).is_some_and(|address| {
        let [major, rest @ ..] = address.octets();
        let version = match rest {
            [0, 0, 0] => major != 10,
            [minor, patch, last] => {
                minor < 32 && patch < 32 && (major < 10 || last < 32 && major < 32 && major != 10)
            }
        };
        is_host(address) && !version
    })
}

/// Whether `text` is an IPv6 address of a host or a network: global, unique local or link-local (RFC 4291 §2.4), or
/// with an IPv4 address in it. A zone and a prefix length may follow. Two colons alone also stand between the names of
/// C++ and Rust (`ad::fa`), and eight pairs of digits are a part of a fingerprint.
pub(super) fn is_ipv6_host(text: &[u8]) -> bool {
    parse::<Ipv6Addr>(text).is_some_and(|address| {
        let dotted = text.contains(&b'.') && !matches!(address.segments(), [0, 0, 0, 0, 0, 0, 0, _]);
        let uncompressed = text.windows(2).all(|pair| pair != b"::");
        // `dead::beef` may be a path, `dead::beef:1:2` is none.
        let long = text.split(|&byte| byte == b':').count() > 4;
        let [first, ..] = address.segments();
        let fingerprint = text.split(|&byte| byte == b':').all(|group| group.len() == 2);
        dotted
            || !fingerprint && (uncompressed || long) && first != 0
            || matches!(first, 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf)
    })
}

/// The address in front of a prefix length or a zone.
fn parse<A: std::str::FromStr>(text: &[u8]) -> Option<A> {
    let address = text.split(|byte| matches!(byte, b'/' | b'%')).next()?;
    std::str::from_utf8(address).ok()?.parse().ok()
}

/// Public resolvers and the metadata service of the clouds are the same for everybody; `192.168.1.0` and its like are
/// networks of private space, of which everybody has one (RFC 1918 §3).
fn is_host(address: Ipv4Addr) -> bool {
    let network = address.is_private() && matches!(address.octets(), [.., 0]);
    !network
        && !matches!(
            address.octets(),
            [0 | 127 | 255, ..]
                | [1, 1, 1, 1..=3]
                | [1, 0, 0, 1..=3]
                | [8, 8, 8, 8]
                | [8, 8, 4, 4]
                | [9, 9, 9, 9]
                | [169, 254, 169, 254]
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netmasks_and_loopback_identify_nobody() {
        assert!(is_ipv4_host(b"203.0.113.9") && is_ipv4_host(b"10.1.2.3") && is_ipv4_host(b"203.0.113.0/24"));
        assert!(!is_ipv4_host(b"10.1.2.0/24") && !is_ipv4_host(b"192.168.1.0"));
        for bad in [b"127.0.0.1".as_slice(), b"0.0.0.0", b"255.255.255.0", b"300.1.1.1", b"1.2.3", b"8.8.8.8"]
        {
            assert!(!is_ipv4_host(bad));
        }
    }

    #[test]
    fn version_numbers_are_no_addresses() {
        for good in ["203.0.113.9", "18.8.8.80", "10.0.0.1", "172.16.0.1/12"] {
            assert!(is_ipv4_shape(good.as_bytes()), "{good}");
        }
        for bad in ["1.2.3.4", "2.0.0.1", "120.0.0.0", "4.3.1.22", "5.0.0.62", "22.2.5.1", "13.28.24.13"] {
            assert!(!is_ipv4_shape(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn ipv6() {
        let good = [
            "2001:db8::1",
            "fe80::1%eth0",
            "2001:db8::/32",
            "::ffff:192.0.2.1",
            "64:ff9b::192.0.2.1",
            "684D:1111:222:3333:4444:5555:6:77",
            "A099::09C0:876A:130B",
        ];
        for good in good {
            assert!(is_ipv6_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "::1",
            "::",
            "ad::fa",
            "a::b",
            "12:34:56",
            "2001::db8::1",
            "dead::beef",
            "::0.0.0.1",
            "EA:8D:99:DD:36:AA:2D:07",
        ] {
            assert!(!is_ipv6_host(bad.as_bytes()), "{bad}");
        }
    }
}
