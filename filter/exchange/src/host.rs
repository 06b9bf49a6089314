//! What an exchange needs of the proxy that it runs in.

/// The half of an exchange that a header or body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// The proxy around one exchange.
///
/// Header values are bytes: they need not be UTF-8.
pub trait Host {
    /// Names of all headers, in lower case.
    fn header_names(&self, side: Side) -> Vec<Vec<u8>>;
    /// The value of a header; the first, if there are several.
    fn header(&self, side: Side, name: &str) -> Option<Vec<u8>>;
    /// Sets a header, or removes it.
    fn set_header(&mut self, side: Side, name: &str, value: Option<&[u8]>);
    /// Up to `max` bytes of the body that is at hand: everything that was buffered, or the current chunk.
    fn body(&self, side: Side, max: usize) -> Vec<u8>;
    /// Replaces the body that is at hand; `false` if the proxy refused, and the old body would go on.
    #[must_use]
    fn replace_body(&mut self, side: Side, body: &[u8]) -> bool;
    /// Answers the request from here; the upstream sees nothing more of it.
    fn reply(&mut self, status: u32, headers: &[(&str, &str)], body: &[u8]);
    /// Ends the exchange at once, so that the client sees a broken answer rather than a wrong one.
    fn abort(&mut self);
    /// Whether the answer was made by the proxy itself and not by the upstream.
    fn is_local_reply(&self) -> bool;
    /// Address of the connection's other end, `ip:port`.
    fn peer(&self) -> Option<String>;
}
