//! A fake LLM: records each request to the byte and answers from a script.

use crate::client::chunk;
use crate::message::{Head, Reader};
use crate::reply::{Body, Piece, Reply};
use crate::socket_queue::wait_until_read;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read, Result, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as the fake LLM received it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, with names in lower case.
    pub head: Head,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
}

/// Headers that belong to a connection or to the gateway: another host, the length of another body, what the gateway
/// can read, and its own name for the request.
const OF_THE_WAY: [&str; 6] =
    ["host", "connection", "content-length", "accept-encoding", "x-request-id", "x-aegis-request-id"];

type Script = dyn Fn(&Recorded) -> Reply + Send + Sync;

/// A fake LLM on a port of this machine; it closes when dropped.
pub struct FakeUpstream {
    port: u16,
    requests: Arc<Mutex<Vec<Recorded>>>,
    closed: Arc<Mutex<bool>>,
}

// === impl Recorded ===

impl Recorded {
    /// Reads the next request; `None` if the peer closed instead.
    pub fn read(reader: &mut Reader<impl Read>) -> Result<Option<Recorded>> {
        let Some(head) = reader.request_head()? else { return Ok(None) };
        let mut words = head.first_line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Ok(Some(Recorded { method, target, head, body: reader.body()? }))
    }

    /// The first header named `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The headers that a gateway has no business with, in order.
    pub fn own_headers(&self) -> Vec<(String, String)> {
        let mut headers = self.head.headers.clone();
        headers.retain(|(name, _)| !OF_THE_WAY.contains(&name.as_str()));
        headers
    }

    /// Whether it announces its length, once and truly.
    pub fn has_its_length(&self) -> bool {
        let lengths = self.head.headers.iter().filter(|(name, _)| name == "content-length");
        lengths.map(|(_, length)| length.as_str()).eq([self.body.len().to_string().as_str()])
    }

    /// The different placeholders in the body.
    pub fn placeholders(&self) -> Vec<String> {
        crate::placeholder::distinct_in(&String::from_utf8_lossy(&self.body))
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.body.escape_ascii()))
    }
}

// === impl FakeUpstream ===

impl std::fmt::Debug for FakeUpstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeUpstream").field("port", &self.port).finish_non_exhaustive()
    }
}

impl FakeUpstream {
    /// Starts one that answers each request with `script`.
    pub fn start(script: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> FakeUpstream {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let upstream = FakeUpstream { port, requests: Arc::default(), closed: Arc::default() };
        let (requests, closed) = (Arc::clone(&upstream.requests), Arc::clone(&upstream.closed));
        let script: Arc<Script> = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if *closed.lock().unwrap() {
                    return;
                }
                let (script, requests) = (Arc::clone(&script), Arc::clone(&requests));
                // A connection that breaks is seen by the client, whose test decides what that means.
                std::thread::spawn(move || drop(converse(stream, &*script, &requests)));
            }
        });
        upstream
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What to register it as; with `path` such as `/v1`.
    pub fn base(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests so far, in the order in which they were complete.
    pub fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests since the last call, in the order in which they were complete.
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// The only request so far; there must be exactly one. Forgets it.
    #[track_caller]
    pub fn take_only(&self) -> Recorded {
        let mut requests = self.take();
        assert_eq!(requests.len(), 1, "number of requests that reached the upstream");
        requests.remove(0)
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        *self.closed.lock().unwrap() = true;
        // Wakes the listener up.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn converse(stream: TcpStream, script: &Script, requests: &Mutex<Vec<Recorded>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = Reader::new(stream);
    while let Some(recorded) = Recorded::read(&mut reader)? {
        requests.lock().unwrap().push(recorded.clone());
        let reply = script(&recorded);
        match &reply.body {
            Body::Close => return Ok(()),
            Body::Silence => {
                // Reading holds the connection until the gateway closes it.
                reader.request_head()?;
                return Ok(());
            }
            Body::Whole(body) => {
                // RFC 9112 §6.3: these statuses have neither a body nor a length.
                let bare = matches!(reply.status, 204 | 304);
                let length = if bare { String::new() } else { format!("content-length: {}\r\n", body.len()) };
                let mut message = head_of(&reply, &length);
                if recorded.method != "HEAD" {
                    message.extend(body);
                }
                reader.stream().write_all(&message)?;
            }
            Body::Pieces(pieces) => {
                reader.stream().write_all(&head_of(&reply, "transfer-encoding: chunked\r\n"))?;
                for piece in pieces {
                    match piece {
                        Piece::Bytes(bytes) => reader.stream().write_all(&chunk(bytes))?,
                        Piece::Drain => wait_until_read(reader.stream()),
                        Piece::Wait(gate) => gate.pass(),
                        Piece::Break => return Ok(()),
                    }
                }
                reader.stream().write_all(b"0\r\n\r\n")?;
            }
        }
    }
    Ok(())
}

fn head_of(reply: &Reply, framing: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n{framing}", reply.status);
    for (name, value) in &reply.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Connection, Gate, Request};
    use std::time::Duration;

    #[test]
    fn both_sides_agree_on_what_was_said() {
        let upstream = FakeUpstream::start(|recorded| {
            Reply::whole("text/plain", recorded.body.clone()).status(201).header("x-a", "b")
        });
        let request = Request::post("/p?q=1", "hello\r\n0\r\n\r\n").header("X-Case", "Value");
        for answer in [request.send(upstream.port), request.send_chunked(upstream.port, 3)] {
            assert_eq!((answer.status, answer.text()), (201, "hello\r\n0\r\n\r\n"));
            assert_eq!(answer.header("x-a"), Some("b"));
        }
        let requests = upstream.requests();
        assert_eq!(requests.len(), 2);
        for recorded in requests {
            assert_eq!((recorded.method.as_str(), recorded.target.as_str()), ("POST", "/p?q=1"));
            assert_eq!(
                (recorded.header("x-case"), recorded.body.as_slice()),
                (Some("Value"), &b"hello\r\n0\r\n\r\n"[..])
            );
        }
    }

    #[test]
    fn a_gate_holds_a_stream() {
        let gate = Gate::new();
        let held = gate.clone();
        let upstream = FakeUpstream::start(move |_| {
            let bytes = |text: &str| Piece::Bytes(text.into());
            Reply::events(vec![
                bytes("one"),
                Piece::Wait(held.clone()),
                bytes("two"),
                Piece::Drain,
                bytes("three"),
            ])
        });
        let mut connection = Connection::open(upstream.port);
        connection.begin(&Request::get("/"));
        assert_eq!(connection.read_part().unwrap(), b"one");
        gate.open();
        // Each chunk is read alone, because the next one is not sent before.
        assert_eq!(connection.read_part().unwrap(), b"two");
        assert_eq!(connection.read_rest(), b"three");
    }

    #[test]
    fn a_break_in_the_middle_is_seen_as_one() {
        let upstream = FakeUpstream::start(|recorded| match recorded.target.as_str() {
            "/close" => Reply::close(),
            "/break" => Reply::events(vec![Piece::Bytes(b"half".to_vec()), Piece::Break]),
            _ => Reply::events(vec![Piece::Bytes(b"all".to_vec())]),
        });
        assert!(Request::get("/close").try_send(upstream.port).is_err());
        for (target, cut_off) in [("/break", true), ("/whole", false)] {
            let mut connection = Connection::open(upstream.port);
            connection.begin(&Request::get(target));
            assert_eq!(connection.is_cut_off(), cut_off, "{target}");
        }
    }

    #[test]
    fn silence_lasts_until_the_client_gives_up() {
        let upstream = FakeUpstream::start(|_| Reply::silence());
        let mut connection = Connection::open(upstream.port);
        connection.write(&Request::get("/").head(Some(0)));
        crate::eventually("the request is recorded", Duration::from_secs(5), || {
            upstream.requests().len() == 1
        });
        assert!(!connection.has_input());
    }
}
