//! A proxy that exists in memory only.

use crate::{Counter, Exchange, Headers, Host, Side};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Holds one exchange's headers and bodies, and what was asked of the proxy.
#[derive(Debug, Default)]
pub struct FakeHost {
    headers: HashMap<Side, Vec<(String, Vec<u8>)>>,
    bodies: HashMap<Side, Vec<u8>>,
    /// The trailers of each side.
    pub trailers: HashMap<Side, Vec<(String, Vec<u8>)>>,
    /// The reply that was sent instead of forwarding the request: status and body.
    pub replied: Option<(u32, Vec<u8>)>,
    /// The headers of that reply.
    pub reply_headers: Vec<(String, String)>,
    /// Whether the exchange was aborted.
    pub aborted: bool,
    /// Whether the answer comes from the proxy itself.
    pub local_reply: bool,
    /// What was reported last.
    pub reported: Option<Vec<u8>>,
    /// What was counted, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// Address of the client.
    pub peer: Option<String>,
    /// Seconds since 1970.
    pub now: u64,
    /// What the workers of the proxy share.
    pub shared: Shared,
    /// How often another worker replaces that just before this one does.
    pub contended: usize,
}

/// What the workers of a proxy share, each with its version.
pub type Shared = Rc<RefCell<HashMap<String, (Vec<u8>, u32)>>>;

// === impl FakeHost ===

impl FakeHost {
    /// A request with this method and path.
    pub fn request(method: &str, path: &str) -> FakeHost {
        FakeHost::default()
            .with_header(Side::Request, ":method", method)
            .with_header(Side::Request, ":path", path)
            .with_header(Side::Request, ":authority", "gateway.example")
            .with_header(Side::Request, "x-request-id", "request-1")
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, side: Side, name: &str, value: &str) -> FakeHost {
        self.headers.entry(side).or_default().push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// What was reported last.
    pub fn event(&self) -> serde_json::Value {
        self.reported.as_deref().and_then(|event| serde_json::from_slice(event).ok()).unwrap_or_default()
    }

    /// The same with the client at this address.
    #[must_use]
    pub fn with_peer(mut self, peer: &str) -> FakeHost {
        self.peer = Some(peer.to_owned());
        self
    }

    /// The value of a header as text.
    pub fn text(&self, side: Side, name: &str) -> Option<String> {
        self.headers(side).get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Sends the request with a body in `pieces`, buffering as Envoy does; returns what the upstream receives, or
    /// `None` if the request was refused.
    pub fn send(&mut self, exchange: &mut Exchange, pieces: &[&[u8]]) -> Option<Vec<u8>> {
        exchange.on_request_headers(self, pieces.is_empty());
        for (index, piece) in pieces.iter().enumerate() {
            if self.replied.is_some() {
                return None;
            }
            let body = self.bodies.entry(Side::Request).or_default();
            body.extend_from_slice(piece);
            let size = body.len();
            let end_of_stream = index + 1 == pieces.len() && !self.trailers.contains_key(&Side::Request);
            exchange.on_request_body(self, size, end_of_stream);
        }
        if self.trailers.contains_key(&Side::Request) && self.replied.is_none() {
            exchange.on_request_trailers(self);
        }
        if self.replied.is_some() {
            None
        } else {
            Some(self.bodies.remove(&Side::Request).unwrap_or_default())
        }
    }

    /// Sends the answer in `pieces`; returns what the client receives of each.
    pub fn answer(&mut self, exchange: &mut Exchange, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        exchange.on_response_headers(self, pieces.is_empty());
        let (last, trails) = (pieces.len(), self.trailers.contains_key(&Side::Response));
        let mut received = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            self.bodies.insert(Side::Response, piece.to_vec());
            exchange.on_response_body(self, piece.len(), index + 1 == last && !trails);
            received.push(self.bodies.remove(&Side::Response).unwrap_or_default());
        }
        if trails {
            exchange.on_response_trailers(self);
        }
        received
    }
}

impl Host for FakeHost {
    fn headers(&self, side: Side) -> Headers {
        Headers(self.headers.get(&side).cloned().unwrap_or_default())
    }

    fn set_header(&mut self, side: Side, name: &str, value: Option<&[u8]>) {
        let headers = self.headers.entry(side).or_default();
        headers.retain(|(known, _)| known != name);
        headers.extend(value.map(|value| (name.to_owned(), value.to_vec())));
    }

    fn remove_trailers(&mut self, side: Side, prefix: &str) -> bool {
        let Some(trailers) = self.trailers.get_mut(&side) else { return false };
        let before = trailers.len();
        trailers.retain(|(name, _)| !name.starts_with(prefix));
        trailers.len() < before
    }

    fn body(&self, side: Side, max: usize) -> Vec<u8> {
        self.bodies.get(&side).map(|body| body.iter().take(max).copied().collect()).unwrap_or_default()
    }

    fn replace_body(&mut self, side: Side, body: &[u8]) -> bool {
        self.bodies.insert(side, body.to_vec());
        true
    }

    fn reply(&mut self, status: u32, headers: &[(&str, &str)], body: &[u8]) {
        self.reply_headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.replied = Some((status, body.to_vec()));
    }

    fn abort(&mut self) {
        self.aborted = true;
    }

    fn abort_later(&mut self) {
        self.aborted = true;
    }

    fn is_local_reply(&self) -> bool {
        self.local_reply
    }

    fn report(&mut self, event: &[u8]) {
        self.reported = Some(event.to_vec());
    }

    fn count(&mut self, counter: Counter, by: u64) {
        *self.counts.entry(counter.name()).or_default() += by;
    }

    fn peer(&self) -> Option<String> {
        self.peer.clone()
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn shared(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.shared.borrow().get(key).cloned()
    }

    fn replace_shared(&mut self, key: &str, value: &[u8], version: u32) -> bool {
        if self.contended > 0 {
            self.contended -= 1;
            return false;
        }
        let mut shared = self.shared.borrow_mut();
        let Some(known) = shared.get_mut(key).filter(|known| known.1 == version) else { return false };
        *known = (value.to_vec(), version + 1);
        true
    }
}
