//! Where Envoy sends events over OTLP. The names and forms are those of OpenTelemetry's own settings, with `AEGIS_` in place
//! of `OTEL_EXPORTER_`.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where Envoy sends events over OTLP.
#[derive(Debug, Args)]
pub(crate) struct OtlpArgs {
    /// Where Envoy sends events as well: a collector that takes OTLP logs over gRPC, as `https://<host>[:<port>]`, or
    /// without TLS as `http://<host>[:<port>]` or `<host>:<port>`.
    #[arg(long, env = "AEGIS_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<Endpoint>,
    /// Certificate authorities of that collector, a file in PEM [default: those of upstreams].
    #[arg(long, env = "AEGIS_OTLP_CERTIFICATE", requires = "otlp_endpoint")]
    pub otlp_certificate: Option<PathBuf>,
}

/// A collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub tls: bool,
    pub host: String,
    pub port: u16,
}

/// What is sent to the collector with every call. Its value is a key more often than not.
#[derive(Debug)]
pub(crate) struct OtlpHeader {
    pub name: String,
    pub value: SecretString,
}

/// No flag, because a flag would show it in the process list.
pub(crate) const HEADERS_VARIABLE: &str = "AEGIS_OTLP_HEADERS";

/// Where collectors listen for gRPC.
const PORT: u16 = 4317;

/// Nobody needs as many; each is a variable of Envoy's environment.
const MAX_HEADERS: usize = 16;

// === impl OtlpArgs ===

impl OtlpArgs {
    /// The file with the authorities that the collector's certificate has to be from, if it is asked for one; the one for
    /// upstreams is `of_upstreams`.
    pub(crate) fn authorities(
        &self,
        of_upstreams: impl FnOnce() -> anyhow::Result<PathBuf>,
    ) -> anyhow::Result<Option<PathBuf>> {
        let tls = self.otlp_endpoint.as_ref().is_some_and(|endpoint| endpoint.tls);
        match &self.otlp_certificate {
            Some(_) if !tls => {
                bail!(
                    "AEGIS_OTLP_CERTIFICATE is for https; write AEGIS_OTLP_ENDPOINT as https://<host>:<port>"
                )
            }
            Some(path) => {
                checked(path).with_context(|| format!("AEGIS_OTLP_CERTIFICATE: {}", path.display())).map(Some)
            }
            None => tls.then(of_upstreams).transpose(),
        }
    }
}

/// The absolute path of a file that has a certificate in it.
fn checked(path: &Path) -> anyhow::Result<PathBuf> {
    let text = fs::read(path).context("cannot read it")?;
    let marker = b"-----BEGIN CERTIFICATE-----";
    ensure!(
        text.windows(marker.len()).any(|window| window == marker),
        "there is no certificate in PEM in it"
    );
    path.canonicalize().context("cannot find it")
}

/// The headers in the environment: `<name>=<value>,…`, values percent-encoded where they have to be.
pub(crate) fn headers() -> anyhow::Result<Vec<OtlpHeader>> {
    read_headers(&std::env::var(HEADERS_VARIABLE).unwrap_or_default()).context(HEADERS_VARIABLE)
}

fn read_headers(text: &str) -> anyhow::Result<Vec<OtlpHeader>> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    // No error shows what is behind a name.
    let headers = entries.map(|entry| {
        let (name, value) =
            entry.split_once('=').context("write it as <name>=<value>, with commas between")?;
        let name = name.trim().to_ascii_lowercase();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        ensure!(!name.is_empty() && name.bytes().all(allowed), "a name may have letters, digits, - _ and .");
        let value = percent_decode_str(value.trim()).decode_utf8();
        let value = value.ok().filter(|value| value.bytes().all(|byte| (b' '..0x7f).contains(&byte)));
        let value = value.with_context(|| format!("the value of {name} is no text of ASCII"))?;
        Ok(OtlpHeader { name, value: value.into_owned().into() })
    });
    let headers = headers.collect::<anyhow::Result<Vec<OtlpHeader>>>()?;
    ensure!(headers.len() <= MAX_HEADERS, "more than {MAX_HEADERS} headers");
    Ok(headers)
}

// === impl OtlpHeader ===

impl OtlpHeader {
    /// The variable of Envoy's environment that holds the value of header `number`: its configuration, which its admin
    /// interface shows, has the name only.
    pub(crate) fn variable(number: usize) -> String {
        format!("AEGIS_OTLP_HEADER_{number}")
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// Whether the host is an address.
    pub(crate) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }
}

impl FromStr for Endpoint {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Endpoint> {
        let (tls, rest, default) = match text.split_once("://") {
            None => (false, text, None),
            Some(("http", rest)) => (false, rest, Some(PORT)),
            Some(("https", rest)) => (true, rest, Some(PORT)),
            Some((scheme, _)) => bail!("{scheme:?} is neither http nor https"),
        };
        let rest = if default.is_some() { rest.strip_suffix('/').unwrap_or(rest) } else { rest };
        // The last colon of a bare IPv6 address in brackets is none of a port.
        let (host, port) = match rest.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port.parse().ok()),
            None => (rest, default),
        };
        let Some(port) = port else {
            bail!("write it as https://<host>:<port>, such as https://collector:4317")
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // It goes into a file of YAML.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
        ensure!(!host.is_empty() && host.bytes().all(allowed), "{host:?} is no name or address of a host");
        Ok(Endpoint { tls, host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn an_endpoint_is_a_host_and_a_port_with_or_without_tls() {
        for (text, tls, host, port) in [
            ("collector:4317", false, "collector", 4317),
            ("[::1]:9", false, "::1", 9),
            ("http://collector", false, "collector", 4317),
            ("https://collector.example/", true, "collector.example", 4317),
            ("https://10.0.0.1:443", true, "10.0.0.1", 443),
            ("https://[::1]", true, "::1", 4317),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap(), Endpoint { tls, host: host.to_owned(), port });
        }
        for text in [
            "collector",
            ":4317",
            "a b:1",
            "a\"b:1",
            "collector:99999",
            "https://",
            "https://collector/v1/logs",
            "https://user@collector",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
        let error = "grpc://collector:4317".parse::<Endpoint>().unwrap_err().to_string();
        assert_eq!(error, "\"grpc\" is neither http nor https");
    }

    #[test]
    fn authorities_are_there_or_the_error_says_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let (good, empty) = (dir.path().join("ca.pem"), dir.path().join("empty.pem"));
        fs::write(&good, "-----BEGIN CERTIFICATE-----\n").unwrap();
        fs::write(&empty, "").unwrap();
        let authorities = |endpoint: &str, certificate: Option<&Path>| {
            let otlp_certificate = certificate.map(Path::to_owned);
            let args = OtlpArgs { otlp_endpoint: Some(endpoint.parse().unwrap()), otlp_certificate };
            args.authorities(|| Ok("/system.pem".into())).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(authorities("a:1", None), Ok(None));
        assert_eq!(authorities("https://a", None), Ok(Some("/system.pem".into())));
        assert_eq!(authorities("https://a", Some(&good)), Ok(Some(good.canonicalize().unwrap())));
        for (endpoint, certificate, says) in [
            ("a:1", good, "AEGIS_OTLP_CERTIFICATE is for https"),
            ("https://a", dir.path().join("none.pem"), "none.pem: cannot read it: No such file"),
            ("https://a", empty, "empty.pem: there is no certificate in PEM in it"),
        ] {
            let error = authorities(endpoint, Some(&certificate)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn headers_have_names_and_values_and_errors_do_not_show_them() {
        let headers = read_headers("Authorization=Bearer%20abc==, x-team = blue,").unwrap();
        let pairs: Vec<_> =
            headers.iter().map(|header| (header.name.as_str(), header.value.expose_secret())).collect();
        assert_eq!(pairs, [("authorization", "Bearer abc=="), ("x-team", "blue")]);
        for text in ["hunter2", "a b=hunter2", "=hunter2", "a=hunter2%0a", "a=hunter2%ff"] {
            let error = format!("{:#}", read_headers(text).unwrap_err());
            assert!(!error.contains("hunter2"), "{text}: {error}");
        }
        assert!(read_headers(&"a=b,".repeat(MAX_HEADERS + 1)).is_err());
    }
}
