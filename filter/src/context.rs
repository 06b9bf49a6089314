//! HTTP callbacks: each is one call into the exchange.

use crate::host::ProxyHost;
use aegis_exchange::{Exchange, Step};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

/// One HTTP stream.
pub(crate) struct HttpExchange {
    exchange: Exchange,
    host: ProxyHost,
}

// === impl HttpExchange ===

impl HttpExchange {
    /// The stream of the context with this id.
    pub(crate) fn new(context: u32, exchange: Exchange) -> HttpExchange {
        HttpExchange { exchange, host: ProxyHost { context } }
    }
}

impl Context for HttpExchange {}

impl HttpContext for HttpExchange {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        action(self.exchange.on_request_headers(&mut self.host, end_of_stream))
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        action(self.exchange.on_request_body(&mut self.host, size, end_of_stream))
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        action(self.exchange.on_request_trailers(&mut self.host))
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        action(self.exchange.on_response_headers(&mut self.host, end_of_stream))
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        action(self.exchange.on_response_trailers(&mut self.host))
    }

    fn on_log(&mut self) {
        self.exchange.on_end(&mut self.host);
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        action(self.exchange.on_response_body(&mut self.host, size, end_of_stream))
    }
}

fn action(step: Step) -> Action {
    match step {
        Step::Continue => Action::Continue,
        Step::Pause => Action::Pause,
    }
}
