//! Where requests may go, as Envoy checks it when it has chosen an address and before it connects: names can be made to
//! stand for other addresses at any time.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/upstream_rbac_filter>

use aegis_model::{Destinations, Range};
use envoy_types::pb::envoy::config::core::v3::{CidrRange, TypedExtensionConfig};
use envoy_types::pb::envoy::config::rbac::v3::{
    Permission, Policy, Principal, Rbac, permission, principal, rbac,
};
use envoy_types::pb::envoy::extensions::filters::http::rbac::v3::Rbac as RbacFilter;
use envoy_types::pb::envoy::extensions::filters::http::upstream_codec::v3::UpstreamCodec;
use envoy_types::pb::envoy::extensions::filters::network::http_connection_manager::v3::{
    HttpFilter, http_filter,
};
use envoy_types::pb::envoy::extensions::rbac::matchers::upstream_ip_port::v3::UpstreamIpPortMatcher;
use envoy_types::pb::google::protobuf::{Any, UInt32Value};
use envoy_types::util::pack_any;
use std::collections::HashMap;

/// What a cluster's filters are with a check of its addresses.
pub(crate) fn filters(destinations: Destinations) -> Vec<HttpFilter> {
    let policy = Policy {
        permissions: destinations.forbidden().into_iter().map(permission).collect(),
        principals: vec![Principal { identifier: Some(principal::Identifier::Any(true)) }],
        ..Policy::default()
    };
    let rules = Rbac {
        action: rbac::Action::Deny.into(),
        policies: HashMap::from([("forbidden".to_owned(), policy)]),
        ..Rbac::default()
    };
    let check = RbacFilter { rules: Some(rules), ..RbacFilter::default() };
    vec![
        filter("envoy.filters.http.upstream_rbac", pack_any(check)),
        // Every chain ends with it.
        filter("envoy.filters.http.upstream_codec", pack_any(UpstreamCodec::default())),
    ]
}

/// A filter of a cluster.
pub(crate) fn filter(name: &str, config: Any) -> HttpFilter {
    HttpFilter {
        name: name.to_owned(),
        config_type: Some(http_filter::ConfigType::TypedConfig(config)),
        ..HttpFilter::default()
    }
}

fn permission(Range { first, bits }: Range) -> Permission {
    let range =
        CidrRange { address_prefix: first.to_string(), prefix_len: Some(UInt32Value { value: bits.into() }) };
    let matcher = UpstreamIpPortMatcher { upstream_ip: Some(range), ..UpstreamIpPortMatcher::default() };
    let matcher = TypedExtensionConfig {
        name: "envoy.rbac.matchers.upstream_ip_port".to_owned(),
        typed_config: Some(pack_any(matcher)),
    };
    Permission { rule: Some(permission::Rule::Matcher(matcher)) }
}
