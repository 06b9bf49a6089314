//! The base URL that a client is told to use.

use aegis_model::Token;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use std::net::IpAddr;

/// Ports from which base URLs are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    /// Where clients reach the gateway.
    pub gateway: u16,
    /// Where this API listens, which serves no LLM traffic.
    pub admin: u16,
}

/// `http://<host>/v1/__gw__/t/<token>`, with the host that the caller used. Forwarding headers are not trusted: whoever
/// can set them could lead clients to another host.
pub(super) fn base_url(headers: &HeaderMap, ports: Ports, token: &Token) -> String {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).and_then(|host| usable(host, ports));
    let host = host.unwrap_or_else(|| format!("127.0.0.1:{}", ports.gateway));
    format!("http://{host}/v1/__gw__/t/{}", token.reveal())
}

fn usable(host: &str, ports: Ports) -> Option<String> {
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) {
        return None;
    }
    let authority: Authority = host.parse().ok()?;
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if name.is_empty() || address.is_ok_and(|address| address.is_unspecified()) {
        return None;
    }
    match authority.port_u16() {
        Some(port) if port == ports.admin => Some(format!("{name}:{}", ports.gateway)),
        Some(_) => Some(host.to_owned()),
        // Without a port the name must be all there is.
        None => (name == host).then(|| host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn follows_the_host_header_unless_it_is_odd() {
        let ports = Ports { gateway: 18080, admin: 18081 };
        let token = Token::parse("abcdefghijklmnopqrstuvwx").unwrap();
        for (host, expected) in [
            ("127.0.0.1:18080", "127.0.0.1:18080"),
            ("gateway.example.com", "gateway.example.com"),
            ("[::1]:18080", "[::1]:18080"),
            ("localhost:18081", "localhost:18080"),
            ("0.0.0.0:18080", "127.0.0.1:18080"),
            ("[::]:18080", "127.0.0.1:18080"),
            ("user@evil.test", "127.0.0.1:18080"),
            ("evil.test/path?", "127.0.0.1:18080"),
            ("host:port", "127.0.0.1:18080"),
            ("", "127.0.0.1:18080"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            headers.insert("x-forwarded-host", HeaderValue::from_static("evil.test"));
            let url = base_url(&headers, ports, &token);
            assert_eq!(url, format!("http://{expected}/v1/__gw__/t/abcdefghijklmnopqrstuvwx"), "{host}");
        }
        assert!(base_url(&HeaderMap::new(), ports, &token).starts_with("http://127.0.0.1:18080/"));
    }
}
