//! Where an upstream may be.

use crate::UpstreamBase;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses may be upstreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destinations {
    /// Loopback, private and other addresses that are not of the internet.
    pub private: bool,
}

/// Why an address may not be an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// It hands out the credentials of the machine that asks.
    #[error("is the metadata service of a cloud, which is never an upstream")]
    Metadata,
    /// It is not of the internet.
    #[error("is not an address of the internet; AEGIS_ALLOW_PRIVATE_UPSTREAMS=true allows it")]
    Private,
}

/// Names of metadata services. Without the last dot, in lower case.
const METADATA_HOSTS: [&str; 5] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "instance-data.ec2.internal",
];

/// Addresses of metadata services besides all that are link-local: AWS, Alibaba, Oracle, Azure's wire server.
pub(crate) const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
pub(crate) const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

// === impl Destinations ===

impl Destinations {
    /// Whether `base` may be an upstream. What a name stands for only the one who connects knows; see
    /// [`Destinations::check_address`].
    pub fn check(self, base: &UpstreamBase) -> Result<(), DestinationError> {
        if let Some(address) = base.ip() {
            return self.check_address(address);
        }
        let host = base.host().trim_end_matches('.').to_ascii_lowercase();
        if METADATA_HOSTS.contains(&host.as_str()) {
            return Err(DestinationError::Metadata);
        }
        let local = host == "localhost"
            || [".localhost", ".internal", ".local"].iter().any(|end| host.ends_with(end));
        if (local || !host.contains('.')) && !self.private { Err(DestinationError::Private) } else { Ok(()) }
    }

    /// Whether an upstream may have `address`.
    pub fn check_address(self, address: IpAddr) -> Result<(), DestinationError> {
        let address = embedded(address);
        let metadata = match address {
            IpAddr::V4(ip) => ip.is_link_local() || METADATA_V4.contains(&ip),
            IpAddr::V6(ip) => ip == METADATA_V6 || ip.is_unicast_link_local(),
        };
        if metadata {
            return Err(DestinationError::Metadata);
        }
        if self.private || is_global(address) { Ok(()) } else { Err(DestinationError::Private) }
    }
}

/// The IPv4 address that an IPv6 address only wraps: mapped, translated (NAT64) or tunnelled (6to4).
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(ip) = address.to_canonical() else { return address.to_canonical() };
    let inner =
        |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => inner(high, low),
        _ => IpAddr::V6(ip),
    }
}

/// Whether `address` is of the internet (IANA's special-purpose registries).
fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            let special = a == 0
                || a >= 224
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19));
            !(special || ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_documentation())
        }
        // Global unicast, without documentation (2001:db8::/32) and what is left of the first block (2001::/23).
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            (first & 0xe000) == 0x2000 && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_never_an_upstream_and_private_addresses_are_if_allowed() {
        let (metadata, private) = (Some(DestinationError::Metadata), Some(DestinationError::Private));
        for (base, expected) in [
            ("https://api.openai.com/v1", None),
            ("https://8.8.8.8", None),
            ("https://[2606:4700::1111]", None),
            ("http://169.254.169.254/latest", metadata),
            ("http://169.254.170.2", metadata),
            ("http://2852039166/", metadata),
            ("http://0xa9fea9fe/", metadata),
            ("http://[::ffff:169.254.169.254]/", metadata),
            ("http://[64:ff9b::a9fe:a9fe]/", metadata),
            ("http://[2002:a9fe:a9fe::]/", metadata),
            ("http://[::a9fe:a9fe]/", metadata),
            ("http://[fd00:ec2::254]/", metadata),
            ("http://[fe80::1]/", metadata),
            ("http://100.100.100.200", metadata),
            ("http://168.63.129.16", metadata),
            ("http://METADATA.google.internal./", metadata),
            ("http://metadata.goog", metadata),
            ("http://metadata/", metadata),
            ("http://127.0.0.1:8317/v1", private),
            ("http://10.0.0.1", private),
            ("http://100.64.0.1", private),
            ("http://192.0.2.1", private),
            ("http://198.18.0.1", private),
            ("http://224.0.0.1", private),
            ("http://255.255.255.255", private),
            ("http://0.0.0.0", private),
            ("http://[::1]:9/", private),
            ("http://[::]/", private),
            ("http://[fd12::1]/", private),
            ("http://[2001:db8::1]/", private),
            ("http://localhost:8317", private),
            ("http://ollama:11434", private),
            ("http://x.internal", private),
        ] {
            let parsed = UpstreamBase::parse(base).unwrap();
            assert_eq!(Destinations { private: false }.check(&parsed).err(), expected, "{base}");
            let allowed = expected.filter(|error| *error == DestinationError::Metadata);
            assert_eq!(Destinations { private: true }.check(&parsed).err(), allowed, "{base}");
        }
    }
}
