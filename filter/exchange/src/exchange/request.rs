//! The request half of an exchange.

use super::{Exchange, REQUEST_ID_HEADER, Reading, Request, Response, Step, is_json};
use crate::host::{Headers, Host, Side};
use crate::reply::Reply;
use crate::route::{self, Mode, Route, TokenPath};
use aegis_engine::{Protocol, RequestError, Vault, redact_request};
use aegis_policy::{Disposition, TokenHash};
use std::net::IpAddr;

/// Names the Envoy cluster that the one data plane route sends the request to.
const CLUSTER_HEADER: &str = "x-aegis-cluster";

/// A client that sets this to `true` is told what the gateway did, in the answer.
const METADATA_HEADER: &str = "x-aegis-metadata";

/// Headers that only the gateway may set, or that carry its own key; also with `_`, which some servers read as `-`.
fn is_internal(name: &str) -> bool {
    let name = name.replace('_', "-");
    name.starts_with("x-aegis-") || matches!(name.as_str(), "x-upstream-base" | "gateway-key")
}

impl Exchange {
    /// The request's headers are there.
    pub fn on_request_headers(&mut self, host: &mut impl Host, end_of_stream: bool) -> Step {
        let headers = host.headers(Side::Request);
        self.request_id = headers.get("x-request-id").map(<[u8]>::to_vec);
        let path = headers.text(":path").unwrap_or_default();
        match route::parse(&path) {
            Route::Elsewhere => Step::Continue,
            Route::NoToken => {
                let message = "Requests need a token: use /v1/__gw__/t/<token>/… as base URL.";
                self.refuse(host, &Reply::boundary(403, "token_route_required", message))
            }
            Route::BadMode => {
                let detail = "the suffix of a token must be __redact or __passthrough";
                self.refuse(host, &Reply::simple(400, "invalid_filter_mode", detail))
            }
            Route::Token(token) => self.on_token_request(host, &headers, &token, end_of_stream),
        }
    }

    fn on_token_request(
        &mut self,
        host: &mut impl Host,
        headers: &Headers,
        path: &TokenPath<'_>,
        end_of_stream: bool,
    ) -> Step {
        let hash = TokenHash::of(path.token.as_bytes());
        let gateway = self.gateway.clone();
        let Some(upstream) = gateway.upstream(&hash) else {
            return self.refuse(host, &Reply::simple(404, "token_not_found", "token invalid or expired"));
        };
        if path.mode == Mode::Passthrough && !is_internal_client(host, headers) {
            let message = "Only clients of the internal network may use __passthrough.";
            return self.refuse(host, &Reply::boundary(403, "passthrough_mode_public_restricted", message));
        }
        self.protocol = Protocol::of_path(&format!("/{}", path.bare_rest()));
        self.response = Response::Expected { action: Disposition::Allow, vault: None };
        self.inspects = path.mode == Mode::Full;
        self.wants_metadata =
            headers.text(METADATA_HEADER).is_some_and(|wanted| wanted == "true" || wanted == "1");
        let inspected = path.mode != Mode::Passthrough && !end_of_stream;
        if inspected && let Some(reply) = self.unreadable(headers) {
            return self.refuse(host, &reply);
        }
        for (name, _) in headers.0.iter().filter(|(name, _)| is_internal(name)) {
            host.set_header(Side::Request, name, None);
        }
        host.set_header(Side::Request, ":authority", Some(upstream.authority.as_bytes()));
        host.set_header(Side::Request, ":path", Some(path.upstream_path(&upstream.path).as_bytes()));
        host.set_header(Side::Request, CLUSTER_HEADER, Some(upstream.cluster.as_bytes()));
        if let Some(id) = &self.request_id {
            host.set_header(Side::Request, REQUEST_ID_HEADER, Some(id));
        }
        if !inspected {
            return Step::Continue;
        }
        // An answer must be readable for its placeholders to be restored.
        if headers.get("accept-encoding").is_some() {
            host.set_header(Side::Request, "accept-encoding", Some(b"identity"));
        }
        let announced = headers.get("content-length").is_some();
        if !gateway.holds_headers {
            // The headers leave before the body's new length is known; this is the only phase that can change them.
            host.set_header(Side::Request, "content-length", None);
        }
        self.request = Request::Reading(Reading {
            tenant: hash.as_str().as_bytes().to_vec(),
            announce_length: announced && gateway.holds_headers,
            buffered: 0,
        });
        if gateway.holds_headers { Step::Pause } else { Step::Continue }
    }

    /// Why the announced body cannot be read, if so.
    fn unreadable(&self, headers: &Headers) -> Option<Reply> {
        let announced = headers.text("content-length").and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.gateway.max_request_body as u64) {
            return Some(self.too_large());
        }
        if headers.is_encoded() {
            let message =
                "The gateway cannot read compressed request bodies; send the body without content-encoding.";
            return Some(Reply::dialect(self.protocol, 415, "unsupported_content_encoding", message));
        }
        let media_type = headers.media_type();
        if self.protocol == Protocol::Generic
            && media_type.as_deref().is_some_and(|media_type| !is_json(media_type))
        {
            let message =
                "The gateway reads JSON bodies only on this path; it forwards nothing that it cannot read.";
            return Some(Reply::dialect(self.protocol, 415, "unsupported_media_type", message));
        }
        None
    }

    fn too_large(&self) -> Reply {
        let limit = self.gateway.max_request_body;
        let message = format!("The request body is larger than the limit of {limit} bytes.");
        Reply::boundary(413, "request_body_too_large", &message)
    }

    /// A part of the request's body is there; `size` is the length of all that is buffered
    /// (proxy-wasm counts from the beginning while the body is paused: tetratelabs/proxy-wasm-go-sdk#414).
    pub fn on_request_body(&mut self, host: &mut impl Host, size: usize, end_of_stream: bool) -> Step {
        match &mut self.request {
            Request::Untouched | Request::Sent => Step::Continue,
            Request::Refused => Step::Pause,
            Request::Reading(reading) => {
                reading.buffered = size;
                if size > self.gateway.max_request_body {
                    let reply = self.too_large();
                    return self.refuse(host, &reply);
                }
                if end_of_stream { self.send(host) } else { Step::Pause }
            }
        }
    }

    /// The request's trailers are there. With trailers the body never saw its end of stream.
    pub fn on_request_trailers(&mut self, host: &mut impl Host) -> Step {
        match &self.request {
            Request::Untouched | Request::Sent => Step::Continue,
            Request::Refused => Step::Pause,
            Request::Reading(_) => self.send(host),
        }
    }

    /// Redacts the buffered body and lets the request go.
    fn send(&mut self, host: &mut impl Host) -> Step {
        let Request::Reading(reading) = &self.request else { return Step::Continue };
        let reading = reading.clone();
        if reading.buffered == 0 {
            // Announced as chunked, but there is none: nothing to read, and nothing that could carry anything out.
            self.request = Request::Sent;
            return Step::Continue;
        }
        let body = host.body(Side::Request, reading.buffered);
        if body.len() != reading.buffered {
            return self.refuse(host, &Reply::for_local_reply(self.protocol, 500));
        }
        let gateway = self.gateway.clone();
        let mut vault = Vault::new(gateway.key.tenant(&reading.tenant));
        let worker = &gateway.worker;
        let redacted =
            redact_request(&worker.engine, &mut worker.caches.borrow_mut(), self.protocol, &body, &mut vault);
        match redacted {
            Err(RequestError::TooMany) => {
                let message =
                    "The request holds more strings or more values to redact than the gateway can follow.";
                self.refuse(host, &Reply::dialect(self.protocol, 413, "request_too_complex", message))
            }
            Err(RequestError::Blocked) => {
                let message = "The request contains something that this gateway's policy refuses.";
                self.refuse(host, &Reply::dialect(self.protocol, 403, "request_blocked", message))
            }
            Err(error) => {
                let message = format!("The gateway cannot read the request body: {error}.");
                self.refuse(host, &Reply::dialect(self.protocol, 400, "invalid_json", &message))
            }
            Ok(redacted) => {
                if let Some(body) = redacted.body {
                    if reading.announce_length {
                        host.set_header(
                            Side::Request,
                            "content-length",
                            Some(body.len().to_string().as_bytes()),
                        );
                    }
                    if !host.replace_body(Side::Request, &body) {
                        return self.refuse(host, &Reply::for_local_reply(self.protocol, 500));
                    }
                    self.response = Response::Expected { action: redacted.action, vault: Some(vault) };
                }
                self.request = Request::Sent;
                Step::Continue
            }
        }
    }
}

/// Whether the client is in the internal network and nothing says that it speaks for somebody else.
fn is_internal_client(host: &impl Host, headers: &Headers) -> bool {
    let peer = host.peer().and_then(|peer| {
        let ip = peer.rsplit_once(':').map_or(peer.as_str(), |(ip, _port)| ip);
        ip.trim_matches(['[', ']']).parse::<IpAddr>().ok()
    });
    let internal = match peer.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        None => false,
    };
    internal && headers.get("x-forwarded-for").is_none()
}
