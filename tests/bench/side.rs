//! The two proxies that are compared.

use crate::upstream::SLOT_HEADER;
use crate::usage;
use crate::wire::{self, Wire};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// One proxy in front of the upstream.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    port: u16,
    /// What stands in front of the paths of the API.
    base: String,
    pid: u32,
}

/// Plain Envoy and the gateway.
#[derive(Debug)]
pub(crate) struct Sides {
    pub(crate) plain: Side,
    pub(crate) gateway: Side,
}

/// Where chat completions are posted.
pub(crate) const CHAT: &str = "/chat/completions";

/// No part of an answer takes longer.
const TIMEOUT: Duration = Duration::from_secs(20);

// === impl Side ===

impl Side {
    pub(crate) fn new(port: u16, base: String, pid: u32) -> Side {
        Side { port, base, pid }
    }

    pub(crate) fn connect(&self) -> Wire {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the proxy listens");
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        Wire::new(stream).unwrap()
    }

    /// A whole request for a chat completion.
    pub(crate) fn request(&self, body: &[u8], slot: usize) -> Vec<u8> {
        self.request_to(CHAT, body, slot)
    }

    /// A whole request to a path of the API, with the headers that SDKs send.
    pub(crate) fn request_to(&self, path: &str, body: &[u8], slot: usize) -> Vec<u8> {
        let head = format!(
            "POST {}{path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\naccept: application/json\r\n\
             accept-encoding: gzip, deflate\r\ncontent-type: application/json\r\nuser-agent: OpenAI/Python 1.99.0\r\n\
             x-stainless-lang: python\r\nx-stainless-package-version: 1.99.0\r\nx-stainless-os: Linux\r\n\
             x-stainless-arch: x64\r\nx-stainless-runtime: CPython\r\nx-stainless-runtime-version: 3.12.0\r\n\
             x-stainless-async: false\r\nx-stainless-retry-count: 0\r\nauthorization: Bearer bench\r\n\
             {SLOT_HEADER}: {slot}\r\ncontent-length: {}\r\n\r\n",
            self.base,
            self.port,
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    /// Sends one request on a connection of its own and returns the body of the answer.
    pub(crate) fn send(&self, body: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        exchange(&mut self.connect(), &self.request(body, 0), &mut answer);
        answer
    }

    /// Memory of the proxy in bytes.
    pub(crate) fn memory(&self) -> u64 {
        usage::memory(self.pid)
    }

    /// Processor time that the proxy has used.
    pub(crate) fn processor_time(&self) -> Duration {
        usage::processor_time(self.pid)
    }
}

/// Sends `request` and reads the body of the answer into `body`. Anything but 200 ends the run.
pub(crate) fn exchange(wire: &mut Wire, request: &[u8], body: &mut Vec<u8>) {
    begin(wire, request);
    let framing = read_head(wire);
    body.clear();
    wire.body(framing, |part| body.extend_from_slice(part)).expect("the rest of the answer");
}

/// Sends `request`.
pub(crate) fn begin(wire: &mut Wire, request: &[u8]) {
    wire.write(request).expect("the proxy reads the request");
}

/// Reads the head of an answer, which must be 200.
pub(crate) fn read_head(wire: &mut Wire) -> wire::Framing {
    let head = wire.head().expect("an answer").expect("an answer before the connection closes");
    assert!(head.starts_with("HTTP/1.1 200 "), "not 200: {head}");
    wire::framing(&head)
}
