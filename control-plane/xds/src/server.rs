//! The aggregated discovery service.

use crate::delta::{DeltaSession, Verdict};
use crate::fleet::{Fleet, StreamGuard};
use crate::resources::ResourceSet;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use futures_util::stream::BoxStream;
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
struct Connection {
    requests: Streaming<DeltaDiscoveryRequest>,
    responses: mpsc::Sender<Result<DeltaDiscoveryResponse, Status>>,
    resources: watch::Receiver<Arc<ResourceSet>>,
    /// What the session works with. Only the branch that sends every kind in order may replace it: a request for one
    /// kind, answered from a newer set, would overtake the others.
    current: Arc<ResourceSet>,
    fleet: Fleet,
    session: DeltaSession,
    /// Known from the first request on, the only one that carries it.
    node: Option<(String, StreamGuard)>,
}

/// Serves `resources` on `listener` until the future is dropped. Every change goes to every connected Envoy at once.
pub async fn serve(
    listener: TcpListener,
    resources: watch::Receiver<Arc<ResourceSet>>,
    fleet: Fleet,
) -> Result<(), ServeError> {
    let service = AggregatedDiscoveryServiceServer::new(DiscoveryService { resources, fleet });
    let incoming = TcpListenerStream::new(listener);
    tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_service(service)
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

// === impl DiscoveryService ===

#[tonic::async_trait]
impl AggregatedDiscoveryService for DiscoveryService {
    type StreamAggregatedResourcesStream = BoxStream<'static, Result<DiscoveryResponse, Status>>;
    type DeltaAggregatedResourcesStream = ReceiverStream<Result<DeltaDiscoveryResponse, Status>>;

    async fn stream_aggregated_resources(
        &self,
        _: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        Err(Status::unimplemented(
            "state-of-the-world ADS is not offered; set ads_config.api_type to DELTA_GRPC in the bootstrap",
        ))
    }

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaAggregatedResourcesStream>, Status> {
        let (responses, stream) = mpsc::channel(SEND_QUEUE);
        let mut resources = self.resources.clone();
        let current = Arc::clone(&resources.borrow_and_update());
        let connection = Connection {
            requests: request.into_inner(),
            responses,
            resources,
            current,
            fleet: self.fleet.clone(),
            session: DeltaSession::default(),
            node: None,
        };
        tokio::spawn(connection.run());
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

// === impl Connection ===

impl Connection {
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
                        self.session.on_change(&self.current)
                    }
                    Err(_) => break,
                },
                () = self.responses.closed() => break,
            };
            for response in responses {
                if self.responses.send(Ok(response)).await.is_err() {
                    break;
                }
            }
        }
        if let Some((node, _)) = &self.node {
            tracing::info!(node, "Envoy disconnected from xDS");
        }
    }

    fn on_request(&mut self, request: &DeltaDiscoveryRequest) -> Vec<DeltaDiscoveryResponse> {
        if self.node.is_none() {
            let id = request.node.as_ref().map_or("", |node| &node.id);
            tracing::info!(node = id, "Envoy connected to xDS");
            self.node = Some((id.to_owned(), self.fleet.connect(id)));
        }
        let reaction = self.session.on_request(request, &self.current);
        if let (Some(verdict), Some((node, _))) = (&reaction.verdict, &self.node) {
            self.fleet.record(node, verdict);
            log_verdict(node, verdict);
        }
        reaction.responses
    }
}

fn log_verdict(node: &str, verdict: &Verdict) {
    match verdict {
        Verdict::Acked { kind, revision } => tracing::debug!(node, ?kind, revision, "Envoy accepted"),
        Verdict::Nacked { kind, revision, message } => {
            tracing::error!(
                node,
                ?kind,
                revision,
                message,
                "Envoy refused a configuration and keeps the old one"
            );
        }
    }
}
