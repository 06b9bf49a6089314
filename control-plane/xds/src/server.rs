//! The aggregated discovery service.

use crate::delta::DeltaSession;
use crate::fleet::{Fleet, StreamGuard};
use crate::resources::ResourceSet;
use crate::session::{Session, Verdict};
use crate::sotw::SotwSession;
use crate::telemetry::{ReportSink, Telemetry};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_server::AccessLogServiceServer;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use envoy_types::pb::envoy::service::metrics::v3::metrics_service_server::MetricsServiceServer;
use envoy_types::pb::google::protobuf::value;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};

/// Why the discovery server ended.
#[derive(Debug, thiserror::Error)]
#[error("the xDS server failed")]
pub struct ServeError(#[from] tonic::transport::Error);

/// Notices an Envoy that is gone without having closed its connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Responses that may wait for a slow client before the session stops taking changes.
const SEND_QUEUE: usize = 4;

struct DiscoveryService {
    resources: watch::Receiver<Arc<ResourceSet>>,
    fleet: Fleet,
}

/// One client's stream.
struct Connection<S: Session> {
    requests: Streaming<S::Request>,
    responses: mpsc::Sender<Result<S::Response, Status>>,
    resources: watch::Receiver<Arc<ResourceSet>>,
    /// What the session works with. Only the branch that sends every kind in order may replace it: a request for one
    /// kind, answered from a newer set, would overtake the others.
    current: Arc<ResourceSet>,
    fleet: Fleet,
    session: S,
    /// Known from the first request on, the only one that carries it.
    node: Option<Client>,
}

/// Who is at the other end.
struct Client {
    id: String,
    group: String,
    _guard: StreamGuard,
}

/// Serves `resources` on `listener` until the future is dropped. Every change goes to every connected Envoy at once; what
/// they report of exchanges goes to `sink`.
pub async fn serve(
    listener: TcpListener,
    resources: watch::Receiver<Arc<ResourceSet>>,
    fleet: Fleet,
    sink: ReportSink,
) -> Result<(), ServeError> {
    let telemetry = Telemetry { fleet: fleet.clone(), sink };
    let service = AggregatedDiscoveryServiceServer::new(DiscoveryService { resources, fleet });
    let incoming = TcpListenerStream::new(listener);
    tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_service(service)
        .add_service(AccessLogServiceServer::new(telemetry.clone()))
        .add_service(MetricsServiceServer::new(telemetry))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

// === impl DiscoveryService ===

#[tonic::async_trait]
impl AggregatedDiscoveryService for DiscoveryService {
    type StreamAggregatedResourcesStream = ReceiverStream<Result<DiscoveryResponse, Status>>;
    type DeltaAggregatedResourcesStream = ReceiverStream<Result<DeltaDiscoveryResponse, Status>>;

    async fn stream_aggregated_resources(
        &self,
        request: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        Ok(self.connect::<SotwSession>(request.into_inner()))
    }

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaAggregatedResourcesStream>, Status> {
        Ok(self.connect::<DeltaSession>(request.into_inner()))
    }
}

impl DiscoveryService {
    fn connect<S: Session>(
        &self,
        requests: Streaming<S::Request>,
    ) -> Response<ReceiverStream<Result<S::Response, Status>>> {
        let (responses, stream) = mpsc::channel(SEND_QUEUE);
        let mut resources = self.resources.clone();
        let current = Arc::clone(&resources.borrow_and_update());
        let connection = Connection {
            requests,
            responses,
            resources,
            current,
            fleet: self.fleet.clone(),
            session: S::default(),
            node: None,
        };
        tokio::spawn(connection.run());
        Response::new(ReceiverStream::new(stream))
    }
}

// === impl Connection ===

impl<S: Session> Connection<S> {
    async fn run(mut self) {
        loop {
            let responses = tokio::select! {
                request = self.requests.message() => match request {
                    Ok(Some(request)) => self.on_request(&request),
                    Ok(None) | Err(_) => break,
                },
                change = self.resources.changed() => match change {
                    Ok(()) => {
                        self.current = Arc::clone(&self.resources.borrow_and_update());
                        self.session.on_change(&self.current, group(self.node.as_ref()))
                    }
                    Err(_) => break,
                },
                () = self.responses.closed() => break,
            };
            if let (false, Some(node)) = (responses.is_empty(), &self.node) {
                self.fleet.sent(&node.id, self.current.revisions.latest);
            }
            for response in responses {
                if self.responses.send(Ok(response)).await.is_err() {
                    break;
                }
            }
        }
        if let Some(node) = &self.node {
            tracing::info!(node = node.id, "Envoy disconnected from xDS");
        }
    }

    fn on_request(&mut self, request: &S::Request) -> Vec<S::Response> {
        if self.node.is_none() {
            let (id, group) = S::node(request).map(identify).unwrap_or_default();
            tracing::info!(node = id, group, "Envoy connected to xDS");
            let guard = self.fleet.connect(&id, &group);
            self.node = Some(Client { id, group, _guard: guard });
        }
        let group = group(self.node.as_ref());
        let reaction = self.session.on_request(request, &self.current, group);
        if let Some(node) = &self.node {
            for verdict in &reaction.verdicts {
                self.fleet.record(&node.id, verdict);
                log_verdict(&node.id, verdict);
            }
        }
        reaction.responses
    }
}

fn group(node: Option<&Client>) -> &str {
    node.map_or("", |node| &node.group)
}

/// Id and group of a node.
fn identify(node: &Node) -> (String, String) {
    let group = node.metadata.as_ref().and_then(|metadata| metadata.fields.get("group")?.kind.clone());
    match group {
        Some(value::Kind::StringValue(group)) => (node.id.clone(), group),
        _ => (node.id.clone(), String::new()),
    }
}

fn log_verdict(node: &str, verdict: &Verdict) {
    match verdict {
        Verdict::Acked { part, revision, .. } => {
            tracing::debug!(node, part = part.name(), revision, "Envoy accepted");
        }
        Verdict::Nacked { part, revision, message, .. } => {
            tracing::error!(
                node,
                part = part.name(),
                revision,
                message,
                "Envoy refused a configuration and keeps the old one"
            );
        }
    }
}
