//! The addresses that upstreams may not have, as ranges: for whoever compares addresses when it connects.

use crate::Destinations;
use crate::destination::{METADATA_V4, METADATA_V6};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses that begin with the first `bits` bits of `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first address.
    pub first: IpAddr,
    /// How many bits of it count.
    pub bits: u8,
}

/// Link-local addresses, where most metadata services are.
const LINK_LOCAL_V4: (Ipv4Addr, u8) = (Ipv4Addr::new(169, 254, 0, 0), 16);
const LINK_LOCAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10);

/// What is not of the internet (IANA's special-purpose registries).
const PRIVATE_V4: [(Ipv4Addr, u8); 13] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// Everything but `2000::/3`, with what of that is special, and without the prefixes that wrap IPv4 addresses.
const PRIVATE_V6: [(Ipv6Addr, u8); 8] = [
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::LOCALHOST, 128),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 8),
    (Ipv6Addr::new(0x4000, 0, 0, 0, 0, 0, 0, 0), 2),
    (Ipv6Addr::new(0x8000, 0, 0, 0, 0, 0, 0, 0), 1),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
];

// === impl Destinations ===

impl Destinations {
    /// What [`Destinations::check_address`] refuses.
    pub fn forbidden(self) -> Vec<Range> {
        let metadata = METADATA_V4.map(|address| (address, 32)).into_iter().chain([LINK_LOCAL_V4]);
        let metadata_v6 = [(METADATA_V6, 128), LINK_LOCAL_V6];
        let (private, private_v6) =
            if self.private { (&[][..], &[][..]) } else { (&PRIVATE_V4[..], &PRIVATE_V6[..]) };
        let v4 = metadata.chain(private.iter().copied()).flat_map(|(first, bits)| with_wrapped(first, bits));
        let v6 = metadata_v6.iter().chain(private_v6).map(|(first, bits)| range((*first).into(), *bits));
        v4.chain(v6).collect()
    }
}

fn range(first: IpAddr, bits: u8) -> Range {
    Range { first, bits }
}

/// An IPv4 range, and the IPv6 ranges that wrap it: mapped, compatible, translated (NAT64) and tunnelled (6to4).
fn with_wrapped(first: Ipv4Addr, bits: u8) -> [Range; 5] {
    let low = u128::from(first.to_bits());
    let wrapped =
        |prefix: u128, shift: u32, bits: u8| range(Ipv6Addr::from_bits(prefix | (low << shift)).into(), bits);
    [
        range(first.into(), bits),
        wrapped(0xffff << 32, 0, 96 + bits),
        wrapped(0, 0, 96 + bits),
        wrapped(0x64_ff9b << 96, 0, 96 + bits),
        wrapped(0x2002 << 112, 80, 16 + bits),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: Range, address: IpAddr) -> bool {
        let shift = |bits: u8, width: u32| width - u32::from(bits);
        match (range.first, address) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => {
                (first.to_bits() ^ ip.to_bits()).checked_shr(shift(range.bits, 32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(ip)) => {
                (first.to_bits() ^ ip.to_bits()).checked_shr(shift(range.bits, 128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    #[test]
    fn the_ranges_are_what_the_check_refuses() {
        let mut probes: Vec<IpAddr> = ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        // Both ends of each range, and what lies beside them.
        for range in (Destinations { private: false }).forbidden() {
            probes.extend(match range.first {
                IpAddr::V4(first) => {
                    let size = 1_u64 << (32 - range.bits);
                    let first = u64::from(first.to_bits());
                    [first.wrapping_sub(1), first, first + size - 1, first + size].map(|bits| {
                        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits & 0xffff_ffff).unwrap()))
                    })
                }
                IpAddr::V6(first) => {
                    let size = 1_u128 << (128 - range.bits);
                    let first = first.to_bits();
                    [first.wrapping_sub(1), first, first.wrapping_add(size - 1), first.wrapping_add(size)]
                        .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
                }
            });
        }
        assert!(probes.len() > 300);
        // What is neither special nor assigned to anybody is refused by the check alone.
        let unassigned = |address: &IpAddr| match address {
            IpAddr::V4(_) => false,
            IpAddr::V6(ip) => match ip.segments() {
                [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => {
                    false
                }
                [first, ..] => first < 0x2000 && !(0x100..0x200).contains(&first),
            },
        };
        for private in [false, true] {
            let destinations = Destinations { private };
            let ranges = destinations.forbidden();
            for address in probes.iter().filter(|address| !unassigned(address)) {
                let refused = destinations.check_address(*address).is_err();
                let found = ranges.iter().any(|range| contains(*range, *address));
                assert_eq!(refused, found, "{address} with private addresses {private}");
            }
        }
    }
}
