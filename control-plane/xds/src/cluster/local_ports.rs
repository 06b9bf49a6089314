//! The cluster of local ports: it connects to the address that the filter has put into a header. Nobody else can: the
//! filter removes what clients send of it, and only the filter leads to this cluster.

use super::{common, http_options};
use crate::destination::filter;
use aegis_model::Scheme;
use envoy_types::pb::envoy::config::cluster::v3::Cluster;
use envoy_types::pb::envoy::config::cluster::v3::cluster::{
    ClusterDiscoveryType, DiscoveryType, LbConfig, LbPolicy, OriginalDstLbConfig,
};
use envoy_types::pb::envoy::config::common::mutation_rules::v3::{
    HeaderMutation as Mutation, header_mutation,
};
use envoy_types::pb::envoy::extensions::filters::http::header_mutation::v3::{HeaderMutation, Mutations};
use envoy_types::pb::envoy::extensions::filters::http::upstream_codec::v3::UpstreamCodec;
use envoy_types::pb::envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
use envoy_types::pb::google::protobuf::Any;
use envoy_types::util::pack_any;

/// Its name.
pub(crate) const NAME: &str = "local-ports";

/// Names the address.
const HEADER: &str = "x-aegis-destination";

/// The cluster.
pub(crate) fn render() -> Any {
    let destination = OriginalDstLbConfig {
        use_http_header: true,
        http_header_name: HEADER.to_owned(),
        ..OriginalDstLbConfig::default()
    };
    // A route would remove the header before it is looked at.
    let mutation = Mutation { action: Some(header_mutation::Action::Remove(HEADER.to_owned())) };
    let mutations = Mutations { request_mutations: vec![mutation], ..Mutations::default() };
    let remove = HeaderMutation { mutations: Some(mutations), ..HeaderMutation::default() };
    let options = HttpProtocolOptions {
        http_filters: vec![
            filter("remove_destination", pack_any(remove)),
            filter("envoy.filters.http.upstream_codec", pack_any(UpstreamCodec {})),
        ],
        ..http_options(Scheme::Http)
    };
    pack_any(Cluster {
        cluster_discovery_type: Some(ClusterDiscoveryType::Type(DiscoveryType::OriginalDst.into())),
        lb_policy: LbPolicy::ClusterProvided.into(),
        lb_config: Some(LbConfig::OriginalDstLbConfig(destination)),
        ..common(NAME.to_owned(), options)
    })
}
