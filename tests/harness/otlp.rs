//! A collector of OTLP logs over gRPC: takes every call and keeps what it was sent.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlpgrpc>

use bytes::Bytes;
use h2::server;
use http::{HeaderMap, HeaderValue, Response};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

/// Where log records of all services go.
const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// A message of gRPC that is empty: not compressed, no bytes.
const EMPTY: &[u8] = &[0; 5];

/// A running collector; it closes when dropped.
#[derive(Debug)]
pub struct Collector {
    port: u16,
    received: Arc<Mutex<Received>>,
    _runtime: Runtime,
}

/// What a collector was sent.
#[derive(Debug, Default)]
struct Received {
    /// Of the last call.
    headers: HeaderMap,
    /// Of all calls.
    records: Vec<u8>,
}

// === impl Collector ===

impl Collector {
    /// Starts it on a port of this machine.
    pub fn start() -> Collector {
        Collector::listen(None)
    }

    /// The same with TLS.
    pub fn start_tls(server: TlsAcceptor) -> Collector {
        Collector::listen(Some(server))
    }

    fn listen(tls: Option<TlsAcceptor>) -> Collector {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::<Mutex<Received>>::default();
        let sink = Arc::clone(&received);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, sink) = (tls.clone(), Arc::clone(&sink));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, sink).await,
                        // Whoever does not trust it hangs up.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, sink).await;
                            }
                        }
                    }
                });
            }
        });
        Collector { port, received, _runtime: runtime }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that it was sent: records as protobuf, in which texts are readable.
    pub fn text(&self) -> String {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&received.records).into_owned()
    }

    /// A header of the last call.
    pub fn header(&self, name: &str) -> Option<String> {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        Some(received.headers.get(name)?.to_str().unwrap().to_owned())
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, sink: Arc<Mutex<Received>>) {
    let Ok(mut connection) = server::handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(answer(request, respond, Arc::clone(&sink)));
    }
}

async fn answer(
    request: http::Request<h2::RecvStream>,
    mut respond: server::SendResponse<Bytes>,
    sink: Arc<Mutex<Received>>,
) {
    assert_eq!(request.uri().path(), EXPORT);
    let (head, mut body) = request.into_parts();
    sink.lock().unwrap_or_else(PoisonError::into_inner).headers = head.headers;
    while let Some(Ok(part)) = body.data().await {
        body.flow_control().release_capacity(part.len()).unwrap();
        sink.lock().unwrap_or_else(PoisonError::into_inner).records.extend(part);
    }
    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    // Whoever has hung up meanwhile gets nothing.
    let Ok(mut stream) = respond.send_response(head, false) else { return };
    stream.send_data(Bytes::from_static(EMPTY), false).unwrap_or_default();
    let status = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
    stream.send_trailers(status).unwrap_or_default();
}
