//! What an exchange needs of the proxy that it runs in.

use crate::counter::Counter;

/// The half of an exchange that a header or body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// The headers of one side, names in lower case.
#[derive(Debug, Clone, Default)]
pub struct Headers(pub Vec<(String, Vec<u8>)>);

/// The proxy around one exchange.
///
/// Header values are bytes: they need not be UTF-8.
pub trait Host {
    /// All headers. A call of the host costs microseconds whatever it brings, so whoever needs several takes all.
    fn headers(&self, side: Side) -> Headers;
    /// Sets a header, or removes it.
    fn set_header(&mut self, side: Side, name: &str, value: Option<&[u8]>);
    /// Removes the trailers whose names begin with `prefix`, and says whether there were any. For the phase in which
    /// that side has its trailers.
    fn remove_trailers(&mut self, side: Side, prefix: &str) -> bool;
    /// Up to `max` bytes of the body that is at hand: everything that was buffered, or the current chunk.
    fn body(&self, side: Side, max: usize) -> Vec<u8>;
    /// Replaces the body that is at hand; `false` if the proxy refused, and the old body would go on.
    #[must_use]
    fn replace_body(&mut self, side: Side, body: &[u8]) -> bool;
    /// Answers the request from here; the upstream sees nothing more of it.
    fn reply(&mut self, status: u32, headers: &[(&str, &str)], body: &[u8]);
    /// Ends the exchange at once, so that the client sees a broken answer rather than a wrong one.
    fn abort(&mut self);
    /// As [`Host::abort`] for the phase of trailers, in which Envoy would crash: it happens as soon as the callback is over,
    /// which must pause.
    fn abort_later(&mut self);
    /// Whether the answer was made by the proxy itself and not by the upstream.
    fn is_local_reply(&self) -> bool;
    /// Leaves `event` with the exchange, for the proxy's access logs; a later one replaces it.
    fn report(&mut self, event: &[u8]);
    /// Adds to a counter of all exchanges of the proxy.
    fn count(&mut self, counter: Counter, by: u64);
    /// Address of the connection's other end, `ip:port`.
    fn peer(&self) -> Option<String>;
    /// Seconds since 1970.
    fn now(&self) -> u64;
    /// What all workers of the proxy share under `key`, and its version; `None` if there is nothing.
    fn shared(&self, key: &str) -> Option<(Vec<u8>, u32)>;
    /// Replaces what is shared under `key`, unless that has another version by now; `false` if so.
    #[must_use]
    fn replace_shared(&mut self, key: &str, value: &[u8], version: u32) -> bool;
}

// === impl Headers ===

impl Headers {
    /// The value of a header; the first, if there are several.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// The value of a header as text.
    pub(crate) fn text(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// Whether the body is encoded in a way that cannot be read here.
    pub(crate) fn is_encoded(&self) -> bool {
        self.text("content-encoding").is_some_and(|value| !matches!(value.trim(), "" | "identity"))
    }

    /// The media type of the body, in lower case, without parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let value = self.text("content-type")?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }
}
