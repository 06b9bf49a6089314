//! An upstream as an Envoy cluster.

pub(crate) mod local_ports;

use crate::{RenderSettings, destination};
use aegis_model::{Scheme, Upstream, UpstreamBase, UpstreamId};
use envoy_types::pb::envoy::config::cluster::v3::circuit_breakers::Thresholds;
use envoy_types::pb::envoy::config::cluster::v3::cluster::{
    ClusterDiscoveryType, CustomClusterType, DiscoveryType,
};
use envoy_types::pb::envoy::config::cluster::v3::{CircuitBreakers, Cluster};
use envoy_types::pb::envoy::config::core::v3::socket_address::PortSpecifier;
use envoy_types::pb::envoy::config::core::v3::{
    Address, DataSource, Http1ProtocolOptions, Http2ProtocolOptions, SocketAddress, TransportSocket, address,
    data_source, transport_socket,
};
use envoy_types::pb::envoy::config::endpoint::v3::{
    ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints, lb_endpoint,
};
use envoy_types::pb::envoy::extensions::clusters::common::dns::v3::DnsLookupFamily;
use envoy_types::pb::envoy::extensions::clusters::dns::v3::DnsCluster;
use envoy_types::pb::envoy::extensions::transport_sockets::tls::v3::common_tls_context::ValidationContextType;
use envoy_types::pb::envoy::extensions::transport_sockets::tls::v3::subject_alt_name_matcher::SanType;
use envoy_types::pb::envoy::extensions::transport_sockets::tls::v3::{
    CertificateValidationContext, CommonTlsContext, SubjectAltNameMatcher, UpstreamTlsContext,
};
use envoy_types::pb::envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
use envoy_types::pb::envoy::extensions::upstreams::http::v3::http_protocol_options::{
    AutoHttpConfig, ExplicitHttpConfig, UpstreamProtocolOptions, explicit_http_config::ProtocolConfig,
};
use envoy_types::pb::envoy::r#type::matcher::v3::{StringMatcher, string_matcher::MatchPattern};
use envoy_types::pb::google::protobuf::{Any, Duration, UInt32Value};
use envoy_types::util::pack_any;
use std::collections::HashMap;
use std::path::Path;

const CONNECT_TIMEOUT_SECONDS: i64 = 10;

/// Per upstream connection; above it Envoy stops reading from the upstream until the client has caught up.
const BUFFER_LIMIT_BYTES: UInt32Value = UInt32Value { value: 1024 * 1024 };

/// Envoy's default of 1,024 is less than one busy gateway needs. What a client may have open is limited by the listener.
const MAX_CONCURRENT: UInt32Value = UInt32Value { value: 1_000_000 };

/// Name of the cluster of an upstream.
pub(crate) fn name(id: UpstreamId) -> String {
    match id {
        // Of settings.
        UpstreamId(..0) => format!("setting{id}"),
        UpstreamId(_) => format!("upstream-{id}"),
    }
}

/// The cluster of `upstream`.
pub(crate) fn render(upstream: &Upstream, settings: &RenderSettings) -> Any {
    let name = name(upstream.id);
    let base = &upstream.base;
    // A plain address was checked when it was registered; what a name stands for may change.
    let http_filters =
        if base.ip().is_some() { Vec::new() } else { destination::filters(settings.destinations) };
    let options = HttpProtocolOptions { http_filters, ..http_options(base.scheme()) };
    pack_any(Cluster {
        cluster_discovery_type: Some(discovery(base)),
        load_assignment: Some(endpoints(name.clone(), base)),
        transport_socket: (base.scheme() == Scheme::Https).then(|| tls(base, &settings.ca_bundle)),
        ..common(name, options)
    })
}

/// What all clusters have in common.
fn common(name: String, options: HttpProtocolOptions) -> Cluster {
    Cluster {
        name,
        connect_timeout: Some(Duration { seconds: CONNECT_TIMEOUT_SECONDS, nanos: 0 }),
        per_connection_buffer_limit_bytes: Some(BUFFER_LIMIT_BYTES),
        circuit_breakers: Some(CircuitBreakers {
            thresholds: vec![Thresholds {
                max_connections: Some(MAX_CONCURRENT),
                max_pending_requests: Some(MAX_CONCURRENT),
                max_requests: Some(MAX_CONCURRENT),
                ..Thresholds::default()
            }],
            ..CircuitBreakers::default()
        }),
        typed_extension_protocol_options: HashMap::from([(
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions".to_owned(),
            pack_any(options),
        )]),
        ..Cluster::default()
    }
}

/// One endpoint however many addresses the name has: providers rotate them, and Envoy must not cut long answers when
/// an address disappears from DNS.
fn discovery(base: &UpstreamBase) -> ClusterDiscoveryType {
    if base.ip().is_some() {
        return ClusterDiscoveryType::Type(DiscoveryType::Static.into());
    }
    ClusterDiscoveryType::ClusterType(CustomClusterType {
        name: "envoy.clusters.dns".to_owned(),
        typed_config: Some(pack_any(DnsCluster {
            // Both families, tried side by side: `localhost` may be either.
            dns_lookup_family: DnsLookupFamily::All.into(),
            all_addresses_in_single_endpoint: true,
            respect_dns_ttl: true,
            ..DnsCluster::default()
        })),
    })
}

fn endpoints(cluster_name: String, base: &UpstreamBase) -> ClusterLoadAssignment {
    let socket = SocketAddress {
        address: base.host(),
        port_specifier: Some(PortSpecifier::PortValue(base.port().into())),
        ..SocketAddress::default()
    };
    let endpoint = Endpoint {
        address: Some(Address { address: Some(address::Address::SocketAddress(socket)) }),
        ..Endpoint::default()
    };
    ClusterLoadAssignment {
        cluster_name,
        endpoints: vec![LocalityLbEndpoints {
            lb_endpoints: vec![LbEndpoint {
                host_identifier: Some(lb_endpoint::HostIdentifier::Endpoint(endpoint)),
                ..LbEndpoint::default()
            }],
            ..LocalityLbEndpoints::default()
        }],
        ..ClusterLoadAssignment::default()
    }
}

fn http_options(scheme: Scheme) -> HttpProtocolOptions {
    let http1 = Some(Http1ProtocolOptions::default());
    let protocol = match scheme {
        // ALPN decides; it offers h2 and http/1.1.
        Scheme::Https => UpstreamProtocolOptions::AutoConfig(AutoHttpConfig {
            http_protocol_options: http1,
            http2_protocol_options: Some(Http2ProtocolOptions::default()),
            ..AutoHttpConfig::default()
        }),
        Scheme::Http => UpstreamProtocolOptions::ExplicitHttpConfig(ExplicitHttpConfig {
            protocol_config: http1.map(ProtocolConfig::HttpProtocolOptions),
        }),
    };
    HttpProtocolOptions { upstream_protocol_options: Some(protocol), ..HttpProtocolOptions::default() }
}

fn tls(base: &UpstreamBase, ca_bundle: &Path) -> TransportSocket {
    let is_name = base.ip().is_none();
    let trusted_ca = DataSource {
        specifier: Some(data_source::Specifier::Filename(ca_bundle.to_string_lossy().into_owned())),
        ..DataSource::default()
    };
    let validation = CertificateValidationContext {
        trusted_ca: Some(trusted_ca),
        match_typed_subject_alt_names: if is_name { Vec::new() } else { vec![exact_address(base)] },
        ..CertificateValidationContext::default()
    };
    let context = UpstreamTlsContext {
        // An address is not allowed as a server name (RFC 6066, section 3).
        sni: if is_name { base.host() } else { String::new() },
        auto_sni_san_validation: is_name,
        common_tls_context: Some(CommonTlsContext {
            validation_context_type: Some(ValidationContextType::ValidationContext(validation)),
            ..CommonTlsContext::default()
        }),
        ..UpstreamTlsContext::default()
    };
    TransportSocket {
        name: "envoy.transport_sockets.tls".to_owned(),
        config_type: Some(transport_socket::ConfigType::TypedConfig(pack_any(context))),
    }
}

fn exact_address(base: &UpstreamBase) -> SubjectAltNameMatcher {
    SubjectAltNameMatcher {
        san_type: SanType::IpAddress.into(),
        matcher: Some(StringMatcher {
            match_pattern: Some(MatchPattern::Exact(base.host())),
            ..StringMatcher::default()
        }),
        ..SubjectAltNameMatcher::default()
    }
}

#[cfg(test)]
mod tests;
