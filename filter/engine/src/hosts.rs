//! Hosts that may know the values of a request.

use std::collections::HashSet;
use std::net::IpAddr;

/// A set of hosts, in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    names: HashSet<String>,
    /// Names with everything below them; each begins with a dot.
    domains: Vec<String>,
    all: bool,
}

// === impl Hosts ===

impl Hosts {
    /// The hosts of a policy: names, `*.name` for everything below, `*` for all.
    pub(crate) fn of_policy(patterns: &[String]) -> Hosts {
        let mut hosts = Hosts::default();
        for pattern in patterns {
            match pattern.strip_prefix('*') {
                None => hosts.insert(pattern),
                Some("") => hosts.all = true,
                Some(domain) => hosts.domains.push(domain.to_ascii_lowercase()),
            }
        }
        hosts
    }

    pub(crate) fn insert(&mut self, name: &str) {
        self.names.insert(name.to_ascii_lowercase());
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn contain(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.all
            || self.names.contains(&host)
            || self.domains.iter().any(|domain| host.ends_with(domain.as_str()))
    }
}

/// Whether `host` is on the client's own machine or in its own network: a loopback address, or a name without a dot,
/// which no public name server knows.
pub(crate) fn is_local(host: &str) -> bool {
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return ip.is_loopback();
    }
    // A number is an address as well (WHATWG URL §3.5), and what holds a brace is no name yet.
    let is_number = host.starts_with(|first: char| first.is_ascii_digit());
    !host.contains(['.', '{', '%']) && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_exactly_and_domains_below() {
        let hosts = Hosts::of_policy(&["API.example.com".into(), "*.corp.example".into()]);
        for (host, expected) in [
            ("api.example.com", true),
            ("api.example.com.evil.example", false),
            ("x.Corp.example", true),
            ("corp.example", false),
            ("evilcorp.example", false),
        ] {
            assert_eq!(hosts.contain(host), expected, "{host}");
        }
        assert!(Hosts::of_policy(&["*".into()]).contain("any.example"));
    }

    #[test]
    fn only_names_that_cannot_be_public_are_local() {
        for (host, expected) in [
            ("", true),
            ("localhost", true),
            ("db", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("10.0.0.1", false),
            ("3232235777", false),
            ("0x7f000001", false),
            ("db.corp.example", false),
            ("{{ag_x}}", false),
        ] {
            assert_eq!(is_local(host), expected, "{host}");
        }
    }
}
