//! Envoy's configuration file, from the template in `envoy/bootstrap.yaml`.

use crate::private_file;
use crate::settings::{Endpoint, OtlpHeader, UpArgs};
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("../../../envoy/bootstrap.yaml");
/// What `AEGIS_OTLP_ENDPOINT` adds to it.
const OTLP_ACCESS_LOG: &str = include_str!("../../../envoy/otlp_access_log.yaml");
const OTLP_CLUSTER: &str = include_str!("../../../envoy/otlp_cluster.yaml");
/// What `https` adds to that.
const OTLP_TLS: &str = include_str!("../../../envoy/otlp_tls.yaml");

/// Room above the largest request body, so that the filter's own answer comes before Envoy's.
const BUFFER_HEADROOM_BYTES: u32 = 1024 * 1024;

/// Writes the bootstrap into `data_dir` and returns its path. A collector gets `headers`.
pub(super) fn write(args: &UpArgs, headers: &[OtlpHeader], data_dir: &Path) -> anyhow::Result<PathBuf> {
    let path = data_dir.join("envoy.yaml");
    let content = render(TEMPLATE, &values(args, headers)?).context("envoy/bootstrap.yaml")?;
    private_file::replace(&path, content.as_bytes(), private_file::OWNER_ONLY)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn values(args: &UpArgs, headers: &[OtlpHeader]) -> anyhow::Result<[(&'static str, String); 11]> {
    let buffer = args.serve.max_request_body_bytes.saturating_add(BUFFER_HEADROOM_BYTES);
    let authorities = args.otlp.authorities(|| args.serve.find_ca_bundle())?;
    let (log, cluster) = match &args.otlp.otlp_endpoint {
        None => (String::new(), String::new()),
        Some(endpoint) => {
            (OTLP_ACCESS_LOG.to_owned(), otlp_cluster(endpoint, authorities.as_deref(), headers)?)
        }
    };
    Ok([
        ("NODE_ID", args.node_id.clone()),
        ("NODE_GROUP", args.node_group.clone()),
        ("HOST", args.serve.host.to_string()),
        ("PORT", args.serve.port.to_string()),
        ("ADMIN_PORT", args.serve.admin_port.to_string()),
        ("XDS_PORT", args.serve.xds_port.to_string()),
        ("ENVOY_ADMIN_PORT", args.serve.envoy_admin_port.to_string()),
        ("BUFFER_LIMIT_BYTES", buffer.to_string()),
        ("UPSTREAM_TIMEOUT_SECONDS", args.upstream_timeout_seconds.to_string()),
        ("OTLP_ACCESS_LOG", log),
        ("OTLP_CLUSTER", cluster),
    ])
}

/// The cluster of the collector, which must have a certificate from `authorities` if there are any, and gets `headers`.
fn otlp_cluster(
    endpoint: &Endpoint,
    authorities: Option<&Path>,
    headers: &[OtlpHeader],
) -> anyhow::Result<String> {
    let host = &endpoint.host;
    let tls = match authorities {
        None => String::new(),
        Some(path) => {
            // An address is not allowed as a server name (RFC 6066, section 3).
            let (name, kind) =
                if endpoint.is_address() { (String::new(), "IP_ADDRESS") } else { (host.clone(), "DNS") };
            let path = path.to_str().context("the path of the certificate authorities is not UTF-8")?;
            let values = [
                ("OTLP_SNI", name),
                // A string of JSON is one of YAML.
                ("OTLP_CA", serde_json::to_string(path)?),
                ("OTLP_SAN_TYPE", kind.to_owned()),
                ("OTLP_HOST", host.clone()),
            ];
            render(OTLP_TLS, &values).context("envoy/otlp_tls.yaml")?
        }
    };
    let header = |(number, OtlpHeader { name, .. }): (usize, &OtlpHeader)| {
        let value = format!("%ENVIRONMENT({})%", OtlpHeader::variable(number));
        format!("{{ append: {{ header: {{ key: \"{name}\", value: \"{value}\" }} }} }}")
    };
    let headers: Vec<String> = headers.iter().enumerate().map(header).collect();
    let values = [
        ("OTLP_HOST", host.clone()),
        ("OTLP_PORT", endpoint.port.to_string()),
        ("OTLP_HEADERS", headers.join(", ")),
        ("OTLP_TLS", tls),
    ];
    render(OTLP_CLUSTER, &values).context("envoy/otlp_cluster.yaml")
}

/// Replaces every `${NAME}`.
fn render(template: &str, values: &[(&str, String)]) -> anyhow::Result<String> {
    let mut parts = template.split("${");
    let mut rendered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').context("`${` without `}`")?;
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            bail!(
                "unknown name ${{{name}}}; known are {}",
                values.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
            );
        };
        rendered.push_str(value);
        rendered.push_str(rest);
    }
    Ok(rendered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser as _;

    #[test]
    fn fills_in_every_name() {
        let values = [("A", "1".to_owned()), ("B", "2".to_owned())];
        assert_eq!(render("x${A}y${B}${A}", &values).unwrap(), "x1y21");
        assert!(render("${C}", &values).unwrap_err().to_string().contains("unknown name ${C}"));
        assert!(render("${A", &values).is_err());
    }

    /// The Envoy that `make` has fetched, or the one that the environment names.
    fn envoy() -> Option<PathBuf> {
        let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/envoy");
        std::env::var_os("ENVOY_BIN")
            .map(PathBuf::from)
            .into_iter()
            .chain([fetched])
            .find(|path| path.is_file())
    }

    #[test]
    fn envoy_accepts_the_rendered_file() {
        let Some(envoy) = envoy() else {
            eprintln!("SKIPPED: no Envoy; run `make tools` or set ENVOY_BIN");
            return;
        };
        for (host, otlp) in [
            ("127.0.0.1", None),
            ("::1", None),
            ("127.0.0.1", Some("collector.test:4317")),
            ("127.0.0.1", Some("https://collector.test")),
            ("127.0.0.1", Some("https://[::1]:4317")),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let arguments = ["aegisgate", "up", "--host", host];
            let otlp = otlp.into_iter().flat_map(|endpoint| ["--otlp-endpoint", endpoint]);
            let args = Cli::parse_from(arguments.into_iter().chain(otlp)).into_up().unwrap();
            let headers = [OtlpHeader { name: "x-team".to_owned(), value: "blue".to_owned().into() }];
            let file = write(&args, &headers, dir.path()).unwrap();
            let mut command = std::process::Command::new(&envoy);
            let output = command
                .env(OtlpHeader::variable(0), "blue")
                .args(["--mode", "validate", "--use-dynamic-base-id", "-c"])
                .arg(&file)
                .output()
                .unwrap();
            assert!(output.status.success(), "{host}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    #[test]
    fn the_template_uses_only_known_names_and_all_of_them() {
        let args = Cli::parse_from(["aegisgate", "up"]).into_up().unwrap();
        let values = values(&args, &[]).unwrap();
        render(TEMPLATE, &values).unwrap();
        for (name, _) in values {
            assert!(TEMPLATE.contains(&format!("${{{name}}}")), "{name} is not used");
        }
    }
}
