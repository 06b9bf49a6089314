//! 200 Envoys at one control plane, half of them with each protocol, and 100,000 tokens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use aegis_model::{Revisions, Route, Snapshot, Upstream, UpstreamBase, UpstreamId};
use aegis_policy::{CompiledPolicy, SHARDS, TokenHash};
use aegis_xds::{Fleet, Kind, Part, RenderSettings, ReportSink, ResourceSet, serve};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use envoy_types::pb::envoy::service::discovery::v3::{DeltaDiscoveryRequest, DiscoveryRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

const NODES: usize = 200;
const TOKENS: u32 = 100_000;
const PATIENCE: Duration = Duration::from_mins(2);

fn snapshot(revision: u64, tokens: u32) -> Snapshot {
    let base = UpstreamBase::parse("http://u.test/v1").unwrap();
    Snapshot {
        revisions: Revisions { latest: revision, routes: revision, policies: 1 },
        upstreams: vec![Upstream { id: UpstreamId(1), base }],
        tokens: (0..tokens).map(|n| (TokenHash::of(&n.to_le_bytes()), Route::to(UpstreamId(1)))).collect(),
        ..Snapshot::default()
    }
}

fn filters() -> Vec<String> {
    let shards = (0..SHARDS).map(|number| format!("aegisgate_routes_{number}"));
    ["aegisgate", "aegisgate_routes"].map(str::to_owned).into_iter().chain(shards).collect()
}

fn settings() -> RenderSettings {
    RenderSettings {
        wasm: "/filter.wasm".into(),
        ca_bundle: "/ca.crt".into(),
        policy: CompiledPolicy::default(),
        max_request_body_bytes: 1,
        destinations: aegis_model::Destinations { private: true },
        withdrawn: BTreeSet::new(),
        attempt: 0,
        access: aegis_xds::Access::default(),
        field_digest: aegis_xds::FieldDigest::new(|name| format!("digest of {name}")),
    }
}

fn node(id: usize) -> Node {
    Node { id: format!("node-{id}"), ..Node::default() }
}

/// Connects, takes everything that comes and says for each response how many bytes of which part it had.
async fn delta(port: u16, id: usize, sizes: mpsc::UnboundedSender<usize>) {
    let (requests, stream) = mpsc::channel(8);
    let mut client =
        AggregatedDiscoveryServiceClient::connect(format!("http://127.0.0.1:{port}")).await.unwrap();
    client = client.max_decoding_message_size(64 << 20);
    let first = DeltaDiscoveryRequest {
        node: Some(node(id)),
        type_url: Kind::Filter.type_url().into(),
        resource_names_subscribe: filters(),
        ..DeltaDiscoveryRequest::default()
    };
    requests.send(first).await.unwrap();
    let responses = client.delta_aggregated_resources(ReceiverStream::new(stream)).await.unwrap();
    let mut responses = responses.into_inner();
    while let Ok(Some(response)) = responses.message().await {
        let size =
            response.resources.iter().map(|resource| resource.resource.as_ref().unwrap().value.len()).sum();
        let ack = DeltaDiscoveryRequest {
            type_url: response.type_url,
            response_nonce: response.nonce,
            ..DeltaDiscoveryRequest::default()
        };
        requests.send(ack).await.unwrap();
        sizes.send(size).unwrap();
    }
}

async fn sotw(port: u16, id: usize, sizes: mpsc::UnboundedSender<usize>) {
    let (requests, stream) = mpsc::channel(8);
    let mut client =
        AggregatedDiscoveryServiceClient::connect(format!("http://127.0.0.1:{port}")).await.unwrap();
    client = client.max_decoding_message_size(64 << 20);
    let request = |nonce: String| DiscoveryRequest {
        node: Some(node(id)),
        type_url: Kind::Filter.type_url().into(),
        resource_names: filters(),
        response_nonce: nonce,
        ..DiscoveryRequest::default()
    };
    requests.send(request(String::new())).await.unwrap();
    let responses = client.stream_aggregated_resources(ReceiverStream::new(stream)).await.unwrap();
    let mut responses = responses.into_inner();
    while let Ok(Some(response)) = responses.message().await {
        let size = response.resources.iter().map(|resource| resource.value.len()).sum();
        requests.send(request(response.nonce)).await.unwrap();
        sizes.send(size).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_gets_everything_and_then_only_what_changes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut first = snapshot(1, TOKENS);
    let resources = ResourceSet::render(&first, &BTreeMap::new(), &settings()).unwrap();
    let publish = watch::Sender::new(Arc::new(resources));
    let fleet = Fleet::default();
    let server = tokio::spawn(serve(listener, publish.subscribe(), fleet.clone(), ReportSink::new(1).0));
    let (sizes, mut received) = mpsc::unbounded_channel();
    let began = Instant::now();
    for id in 0..NODES {
        if id % 2 == 0 {
            tokio::spawn(delta(port, id, sizes.clone()));
        } else {
            tokio::spawn(sotw(port, id, sizes.clone()));
        }
    }
    let mut next = async || timeout(PATIENCE, received.recv()).await.expect("in time").unwrap();
    let mut total = 0;
    for _ in 0..NODES * filters().len() {
        total += next().await;
    }
    println!("{NODES} nodes got {} MB in {:?}", total / 1_000_000, began.elapsed());

    // One token more: its shard and which shards belong together go to everybody, nothing else to anybody.
    first.revisions = Revisions { latest: 2, routes: 2, policies: 1 };
    let added = TokenHash::of(b"one more");
    first.tokens.insert(added.clone(), Route::to(UpstreamId(1)));
    let began = Instant::now();
    let last = Arc::clone(&publish.borrow());
    let resources = last.update(&[added].into(), &first, &BTreeMap::new(), &settings()).unwrap();
    let rendered = began.elapsed();
    publish.send_replace(Arc::new(resources));
    let mut change = 0;
    for _ in 0..NODES * 2 {
        change += next().await;
    }
    println!("one more token: rendered in {rendered:?}, at every node after {:?}", began.elapsed());
    println!("{} bytes a node, of {} in all", change / NODES, total / NODES);
    assert!(change * 10 < total, "{change} bytes of {total} were sent for one token");
    let began = Instant::now();
    loop {
        let nodes = fleet.nodes();
        assert_eq!(nodes.len(), NODES);
        let done = |status: &aegis_xds::NodeStatus| {
            status.acked.get(&Part::Routes) == Some(&2) && status.acked.get(&Part::Policies) == Some(&1)
        };
        if nodes.values().all(done) {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "not everybody has acknowledged");
        tokio::task::yield_now().await;
    }
    assert!(received.try_recv().is_err(), "nothing else was sent");
    server.abort();
}
