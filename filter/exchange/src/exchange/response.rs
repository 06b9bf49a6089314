//! The response half of an exchange.

use super::request::REQUEST_ID_HEADER;
use super::{Exchange, Response, Step, header, is_encoded, is_json, media_type};
use crate::host::{Host, Side};
use crate::reply::{self, Reply};
use aegis_engine::{Framing, ResponseStream, Vault};

/// Tells the client what the gateway did.
const ACTION_HEADER: &str = "x-aegis-action";

impl Exchange {
    /// The answer's headers are there.
    pub fn on_response_headers(&mut self, host: &mut impl Host, end_of_stream: bool) -> Step {
        let Response::Expected { vault } = &mut self.response else { return Step::Continue };
        let vault = vault.take();
        if let Some(id) = &self.request_id {
            host.set_header(Side::Response, REQUEST_ID_HEADER, Some(id));
        }
        self.response = if host.is_local_reply() {
            self.replaced(host, end_of_stream)
        } else if let Some(vault) = vault {
            self.restored(host, vault, end_of_stream)
        } else {
            Response::Untouched
        };
        Step::Continue
    }

    /// Envoy answers itself (upstream down, time-out, limits), in plain text.
    fn replaced(&self, host: &mut impl Host, end_of_stream: bool) -> Response {
        let status =
            header(host, Side::Response, ":status").and_then(|status| status.parse().ok()).unwrap_or(503);
        if end_of_stream || status < 400 {
            return Response::Untouched;
        }
        let reply = Reply::for_local_reply(self.protocol, status);
        for (name, value) in reply::HEADERS {
            host.set_header(Side::Response, name, Some(value.as_bytes()));
        }
        host.set_header(Side::Response, "content-length", Some(reply.body.len().to_string().as_bytes()));
        Response::Replaced(reply)
    }

    fn restored(&self, host: &mut impl Host, vault: Vault, end_of_stream: bool) -> Response {
        host.set_header(Side::Response, ACTION_HEADER, Some(b"redact"));
        let framing = match media_type(host, Side::Response) {
            Some(media_type) if media_type == "text/event-stream" => Framing::Sse,
            Some(media_type) if is_json(&media_type) => Framing::Json,
            _ => return Response::Untouched,
        };
        if end_of_stream || is_encoded(host, Side::Response) {
            return Response::Untouched;
        }
        // Restored values have other lengths than their placeholders, and this is the only phase that can say so.
        host.set_header(Side::Response, "content-length", None);
        Response::Restored { vault, stream: ResponseStream::new(self.protocol, framing) }
    }

    /// A part of the answer's body is there, of `size` bytes.
    pub fn on_response_body(&mut self, host: &mut impl Host, size: usize, end_of_stream: bool) -> Step {
        match &mut self.response {
            Response::Foreign | Response::Expected { .. } | Response::Untouched => {}
            Response::Replaced(reply) => {
                if !host.replace_body(Side::Response, if end_of_stream { &reply.body } else { b"" }) {
                    host.abort();
                }
            }
            Response::Restored { .. } => self.restore(host, size, end_of_stream),
        }
        Step::Continue
    }

    fn restore(&mut self, host: &mut impl Host, size: usize, end_of_stream: bool) {
        let Response::Restored { vault, mut stream } =
            std::mem::replace(&mut self.response, Response::Untouched)
        else {
            return;
        };
        let chunk = host.body(Side::Response, size);
        let worker = &self.gateway.worker;
        let (engine, caches) = (&worker.engine, &mut *worker.caches.borrow_mut());
        let mut out = Vec::with_capacity(chunk.len());
        if stream.push(engine, caches, &vault, &chunk, &mut out).is_err() {
            host.abort();
            return;
        }
        if end_of_stream {
            stream.finish(engine, caches, &vault, &mut out);
        } else {
            self.response = Response::Restored { vault, stream };
        }
        if out != chunk && !host.replace_body(Side::Response, &out) {
            host.abort();
        }
    }
}
