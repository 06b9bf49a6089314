use super::*;
use envoy_types::pb::envoy::config::cluster::v3::cluster::{LbConfig, LbPolicy};
use envoy_types::pb::envoy::extensions::transport_sockets::tls::v3::common_tls_context::ValidationContextType::ValidationContext;
use prost::Message as _;

fn cluster(base: &str) -> Cluster {
    let upstream = Upstream { id: UpstreamId(7), base: UpstreamBase::parse(base).unwrap() };
    let settings = RenderSettings {
        wasm: "/filter.wasm".into(),
        ca_bundle: "/etc/ca.crt".into(),
        policy: aegis_policy::CompiledPolicy::default(),
        max_request_body_bytes: 1,
        destinations: aegis_model::Destinations { private: true },
        withdrawn: std::collections::BTreeSet::new(),
        attempt: 0,
        access: crate::Access::default(),
        field_digest: crate::FieldDigest::new(|name| format!("digest of {name}")),
    };
    let any = render(&upstream, &settings);
    assert_eq!(any.type_url, crate::Kind::Cluster.type_url());
    Cluster::decode(any.value.as_slice()).unwrap()
}

fn address(cluster: &Cluster) -> (String, u32) {
    let endpoint = &cluster.load_assignment.as_ref().unwrap().endpoints[0].lb_endpoints[0];
    let Some(lb_endpoint::HostIdentifier::Endpoint(endpoint)) = &endpoint.host_identifier else { panic!() };
    let Some(address::Address::SocketAddress(socket)) = &endpoint.address.as_ref().unwrap().address else {
        panic!()
    };
    let Some(PortSpecifier::PortValue(port)) = socket.port_specifier else { panic!() };
    (socket.address.clone(), port)
}

fn tls_context(cluster: &Cluster) -> (UpstreamTlsContext, CertificateValidationContext) {
    let socket = cluster.transport_socket.as_ref().unwrap();
    let Some(transport_socket::ConfigType::TypedConfig(any)) = &socket.config_type else { panic!() };
    let context = UpstreamTlsContext::decode(any.value.as_slice()).unwrap();
    let common = context.common_tls_context.clone().unwrap();
    let Some(ValidationContext(validation)) = common.validation_context_type else { panic!() };
    (context, validation)
}

fn options(cluster: &Cluster) -> HttpProtocolOptions {
    let any = cluster.typed_extension_protocol_options.values().next().unwrap();
    HttpProtocolOptions::decode(any.value.as_slice()).unwrap()
}

fn protocol(cluster: &Cluster) -> UpstreamProtocolOptions {
    options(cluster).upstream_protocol_options.unwrap()
}

#[test]
fn what_a_name_stands_for_is_checked_before_every_connection() {
    for (base, expected) in [
        (
            "https://api.example.com",
            &["envoy.filters.http.upstream_rbac", "envoy.filters.http.upstream_codec"][..],
        ),
        ("http://127.0.0.1:9", &[]),
    ] {
        let filters = options(&cluster(base)).http_filters;
        let names: Vec<&str> = filters.iter().map(|filter| filter.name.as_str()).collect();
        assert_eq!(names, expected, "{base}");
    }
}

#[test]
fn local_ports_are_where_the_filter_says() {
    let cluster = Cluster::decode(local_ports::render().value.as_slice()).unwrap();
    assert_eq!((cluster.name.as_str(), cluster.lb_policy()), ("local-ports", LbPolicy::ClusterProvided));
    let Some(LbConfig::OriginalDstLbConfig(config)) = &cluster.lb_config else { panic!() };
    assert_eq!((config.use_http_header, config.http_header_name.as_str()), (true, "x-aegis-destination"));
    assert!(cluster.transport_socket.is_none() && cluster.circuit_breakers.is_some());
    let options = cluster.typed_extension_protocol_options.values().next().unwrap();
    let options = HttpProtocolOptions::decode(options.value.as_slice()).unwrap();
    let filters: Vec<&str> = options.http_filters.iter().map(|filter| filter.name.as_str()).collect();
    assert_eq!(filters, ["remove_destination", "envoy.filters.http.upstream_codec"]);
}

#[test]
fn a_named_https_upstream_is_resolved_and_verified_by_name() {
    let cluster = cluster("https://api.example.com/v1");
    assert_eq!(cluster.name, "upstream-7");
    assert_eq!(address(&cluster), ("api.example.com".to_owned(), 443));
    let Some(ClusterDiscoveryType::ClusterType(dns)) = &cluster.cluster_discovery_type else { panic!() };
    assert_eq!(dns.name, "envoy.clusters.dns");
    let (context, validation) = tls_context(&cluster);
    assert_eq!((context.sni.as_str(), context.auto_host_sni), ("api.example.com", false));
    assert!(context.auto_sni_san_validation);
    let ca = data_source::Specifier::Filename("/etc/ca.crt".to_owned());
    assert_eq!(validation.trusted_ca.unwrap().specifier, Some(ca));
    let UpstreamProtocolOptions::AutoConfig(auto) = protocol(&cluster) else { panic!() };
    assert!(auto.http_protocol_options.is_some() && auto.http2_protocol_options.is_some());
}

#[test]
fn a_plain_upstream_speaks_http_1_without_tls() {
    let cluster = cluster("http://localhost:8080");
    assert_eq!(address(&cluster), ("localhost".to_owned(), 8080));
    assert_eq!(cluster.transport_socket, None);
    let UpstreamProtocolOptions::ExplicitHttpConfig(explicit) = protocol(&cluster) else { panic!() };
    assert!(matches!(explicit.protocol_config, Some(ProtocolConfig::HttpProtocolOptions(_))));
}

#[test]
fn an_address_is_not_resolved_and_is_verified_as_an_address() {
    let cluster = cluster("https://[::1]:8443/v1");
    assert_eq!(address(&cluster), ("::1".to_owned(), 8443));
    assert_eq!(
        cluster.cluster_discovery_type,
        Some(ClusterDiscoveryType::Type(DiscoveryType::Static.into()))
    );
    let (context, validation) = tls_context(&cluster);
    assert_eq!((context.sni.as_str(), context.auto_sni_san_validation), ("", false));
    let [matcher] = validation.match_typed_subject_alt_names.as_slice() else { panic!() };
    assert_eq!(matcher.san_type(), SanType::IpAddress);
}
