//! An HTTP/1.1 client that sends exactly the bytes it is given, in exactly the pieces it is given.

use crate::message::{Head, Reader};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes longer; a test that waits for one that never comes fails instead of hanging.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request to send in one go.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Status line and headers.
    pub head: Head,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
}

/// A connection to a port on this machine.
#[derive(Debug)]
pub struct Connection(Reader);

// === impl Request ===

impl Request {
    /// A request without a body.
    pub fn get(target: impl Into<String>) -> Request {
        Request { method: "GET".into(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A request with a JSON body.
    pub fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
        let post = Request { method: "POST".into(), body: body.into(), ..Request::get(target) };
        post.header("content-type", "application/json")
    }

    /// A request for the headers alone.
    pub fn head_of(target: impl Into<String>) -> Request {
        Request { method: "HEAD".into(), ..Request::get(target) }
    }

    /// A request with any method and body, of a type that a header has to say.
    pub fn new(method: &str, target: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
        Request { method: method.into(), body: body.into(), ..Request::get(target) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with another body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self
    }

    /// The head, announcing a body of `length` bytes, or chunks if `None`.
    pub fn head(&self, length: Option<usize>) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: gateway.test\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        match length {
            Some(0) if matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS") => {}
            Some(length) => write!(head, "content-length: {length}\r\n").unwrap(),
            None => head.push_str("transfer-encoding: chunked\r\n"),
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Sends the request on a connection of its own and reads the whole answer.
    pub fn send(&self, port: u16) -> Answer {
        self.try_send(port).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }

    /// As [`Request::send`], for when the other side may not be there.
    pub fn try_send(&self, port: u16) -> std::io::Result<Answer> {
        self.try_send_to((Ipv4Addr::LOCALHOST, port).into())
    }

    /// As [`Request::send`], to any address.
    pub fn send_to(&self, address: SocketAddr) -> Answer {
        self.try_send_to(address).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }

    fn try_send_to(&self, address: SocketAddr) -> std::io::Result<Answer> {
        let mut connection = Connection::try_open_to(address)?;
        connection.0.answers_have_no_body(self.method == "HEAD");
        connection.try_write(&self.head(Some(self.body.len())))?;
        // A refusal may come, and the connection close, before all of a large body is sent.
        let sent = connection.try_write(&self.body);
        connection.try_answer().map_err(|error| sent.err().unwrap_or(error))
    }

    /// Sends the body in chunks of `size` bytes, each with a write of its own.
    pub fn send_chunked(&self, port: u16, size: usize) -> Answer {
        let mut connection = Connection::open(port);
        connection.write(&self.head(None));
        for part in self.body.chunks(size) {
            if connection.try_write(&chunk(part)).is_err() {
                break;
            }
        }
        // As above: an answer that came early is the answer, whether or not the end could be sent.
        if connection.try_write(b"0\r\n\r\n").is_err() {
            return connection.try_answer().expect("an answer before the connection closed");
        }
        connection.try_answer().expect("an answer")
    }
}

// === impl Answer ===

impl Answer {
    /// The first header named `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("an answer in UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("status {}, {error}: {}", self.status, self.body.escape_ascii()))
    }
}

// === impl Connection ===

impl Connection {
    /// Connects.
    pub fn open(port: u16) -> Connection {
        Connection::try_open(port).unwrap_or_else(|error| panic!("port {port}: {error}"))
    }

    /// Connects, if someone listens.
    pub fn try_open(port: u16) -> std::io::Result<Connection> {
        Connection::try_open_to((Ipv4Addr::LOCALHOST, port).into())
    }

    fn try_open_to(address: SocketAddr) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Connection(Reader::new(stream)))
    }

    /// Sends `request` and reads the head of the answer.
    pub fn begin(&mut self, request: &Request) -> Head {
        self.write(&request.head(Some(request.body.len())));
        self.write(&request.body);
        self.read_head()
    }

    /// Sends bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).unwrap();
    }

    fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.stream().write_all(bytes)
    }

    /// Waits until the other side has read everything that was sent.
    pub fn wait_until_read(&mut self) {
        crate::socket_queue::wait_until_read(self.0.stream());
    }

    /// Closes the connection so that the other side sees a reset.
    pub fn reset(mut self) {
        let linger = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(self.0.stream(), linger).expect("a socket");
    }

    /// Reads the head of an answer.
    pub fn read_head(&mut self) -> Head {
        self.0.response_head().expect("the head of an answer")
    }

    /// The next bytes of the body, as soon as there are some; `None` at its end.
    pub fn read_part(&mut self) -> Option<Vec<u8>> {
        self.0.body_part().expect("more of the answer")
    }

    /// Reads body until `text` was in it, and returns what was read.
    pub fn read_until(&mut self, text: &str) -> Vec<u8> {
        let mut body = Vec::new();
        while !body.windows(text.len()).any(|window| window == text.as_bytes()) {
            body.extend(self.read_part().unwrap_or_else(|| panic!("{text:?} never came")));
        }
        body
    }

    /// The rest of the body.
    pub fn read_rest(&mut self) -> Vec<u8> {
        self.0.body().expect("the rest of the answer")
    }

    /// Whether the other side has sent something, or closed.
    pub fn has_input(&mut self) -> bool {
        self.0.has_input()
    }

    /// Reads to the end; whether that was the middle of the answer.
    pub fn is_cut_off(&mut self) -> bool {
        self.0.body().is_err()
    }

    fn try_answer(&mut self) -> std::io::Result<Answer> {
        let head = self.0.response_head()?;
        let status =
            head.first_line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status code");
        Ok(Answer { status, head, body: self.0.body()? })
    }
}

/// `part` as one HTTP chunk.
pub fn chunk(part: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()
}
