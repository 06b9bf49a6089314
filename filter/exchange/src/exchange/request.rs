//! The request half of an exchange.

use super::boundary;
use super::{DECOMPRESSOR_TRAILERS, Exchange, REQUEST_ID_HEADER, Reading, Request, Response, Step};
use crate::event::{Event, Half, Shadow};
use crate::gateway::Act;
use crate::host::{Headers, Host, Side};
use crate::reply::Reply;
use crate::route::{self, Route, TokenPath};
use crate::signature::{SignatureError, Signed};
use aegis_engine::framing::json::{JsonError, JsonProblem};
use aegis_engine::{Blocked, Engine, Media, MediaError, Protocol, RequestError, redact_body};
use aegis_policy::{Disposition, FilterMode, TokenHash};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Names the Envoy cluster that the one data plane route sends the request to.
const CLUSTER_HEADER: &str = "x-aegis-cluster";

/// The address that the cluster of local ports connects to.
const DESTINATION_HEADER: &str = "x-aegis-destination";

/// Tells Envoy's router how long the upstream may take; it goes no further.
const TIMEOUT_HEADER: &str = "x-envoy-upstream-rq-timeout-ms";

/// A client that sets this to `true` is told what the gateway did, in the answer.
const METADATA_HEADER: &str = "x-aegis-metadata";

/// How the names of most headers of the gateway begin.
const PREFIX: &str = "x-aegis-";

/// Headers that only the gateway may set, or that carry its own key; also with `_`, which some servers read as `-`.
fn is_internal(name: &str) -> bool {
    let is = |name: &str, known: &str| {
        let mut pairs = name.bytes().zip(known.bytes());
        name.len() == known.len() && pairs.all(|(byte, known)| byte == known || (byte, known) == (b'_', b'-'))
    };
    name.get(..PREFIX.len()).is_some_and(|begin| is(begin, PREFIX))
        || is(name, "x-upstream-base")
        || is(name, "gateway-key")
}

impl Exchange {
    /// The request's headers are there.
    pub fn on_request_headers(&mut self, host: &mut impl Host, end_of_stream: bool) -> Step {
        let headers = host.headers(Side::Request);
        self.request_id = headers.get("x-request-id").map(<[u8]>::to_vec);
        let path = headers.text(":path").unwrap_or_default();
        let route = route::parse(&path);
        if route != Route::Elsewhere && self.gateway.loopback_only() && !boundary::is_loopback(host) {
            let message = "Only clients of this machine may use the gateway.";
            return self.refuse(host, &Reply::boundary(403, "loopback_only_reject", message));
        }
        match route {
            Route::Elsewhere => Step::Continue,
            Route::NoToken => self.refuse(host, &boundary::token_route_required()),
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
        self.protocol = Protocol::of_path(path.bare_rest());
        let signed = match self.signed(host, headers, end_of_stream) {
            Ok(signed) => signed,
            Err(error) => return self.refuse(host, &error.reply(self.protocol)),
        };
        let hash = TokenHash::of(path.token.as_bytes());
        let gateway = self.gateway.clone();
        let admission = match gateway.admit(path.token, &hash) {
            Ok(admission) => admission,
            Err(error) => return self.refuse(host, &boundary::not_admitted(error, path)),
        };
        let (upstream, route) = (admission.upstream, admission.route);
        if let Some(reply) = boundary::turns_away(host, headers, path, route) {
            return self.refuse(host, &reply);
        }
        let mode = path.mode.max(route.mode);
        self.event = Event {
            token: Some(hash.clone()),
            tenant: route.tenant.clone(),
            policy: Some(admission.track.to_owned()),
            version: admission.act.version,
            trial: admission.trial,
            ..Event::default()
        };
        self.shadow = admission.shadow;
        self.max_body = gateway.max_request_body(route);
        self.max_messages = route.max_messages;
        self.inspects = mode == FilterMode::Full;
        self.wants_metadata =
            headers.text(METADATA_HEADER).is_some_and(|wanted| wanted == "true" || wanted == "1");
        let filtered = mode != FilterMode::Passthrough;
        let tenant = tenant(route.tenant.as_deref(), &hash);
        // Also the answer to a request without a body may hold what an earlier one took out.
        let engine = &admission.act.worker.engine;
        let vault = (filtered && engine.seals()).then(|| engine.vault(gateway.key().tenant(&tenant)));
        self.response = Response::Expected { action: Disposition::Allow, vault };
        self.act = Some(admission.act);
        let media = match self.media(headers) {
            Err(reply) if filtered && !end_of_stream => return self.refuse(host, &reply),
            media => media.ok().filter(|_| filtered && !end_of_stream),
        };
        for (name, _) in headers.0.iter().filter(|(name, _)| is_internal(name)) {
            host.set_header(Side::Request, name, None);
        }
        host.set_header(Side::Request, ":authority", Some(upstream.authority.as_bytes()));
        host.set_header(Side::Request, ":path", Some(path.upstream_path(&upstream.path).as_bytes()));
        host.set_header(Side::Request, CLUSTER_HEADER, Some(upstream.cluster.as_bytes()));
        if let Some(destination) = &admission.destination {
            host.set_header(Side::Request, DESTINATION_HEADER, Some(destination.as_bytes()));
        }
        if let Some(id) = &self.request_id {
            host.set_header(Side::Request, REQUEST_ID_HEADER, Some(id));
        }
        if let Some(seconds) = route.timeout_seconds {
            let milliseconds = u64::from(seconds) * 1000;
            host.set_header(Side::Request, TIMEOUT_HEADER, Some(milliseconds.to_string().as_bytes()));
        }
        // Answers are read as well. What is compressed all the same, Envoy's decompressors open; but their work costs more
        // than it saves between a gateway and its client.
        if filtered && headers.get("accept-encoding").is_some() {
            host.set_header(Side::Request, "accept-encoding", Some(b"identity"));
        }
        if media.is_none() && signed.is_none() {
            self.tell(host);
            return Step::Continue;
        }
        let announced = headers.get("content-length").is_some();
        if media.is_some() && !gateway.holds_headers() {
            // The headers leave before the body's new length is known; this is the only phase that can change them.
            host.set_header(Side::Request, "content-length", None);
        }
        self.request = Request::Reading(Reading {
            tenant,
            keys: route.allow_keys.clone(),
            path: path.rest.to_owned(),
            media,
            signed: signed.map(Box::new),
            announce_length: announced && gateway.holds_headers(),
            buffered: 0,
        });
        if gateway.holds_headers() { Step::Pause } else { Step::Continue }
    }

    /// What the request says about its signature, if that is to be checked when its body is there. A request without a
    /// body is checked here.
    fn signed(
        &self,
        host: &mut impl Host,
        headers: &Headers,
        end_of_stream: bool,
    ) -> Result<Option<Signed>, SignatureError> {
        let Some(signatures) = self.gateway.signatures() else { return Ok(None) };
        let signed = signatures.read(headers, host.now())?;
        if !end_of_stream {
            return Ok(Some(signed));
        }
        signatures.verify(host, signed, b"").map(|()| None)
    }

    /// How the announced body is written, or why it cannot be read.
    fn media(&self, headers: &Headers) -> Result<Media, Reply> {
        let announced = headers.text("content-length").and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.max_body as u64) {
            return Err(self.too_large());
        }
        if headers.is_encoded() {
            let message = "The gateway reads gzip, br and zstd, one at a time; send the body without this content-encoding.";
            return Err(Reply::dialect(self.protocol, 415, "unsupported_content_encoding", message));
        }
        // Paths with a protocol take JSON only, whatever a client calls it.
        if self.protocol != Protocol::Generic {
            return Ok(Media::Json);
        }
        Media::of_content_type(headers.text("content-type").as_deref()).map_err(|error| {
            let (status, code) = match error {
                MediaError::Unreadable => (415, "unsupported_media_type"),
                MediaError::Boundary => (400, "invalid_multipart"),
            };
            let message = format!("The gateway forwards nothing that it cannot read: {error}.");
            Reply::dialect(self.protocol, status, code, &message)
        })
    }

    fn too_large(&self) -> Reply {
        let limit = self.max_body;
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
                if size > self.max_body {
                    let reply = self.too_large();
                    return self.refuse(host, &reply);
                }
                if end_of_stream { self.send(host) } else { Step::Pause }
            }
        }
    }

    /// The request's trailers are there. With trailers the body never saw its end of stream.
    pub fn on_request_trailers(&mut self, host: &mut impl Host) -> Step {
        let was_compressed = host.remove_trailers(Side::Request, DECOMPRESSOR_TRAILERS);
        match &self.request {
            Request::Untouched | Request::Sent => Step::Continue,
            Request::Refused => Step::Pause,
            Request::Reading(reading) if was_compressed && !reading.shows_its_end() => {
                let message =
                    "The gateway cannot read this compressed body; send it without content-encoding.";
                let reply = Reply::dialect(self.protocol, 415, "unsupported_content_encoding", message);
                self.refuse(host, &reply)
            }
            Request::Reading(_) => self.send(host),
        }
    }

    /// A body that the policy refuses: an error, or an answer in the model's place.
    fn blocked(&self, engine: &Engine, reading: &Reading, body: &[u8]) -> Reply {
        let (code, message) =
            ("request_blocked", "The request contains something that this gateway's policy refuses.");
        let (protocol, path) = (self.protocol, reading.path.as_str());
        let id = self.request_id.as_deref().and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default();
        let blocked = Blocked { protocol, path, body, id, code, message };
        match engine.blocks_as_message().then(|| blocked.answer()).flatten() {
            Some(refusal) => Reply::in_place(refusal),
            None => Reply::dialect(protocol, u32::from(engine.block_status()), code, message),
        }
    }

    /// Checks the signature of the buffered body, redacts it and lets the request go.
    fn send(&mut self, host: &mut impl Host) -> Step {
        let Request::Reading(mut reading) = std::mem::replace(&mut self.request, Request::Sent) else {
            return Step::Continue;
        };
        let body =
            if reading.buffered == 0 { Vec::new() } else { host.body(Side::Request, reading.buffered) };
        if body.len() != reading.buffered {
            return self.refuse(host, &Reply::for_local_reply(self.protocol, 500));
        }
        let signed = reading.signed.take().zip(self.gateway.signatures());
        if let Some(Err(error)) = signed.map(|(signed, signatures)| signatures.verify(host, *signed, &body)) {
            return self.refuse(host, &error.reply(self.protocol));
        }
        let Some(media) = reading.media.as_ref().filter(|_| reading.buffered > 0) else {
            // Announced as chunked, but there is none: nothing to read, and nothing that could carry anything out. Or
            // nobody looks into it.
            self.tell(host);
            return Step::Continue;
        };
        if self.max_messages.is_some_and(|limit| !has_at_most(&body, limit)) {
            let reply = unacceptable(self.protocol, media, &RequestError::TooManyMessages);
            return self.refuse(host, &reply);
        }
        let Some(Act { worker, .. }) = self.act.clone() else {
            return self.refuse(host, &Reply::for_local_reply(self.protocol, 500));
        };
        let mut vault = worker.engine.vault(self.gateway.key().tenant(&reading.tenant));
        self.ask_shadow(&reading, media, &body);
        let (caches, keys) = (&mut worker.caches.borrow_mut(), &reading.keys);
        match redact_body(&worker.engine, caches, self.protocol, media, &body, &mut vault, keys) {
            Err(RequestError::Blocked(finding)) => {
                self.event.request = Half::new(&worker.engine, Disposition::Block, &[finding]);
                let reply = self.blocked(&worker.engine, &reading, &body);
                self.refuse(host, &reply)
            }
            Err(error) => {
                let reply = unacceptable(self.protocol, media, &error);
                self.refuse(host, &reply)
            }
            Ok(redacted) => {
                self.event.request = Half::of_request(&worker.engine, &redacted);
                let keeps = vault.restores() || (self.inspects && vault.knows_prompt());
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
                }
                self.response = Response::Expected { action: redacted.action, vault: keeps.then_some(vault) };
                self.tell(host);
                Step::Continue
            }
        }
    }

    /// Has a policy on trial judge the body as well.
    fn ask_shadow(&mut self, reading: &Reading, media: &Media, body: &[u8]) {
        let Some(Act { worker, version }) = &self.shadow else { return };
        let mut vault = worker.engine.vault(self.gateway.key().tenant(&reading.tenant));
        let (caches, keys) = (&mut worker.caches.borrow_mut(), &reading.keys);
        let judged = redact_body(&worker.engine, caches, self.protocol, media, body, &mut vault, keys);
        let request = match judged {
            Ok(redacted) => Half::of_request(&worker.engine, &redacted),
            Err(RequestError::Blocked(finding)) => Half::new(&worker.engine, Disposition::Block, &[finding]),
            // Refused by the policy that decides, too: for its form.
            Err(_) => Half::default(),
        };
        self.event.shadow = Some(Shadow { version: *version, request, response: Half::default() });
    }
}

/// A body that the engine cannot read.
fn unacceptable(protocol: Protocol, media: &Media, error: &RequestError) -> Reply {
    let (status, code) = match error {
        RequestError::Blocked(_) => (403, "request_blocked"),
        RequestError::TooMany => (413, "request_too_complex"),
        RequestError::TooManyMessages => (400, "messages_too_many"),
        RequestError::NotJson(JsonError { problem: JsonProblem::Depth, .. }) => (400, "json_too_deep"),
        RequestError::Multipart(_) => (400, "invalid_multipart"),
        RequestError::NotUtf8(_) if *media != Media::Json => (400, "invalid_text"),
        RequestError::NotUtf8(_) | RequestError::NotJson(_) => (400, "invalid_json"),
    };
    Reply::dialect(protocol, status, code, &format!("The gateway cannot read the request body: {error}."))
}

/// Whose values get the same placeholders. No name of a tenant is the hash of a token.
fn tenant(name: Option<&str>, hash: &TokenHash) -> Vec<u8> {
    match name {
        Some(name) => [b"tenant:", name.as_bytes()].concat(),
        None => hash.as_str().as_bytes().to_vec(),
    }
}

/// The lists that the protocols call messages.
#[derive(Deserialize)]
struct Conversation<'a> {
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    contents: Option<&'a RawValue>,
}

/// Whether a JSON body has at most `limit` messages. One that has a list twice has too many: servers differ in which of
/// them they read.
fn has_at_most(body: &[u8], limit: u32) -> bool {
    let Ok(Conversation { messages, input, contents }) = serde_json::from_slice(body) else {
        return !body.trim_ascii_start().starts_with(b"{");
    };
    // What is no list is a text, which is one message. What is ignored takes no room.
    let count =
        |turns: &RawValue| serde_json::from_str::<Vec<IgnoredAny>>(turns.get()).map_or(1, |list| list.len());
    let fits = |turns| u32::try_from(count(turns)).is_ok_and(|count| count <= limit);
    [messages, input, contents].into_iter().flatten().all(fits)
}
