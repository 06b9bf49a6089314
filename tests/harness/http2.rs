//! An HTTP/2 client without TLS ("prior knowledge"), with the parts that no ordinary client has: trailers and resets.

use h2::client::{self, SendRequest};
use h2::{Reason, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// No answer takes longer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// A connection. Its requests are streams of it.
pub struct Http2 {
    runtime: Runtime,
    client: SendRequest<bytes::Bytes>,
    port: u16,
}

// === impl Http2 ===

impl std::fmt::Debug for Http2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http2").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Http2 {
    /// Connects to a port of this machine.
    pub fn open(port: u16) -> Http2 {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            let (client, connection) = client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Http2 { runtime, client, port }
    }

    /// Sends a JSON body in `pieces`, each a frame of its own, with trailers if there are any, and reads the answer.
    pub fn post(&mut self, path: &str, pieces: &[&[u8]], trailers: &[(&str, &str)]) -> Answer {
        let (response, mut stream) = self.begin(path);
        self.runtime.block_on(async {
            for (index, piece) in pieces.iter().enumerate() {
                let last = index + 1 == pieces.len() && trailers.is_empty();
                stream.send_data(piece.to_vec().into(), last).unwrap();
            }
            if !trailers.is_empty() {
                let pair = |(name, value): &(&str, &str)| {
                    (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
                };
                stream.send_trailers(trailers.iter().map(pair).collect()).unwrap();
            }
            let response =
                tokio::time::timeout(TIMEOUT, response).await.expect("in time").expect("an answer");
            let (head, mut incoming) = response.into_parts();
            let mut body = Vec::new();
            while let Some(part) = incoming.data().await {
                let part = part.expect("more of the answer");
                incoming.flow_control().release_capacity(part.len()).unwrap();
                body.extend(part);
            }
            Answer { status: head.status.as_u16(), headers: head.headers, body }
        })
    }

    /// Sends a part of a JSON body and resets the stream.
    pub fn post_and_reset(&mut self, path: &str, part: &[u8]) {
        let (_response, mut stream) = self.begin(path);
        stream.send_data(part.to_vec().into(), false).unwrap();
        stream.send_reset(Reason::CANCEL);
    }

    fn begin(&mut self, path: &str) -> (client::ResponseFuture, SendStream<bytes::Bytes>) {
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("http://gateway.test:{}{path}", self.port))
            .header("content-type", "application/json")
            .body(())
            .unwrap();
        let mut client = self.runtime.block_on(self.client.clone().ready()).unwrap();
        let _inside = self.runtime.enter();
        client.send_request(request, false).unwrap()
    }
}
