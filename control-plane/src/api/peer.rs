//! Who asks, as far as the network knows.

use axum::http::HeaderMap;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses of proxies whose word about their clients counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<Network>);

/// An address, or a range of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Envoy sets this to the address of its peer and lets no client set it.
const CLIENT_HEADER: &str = "x-aegis-client";

const FORWARDED_FOR: &str = "x-forwarded-for";

// === impl TrustedProxies ===

impl TrustedProxies {
    pub(crate) fn new(networks: Vec<Network>) -> TrustedProxies {
        TrustedProxies(networks)
    }

    /// The other end of the connection to the gateway; `None` if it cannot be known. Envoy's word counts, because it stands
    /// in the internal network.
    pub(crate) fn direct(peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        match headers.get(CLIENT_HEADER).filter(|_| is_internal(peer)) {
            Some(value) => Some(value.to_str().ok()?.parse::<IpAddr>().ok()?.to_canonical()),
            None => Some(peer),
        }
    }

    /// The address of the client behind `peer`; `None` if it cannot be known.
    ///
    /// Of `x-forwarded-for` the last address counts that
    /// no trusted proxy has: what stands before it is the client's own word. From anybody else the header means that
    /// somebody speaks for another.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = TrustedProxies::direct(peer, headers)?;
        let mut hops = Vec::new();
        for value in headers.get_all(FORWARDED_FOR) {
            hops.extend(value.to_str().ok()?.split(','));
        }
        for hop in hops.into_iter().rev() {
            if !self.contains(client) {
                return None;
            }
            client = hop.trim().parse::<IpAddr>().ok()?.to_canonical();
        }
        Some(client)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

// === impl Network ===

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_prefix(
                u128::from(network.to_bits()) << 96,
                u128::from(address.to_bits()) << 96,
                self.prefix,
            ),
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), self.prefix)
            }
            _ => false,
        }
    }
}

fn same_prefix(one: u128, other: u128, bits: u8) -> bool {
    bits == 0 || (one ^ other) >> (128 - u32::from(bits)) == 0
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let bad = || format!("{text} is neither an address nor a range like 10.0.0.0/8");
        let (address, prefix) =
            text.trim().split_once('/').map_or((text.trim(), None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), str::parse).map_err(|_| bad())?;
        if prefix > longest { Err(bad()) } else { Ok(Network { address, prefix }) }
    }
}

/// Loopback, private and link-local addresses.
pub(crate) fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_client_is_who_no_client_can_claim_to_be() {
        let trusted = TrustedProxies::new(vec!["10.1.0.0/16".parse().unwrap(), "::1".parse().unwrap()]);
        for (peer, envoy, forwarded, client) in [
            ("127.0.0.1", None, None, Some("127.0.0.1")),
            ("::ffff:10.0.0.1", None, None, Some("10.0.0.1")),
            ("127.0.0.1", Some("203.0.113.9"), None, Some("203.0.113.9")),
            ("203.0.113.9", Some("127.0.0.1"), None, Some("203.0.113.9")),
            ("127.0.0.1", Some("nonsense"), None, None),
            // Forged, or from a proxy that nobody trusts.
            ("203.0.113.9", None, Some("127.0.0.1"), None),
            ("127.0.0.1", None, Some("127.0.0.1"), None),
            ("127.0.0.1", Some("203.0.113.9"), Some("127.0.0.1"), None),
            // The proxy has appended what it saw to what the client claimed.
            ("10.1.2.3", None, Some("127.0.0.1, 203.0.113.9"), None),
            ("10.1.2.3", None, Some("203.0.113.9"), Some("203.0.113.9")),
            ("10.1.2.3", None, Some("192.168.7.7, 10.1.9.9"), Some("192.168.7.7")),
            ("127.0.0.1", Some("10.1.2.3"), Some("192.168.7.7"), Some("192.168.7.7")),
            ("10.1.2.3", None, Some("unknown"), None),
            ("10.1.2.3", None, Some(""), None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(CLIENT_HEADER, envoy), (FORWARDED_FOR, forwarded)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let found = trusted.client(peer.parse().unwrap(), &headers).map(|address| address.to_string());
            assert_eq!(found.as_deref(), client, "{peer} {envoy:?} {forwarded:?}");
        }
    }

    #[test]
    fn ranges_are_read_and_compared() {
        for (range, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "10.0.0.1", false),
        ] {
            let network: Network = range.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{range} {address}");
        }
        for text in ["", "10.0.0.0/33", "host", "10.0.0.0/x"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
