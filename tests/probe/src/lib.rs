//! The engine in Envoy's V8, with nothing around it: a filter that answers a request with how long its body took.
//!
//! The path names what is done with the body, and the answer has a line for each run: its nanoseconds, and how many
//! bytes or findings it gave, so that who asks can tell that the work was done.
//!
//! With the configuration `read` it is a filter that only makes the calls that no gateway can do without: it waits for a
//! request's body, reads it, says where it goes, and reads the answer. What that costs is what is left of a budget.
#![allow(unsafe_code, missing_docs, reason = "proxy_wasm::main! defines the module's exported symbols")]

mod measure;

use measure::{Measure, Run};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::fmt::Write as _;

/// Largest body, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root { reads: false }) });
}}

struct Root {
    reads: bool,
}

struct Reader;

struct Probe {
    path: String,
}

// === impl Root ===

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.reads = self.get_plugin_configuration().as_deref() == Some(b"read");
        true
    }

    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        if self.reads {
            return Some(Box::new(Reader));
        }
        Some(Box::new(Probe { path: String::new() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

// === impl Reader ===

impl Context for Reader {}

impl HttpContext for Reader {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let headers = self.get_http_request_headers_bytes();
        let path = headers.iter().find(|(name, _)| name == ":path").map(|(_, value)| value.as_slice());
        self.set_http_request_header_bytes(":path", path);
        self.set_http_request_header_bytes(":authority", Some(b"upstream"));
        self.set_http_request_header_bytes("x-cluster", Some(b"upstream"));
        if end_of_stream { Action::Continue } else { Action::Pause }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        std::hint::black_box(self.get_http_request_body(0, size));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        std::hint::black_box(self.get_http_response_headers_bytes());
        self.set_http_response_header_bytes("x-request", Some(b"read"));
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        std::hint::black_box(self.get_http_response_body(0, size));
        Action::Continue
    }
}

// === impl Probe ===

impl Context for Probe {}

impl HttpContext for Probe {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.path = self.get_http_request_header(":path").unwrap_or_default();
        Action::Pause
    }

    fn on_http_request_body(&mut self, _size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            let body = self.get_http_request_body(0, MAX_BODY).unwrap_or_default();
            let (status, answer) = match Measure::named(&self.path).map(|measure| measure.runs(&body)) {
                Some(Ok(runs)) => (200, lines(&runs)),
                Some(Err(error)) => (500, error.to_string()),
                None => (404, String::new()),
            };
            self.send_http_response(status, Vec::new(), Some(answer.as_bytes()));
        }
        Action::Pause
    }
}

fn lines(runs: &[Run]) -> String {
    let mut lines = String::new();
    for run in runs {
        // Writing to a string does not fail.
        _ = writeln!(lines, "{} {}", run.nanoseconds, run.found);
    }
    lines
}
