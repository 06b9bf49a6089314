//! Process settings: flags and environment variables, resolved once.
//!
//! Keys are not among them: [`crate::keys`] reads those, because a flag would show them in the process list.

mod access;
mod otlp;

pub(crate) use access::AccessArgs;
pub(crate) use otlp::{Endpoint, HEADERS_VARIABLE, OtlpArgs, OtlpHeader, headers as otlp_headers};

use crate::api::Network;
use crate::collector::EventFile;
use crate::policy::Compiler;
use crate::{keys, module};
use aegis_engine::MasterKey;
use aegis_model::Destinations;
use aegis_xds::{FieldDigest, RenderSettings};
use anyhow::{Context as _, bail};
use clap::Args;
use secrecy::ExposeSecret as _;
use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// What the control plane needs.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on.
    #[arg(long, env = "AEGIS_HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// Port that clients of the gateway use; Envoy listens there.
    #[arg(long, env = "AEGIS_PORT", default_value_t = 18080)]
    pub port: u16,
    /// Port of the control plane's HTTP API.
    #[arg(long, env = "AEGIS_ADMIN_PORT", default_value_t = 18081)]
    pub admin_port: u16,
    /// Port on which Envoys fetch their configuration.
    #[arg(long, env = "AEGIS_XDS_PORT", default_value_t = 18082)]
    pub xds_port: u16,
    /// Port of Envoy's admin interface, on the loopback address.
    #[arg(long, env = "AEGIS_ENVOY_ADMIN_PORT", default_value_t = 18083)]
    pub envoy_admin_port: u16,
    /// Directory of the database, generated keys and logs.
    #[arg(long, env = "AEGIS_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// The filter's module [default: aegisgate.wasm next to this program, then dist/aegisgate.wasm].
    #[arg(long, env = "AEGIS_WASM")]
    pub wasm: Option<PathBuf>,
    /// Certificate authorities for upstreams, as Envoy finds the file [default: the system's bundle].
    #[arg(long, env = "AEGIS_CA_BUNDLE")]
    pub ca_bundle: Option<PathBuf>,
    /// The policy where none is applied, in YAML or JSON [default: the built-in one]. Read again when it changes.
    #[arg(long, env = "AEGIS_POLICY")]
    pub policy: Option<PathBuf>,
    /// Whether upstreams may have addresses that are not of the internet. Metadata services are never upstreams.
    #[arg(long, env = "AEGIS_ALLOW_PRIVATE_UPSTREAMS", default_value_t = true, action = clap::ArgAction::Set)]
    pub allow_private_upstreams: bool,
    /// Addresses and ranges of proxies whose x-forwarded-for counts, separated by commas.
    #[arg(long, env = "AEGIS_TRUSTED_PROXY_IPS", value_delimiter = ',')]
    pub trusted_proxy_ips: Vec<Network>,
    /// Requests to the token API that one client may make per minute.
    #[arg(long, env = "AEGIS_ADMIN_RATE_LIMIT_PER_MINUTE", default_value_t = 30)]
    pub admin_rate_limit_per_minute: u32,
    /// Days that events are kept.
    #[arg(long, env = "AEGIS_EVENT_RETENTION_DAYS", default_value_t = 30)]
    pub event_retention_days: u32,
    /// A file that events are added to as well, a line of JSON each.
    #[arg(long, env = "AEGIS_EVENT_FILE")]
    pub event_file: Option<PathBuf>,
    /// Size in bytes at which that file becomes `<name>.1`, in the place of the last one.
    #[arg(long, env = "AEGIS_EVENT_FILE_MAX_BYTES", default_value_t = 100_000_000)]
    pub event_file_max_bytes: u64,
    /// Largest request body in bytes; more is answered with 413.
    #[arg(long, env = "AEGIS_MAX_REQUEST_BODY_BYTES", default_value_t = 12_000_000)]
    pub max_request_body_bytes: u32,
    /// Which requests the gateway takes.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// What the supervisor needs besides.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// What the control plane needs.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// Envoy's worker threads [default: one per processor].
    #[arg(long, env = "AEGIS_ENVOY_CONCURRENCY")]
    pub envoy_concurrency: Option<NonZeroU32>,
    /// What Envoy calls itself; different for each Envoy of a fleet.
    #[arg(long, env = "AEGIS_NODE_ID", default_value = "aegisgate-up")]
    pub node_id: String,
    /// The group of Envoys that it belongs to, for policies that are for a group.
    #[arg(long, env = "AEGIS_NODE_GROUP", default_value = "")]
    pub node_group: String,
    /// The Envoy program [default: envoy on PATH, then .tools/envoy].
    #[arg(long, env = "ENVOY_BIN")]
    pub envoy: Option<PathBuf>,
    /// Where Envoy sends events over OTLP.
    #[command(flatten)]
    pub otlp: OtlpArgs,
    /// Seconds without a byte after which an exchange with an upstream is given up.
    #[arg(long, env = "AEGIS_UPSTREAM_TIMEOUT_SECONDS", default_value_t = 600)]
    pub upstream_timeout_seconds: u32,
    /// Run a mock LLM as well, registered as an upstream.
    #[arg(long)]
    pub demo: bool,
    /// Port of the mock LLM, on the loopback address.
    #[arg(long, env = "AEGIS_DEMO_PORT", default_value_t = 18084)]
    pub demo_port: u16,
}

/// Where `/etc/ssl`-style bundles live: Debian and Alpine, Fedora, openSUSE, macOS.
const CA_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

// === impl ServeArgs ===

impl ServeArgs {
    /// Creates the data directory, readable by its owner only, and returns its absolute path.
    pub(crate) fn create_data_dir(&self) -> anyhow::Result<PathBuf> {
        let dir = &self.data_dir;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .and_then(|()| dir.canonicalize())
            .with_context(|| {
                format!(
                    "cannot create the data directory {}; set AEGIS_DATA_DIR to a writable place",
                    dir.display()
                )
            })
    }

    /// What the resources for Envoy depend on, and what makes policies ready for them. Puts the filter's module into
    /// `data_dir`.
    pub(crate) fn render_settings(&self, data_dir: &Path) -> anyhow::Result<(RenderSettings, Compiler)> {
        // Digests are made with the key that the filter has.
        let key = MasterKey::from_hex(keys::placeholder(data_dir)?.expose_secret())?;
        let digests = MasterKey::from_hex(keys::placeholder(data_dir)?.expose_secret())?;
        let (compiler, policy) = Compiler::new(key, self.policy.as_deref())?;
        let settings = RenderSettings {
            wasm: module::install(&module::find(self.wasm.as_deref())?, data_dir)?,
            ca_bundle: self.find_ca_bundle()?,
            policy,
            max_request_body_bytes: self.max_request_body_bytes,
            destinations: self.destinations(),
            withdrawn: BTreeSet::new(),
            attempt: 0,
            access: self.access.render(self.destinations(), &self.own_ports())?,
            field_digest: FieldDigest::new(move |name| digests.field_digest(name)),
        };
        Ok((settings, compiler))
    }

    /// Where events go besides the database.
    pub(crate) fn event_file(&self) -> Option<EventFile> {
        self.event_file.clone().map(|path| EventFile::new(path, self.event_file_max_bytes))
    }

    /// Ports of the gateway's own.
    pub(crate) fn own_ports(&self) -> [u16; 4] {
        [self.port, self.admin_port, self.xds_port, self.envoy_admin_port]
    }

    /// The file with the certificate authorities of upstreams.
    pub(crate) fn find_ca_bundle(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.ca_bundle {
            return Ok(path.clone());
        }
        let found = CA_BUNDLES.iter().map(Path::new).find(|path| path.is_file());
        let Some(found) = found else {
            bail!(
                "no certificate authorities in {}; install ca-certificates or set AEGIS_CA_BUNDLE",
                CA_BUNDLES.join(", ")
            )
        };
        Ok(found.to_owned())
    }

    /// Where upstreams may be.
    pub(crate) fn destinations(&self) -> Destinations {
        Destinations { private: self.allow_private_upstreams }
    }
}

// === impl UpArgs ===

impl UpArgs {
    /// Where clients reach the gateway.
    pub(crate) fn gateway_address(&self) -> SocketAddr {
        SocketAddr::new(self.serve.host, self.serve.port)
    }
}
