//! Where requests with a token go.

use std::fmt;
use std::net::IpAddr;
use url::{Host, Url};

/// The base URL of an upstream, such as `https://api.openai.com/v1`: `http` or `https`, a host, no credentials, no
/// query, no fragment.
///
/// Two spellings of one address compare equal: the host is lower case (IDNA), a default port is dropped, and so are
/// surrounding white space and trailing slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamBase(Url);

/// How an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS with a verified certificate.
    Https,
}

/// Why a base URL was refused. The display text says what to write instead; [`UpstreamBaseError::code`] is for
/// programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamBaseError {
    /// Not a URL, or another scheme than `http` and `https`.
    #[error("must start with http:// or https://, like https://api.openai.com/v1")]
    Scheme,
    /// No host, or one that cannot exist.
    #[error("the host is missing or malformed; write it like https://api.openai.com/v1")]
    Host,
    /// A user name or password.
    #[error("must not contain a user name or password; clients send their own credentials")]
    Userinfo,
    /// A query or a fragment.
    #[error("must not contain a query (?) or a fragment (#)")]
    QueryFragment,
    /// A port that cannot be connected to.
    #[error("the port must be between 1 and 65535")]
    Port,
}

// === impl UpstreamBase ===

impl UpstreamBase {
    /// Validates and normalises `text`.
    pub fn parse(text: &str) -> Result<UpstreamBase, UpstreamBaseError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(UpstreamBaseError::Scheme)?;
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return Err(UpstreamBaseError::Scheme);
        }
        // The parser would repair these silently: drop tabs, newlines and extra slashes, turn `\` into `/`.
        if rest.starts_with('/') || rest.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(UpstreamBaseError::Host);
        }
        let mut url = Url::parse(text).map_err(|error| match error {
            url::ParseError::InvalidPort => UpstreamBaseError::Port,
            _ => UpstreamBaseError::Host,
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UpstreamBaseError::Userinfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(UpstreamBaseError::QueryFragment);
        }
        if url.port() == Some(0) {
            return Err(UpstreamBaseError::Port);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(UpstreamBase(url))
    }

    /// Plain text or TLS.
    pub fn scheme(&self) -> Scheme {
        if self.0.scheme() == "https" { Scheme::Https } else { Scheme::Http }
    }

    /// Host name, or an address without brackets.
    pub fn host(&self) -> String {
        match self.0.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        }
    }

    /// The host as an address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// Port, explicit or the scheme's default.
    pub fn port(&self) -> u16 {
        let default = match self.scheme() {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        self.0.port().unwrap_or(default)
    }

    /// What the `host` header says: the host, with the port if it is not the default one.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }

    /// Path without a trailing slash: `/v1`, or nothing.
    pub fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }
}

impl fmt::Display for UpstreamBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

// === impl UpstreamBaseError ===

impl UpstreamBaseError {
    /// Stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            UpstreamBaseError::Scheme => "invalid_upstream_scheme",
            UpstreamBaseError::Host => "invalid_upstream_host",
            UpstreamBaseError::Userinfo => "invalid_upstream_userinfo",
            UpstreamBaseError::QueryFragment => "invalid_upstream_query_fragment",
            UpstreamBaseError::Port => "invalid_upstream_port",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> UpstreamBase {
        UpstreamBase::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_address_are_one_upstream() {
        for text in [
            "https://up.test/v1",
            " https://up.test/v1/ ",
            "HTTPS://UP.test:443/v1//",
            "https://up.test/a/../v1",
        ] {
            assert_eq!(base(text), base("https://up.test/v1"), "{text}");
            assert_eq!(base(text).to_string(), "https://up.test/v1");
        }
        assert_eq!(base("http://u/").to_string(), "http://u");
    }

    #[test]
    fn takes_an_address_apart() {
        let named = base("https://up.test:8443/a/v1");
        assert_eq!((named.scheme(), named.port(), named.ip()), (Scheme::Https, 8443, None));
        assert_eq!(
            (named.host().as_str(), named.authority(), named.path()),
            ("up.test", "up.test:8443", "/a/v1")
        );
        let literal = base("http://[::1]:9/");
        assert_eq!((literal.host().as_str(), literal.authority(), literal.path()), ("::1", "[::1]:9", ""));
        assert_eq!(literal.ip(), Some("::1".parse().unwrap()));
        assert_eq!(base("http://u").port(), 80);
        assert_eq!(base("https://u").port(), 443);
    }

    #[test]
    fn refuses_what_cannot_be_an_upstream() {
        for (text, code) in [
            ("", "invalid_upstream_scheme"),
            ("up.test/v1", "invalid_upstream_scheme"),
            ("ftp://h/v1", "invalid_upstream_scheme"),
            ("http://", "invalid_upstream_host"),
            ("http:///v1", "invalid_upstream_host"),
            ("http://a b/v1", "invalid_upstream_host"),
            ("http://h/v1\n/x", "invalid_upstream_host"),
            ("http://h\\v1", "invalid_upstream_host"),
            ("http://user:pw@h/v1", "invalid_upstream_userinfo"),
            ("http://h/v1?x=1", "invalid_upstream_query_fragment"),
            ("http://h/v1#f", "invalid_upstream_query_fragment"),
            ("http://h:99999/v1", "invalid_upstream_port"),
            ("http://h:0/v1", "invalid_upstream_port"),
        ] {
            assert_eq!(UpstreamBase::parse(text).unwrap_err().code(), code, "{text}");
        }
    }
}
