//! The response half of an exchange.

use super::{
    ACTION_HEADER, Answered, DECOMPRESSOR_TRAILERS, Exchange, REQUEST_ID_HEADER, Request, Response, Step,
    is_json,
};
use crate::event::{Half, Shadow};
use crate::gateway::Act;
use crate::host::{Headers, Host, Side};
use crate::reply::Reply;
use aegis_engine::{Exceeded, Framing, ResponseStream, Vault};
use aegis_policy::Disposition;

/// Whether Envoy answers itself, and not with a reply of ours.
fn is_of_envoy(host: &impl Host, headers: &Headers) -> bool {
    host.is_local_reply() && headers.get("content-type") == Some(b"text/plain")
}

impl Exchange {
    /// The answer's headers are there.
    pub fn on_response_headers(&mut self, host: &mut impl Host, end_of_stream: bool) -> Step {
        self.has_come(end_of_stream);
        let Response::Expected { action, vault } = &mut self.response else { return Step::Continue };
        let (action, vault) = (*action, vault.take());
        let headers = host.headers(Side::Response);
        // The answer is the gateway's own, unless Envoy refused the request first.
        if matches!(self.request, Request::Refused) && !is_of_envoy(host, &headers) {
            self.response = Response::Untouched;
            return Step::Continue;
        }
        if let Some(id) = &self.request_id {
            host.set_header(Side::Response, REQUEST_ID_HEADER, Some(id));
        }
        // Only the gateway says what the gateway did.
        let done = (action != Disposition::Allow).then_some(action.name().as_bytes());
        if done.is_some() || headers.get(ACTION_HEADER).is_some() {
            host.set_header(Side::Response, ACTION_HEADER, done);
        }
        let status = headers.text(":status").and_then(|status| status.parse().ok()).unwrap_or(503);
        self.response = if status >= 400 && is_of_envoy(host, &headers) {
            self.replaced(host, status, end_of_stream)
        } else {
            self.worked(host, &headers, status, action, vault, end_of_stream)
        };
        Step::Continue
    }

    /// Envoy answers itself (upstream down, time-out, limits), in plain text, if the answer has a body at all.
    fn replaced(&mut self, host: &mut impl Host, status: u32, end_of_stream: bool) -> Response {
        let reply = Reply::for_local_reply(self.protocol, status);
        self.event.refused = Some(reply.code);
        self.tell(host);
        if end_of_stream { Response::Untouched } else { announced(host, reply) }
    }

    fn worked(
        &mut self,
        host: &mut impl Host,
        headers: &Headers,
        status: u32,
        request: Disposition,
        vault: Option<Vault>,
        end_of_stream: bool,
    ) -> Response {
        // Errors are the provider's words, not the model's.
        let acts = self.act.as_ref().is_some_and(|act| act.worker.engine.acts_on_answers());
        let tries = self.shadow.as_ref().is_some_and(|act| act.worker.engine.acts_on_answers());
        let tries = self.inspects && status < 400 && tries;
        let inspects = self.inspects && status < 400 && acts;
        let vault = vault.filter(|vault| inspects || tries || vault.restores());
        if vault.is_none() && !inspects && !tries && !self.wants_metadata {
            return Response::Untouched;
        }
        let framing = match headers.media_type() {
            Some(media_type) if media_type == "text/event-stream" => Framing::Sse,
            Some(media_type) if is_json(&media_type) => Framing::Json,
            _ => return Response::Untouched,
        };
        if end_of_stream {
            return Response::Untouched;
        }
        // No encoding was asked for, and Envoy has opened those that it knows. What cannot be read may hold anything.
        if headers.is_encoded() {
            let message = "The upstream answered in an encoding that the gateway cannot read.";
            let reply = Reply::dialect(self.protocol, 502, "unreadable_upstream_encoding", message);
            self.event.refused = Some(reply.code);
            self.tell(host);
            host.set_header(Side::Response, ":status", Some(b"502"));
            host.set_header(Side::Response, "content-encoding", None);
            return announced(host, reply);
        }
        // Restored values have other lengths than their placeholders, and this is the only phase that can say so.
        if headers.get("content-length").is_some() {
            host.set_header(Side::Response, "content-length", None);
        }
        let mut stream = ResponseStream::new(self.protocol, framing);
        if !inspects {
            stream = stream.without_inspection();
        }
        if self.wants_metadata {
            stream = stream.with_metadata(request);
        }
        let vault = vault.unwrap_or_else(|| Vault::new(self.gateway.key().tenant(b"")));
        let shadow = tries.then(|| Box::new(ResponseStream::new(self.protocol, framing)));
        Response::Worked { vault, stream: Box::new(stream), shadow }
    }

    /// A part of the answer's body is there, of `size` bytes.
    pub fn on_response_body(&mut self, host: &mut impl Host, size: usize, end_of_stream: bool) -> Step {
        self.has_come(end_of_stream);
        match &mut self.response {
            Response::Foreign | Response::Expected { .. } | Response::Untouched => {}
            Response::Replaced(reply) => {
                if !host.replace_body(Side::Response, if end_of_stream { &reply.body } else { b"" }) {
                    self.abort(host);
                }
            }
            Response::Worked { .. } => self.work(host, size, end_of_stream),
        }
        Step::Continue
    }

    /// The answer's trailers are there, so no byte of its body can be added any more.
    pub fn on_response_trailers(&mut self, host: &mut impl Host) -> Step {
        self.has_come(true);
        host.remove_trailers(Side::Response, DECOMPRESSOR_TRAILERS);
        let response = std::mem::replace(&mut self.response, Response::Untouched);
        let Response::Worked { stream, shadow, .. } = &response else { return Step::Continue };
        self.tell_answer(host, stream, shadow.as_deref());
        // A broken answer rather than one that lacks its end and does not say so.
        if stream.held() > 0 {
            self.answered = Answered::BrokenOff;
            host.abort_later();
            return Step::Pause;
        }
        Step::Continue
    }

    fn work(&mut self, host: &mut impl Host, size: usize, end_of_stream: bool) {
        let Response::Worked { vault, mut stream, mut shadow } =
            std::mem::replace(&mut self.response, Response::Untouched)
        else {
            return;
        };
        let chunk = host.body(Side::Response, size);
        let Some(Act { worker, .. }) = self.act.clone() else { return self.abort(host) };
        if let Some(shadow) = &mut shadow {
            self.try_on(shadow, &vault, &chunk, end_of_stream);
        }
        let is_over = |stream: &ResponseStream| stream.exceeded().is_some() || stream.report().is_blocked();
        let was_over = is_over(&stream);
        let (engine, caches) = (&worker.engine, &mut *worker.caches.borrow_mut());
        let mut out = Vec::with_capacity(chunk.len());
        stream.push(engine, caches, &vault, &chunk, &mut out);
        if end_of_stream {
            stream.finish(engine, caches, &vault, &mut out);
        }
        self.event.refused = stream.exceeded().map(Exceeded::code);
        // A client that was refused the rest need not wait for the end.
        if end_of_stream || (is_over(&stream) && !was_over) {
            self.tell_answer(host, &stream, shadow.as_deref());
        }
        let is_torn = stream.is_torn();
        if !end_of_stream && !is_torn {
            self.response = Response::Worked { vault, stream, shadow };
        }
        if is_torn || (out != chunk && !host.replace_body(Side::Response, &out)) {
            self.abort(host);
        }
    }
}

impl Exchange {
    /// A part of the answer is there, and maybe its last one.
    fn has_come(&mut self, end_of_stream: bool) {
        if end_of_stream {
            self.answered = self.answered.max(Answered::Fully);
        }
    }

    /// Has a policy on trial judge a part of the answer as well. What it makes of it is thrown away.
    fn try_on(&self, stream: &mut ResponseStream, vault: &Vault, chunk: &[u8], end_of_stream: bool) {
        let Some(Act { worker, .. }) = &self.shadow else { return };
        let (engine, caches) = (&worker.engine, &mut *worker.caches.borrow_mut());
        let mut thrown_away = Vec::new();
        stream.push(engine, caches, vault, chunk, &mut thrown_away);
        if end_of_stream {
            stream.finish(engine, caches, vault, &mut thrown_away);
        }
    }

    /// Notes and tells what was found in the answer, and what a policy on trial found in it, if anybody would want to know.
    pub(super) fn tell_answer(
        &mut self,
        host: &mut impl Host,
        stream: &ResponseStream,
        shadow: Option<&ResponseStream>,
    ) {
        if stream.report().is_cut_off() {
            self.answered = self.answered.max(Answered::CutOff);
        }
        self.restored = stream.report().has_restored();
        let half = |act: &Act, stream: &ResponseStream| {
            let report = stream.report();
            Half::new(&act.worker.engine, report.action(), report.findings())
        };
        if let (Some(act), Some(shadow)) = (&self.shadow, shadow) {
            let version = act.version;
            let request = || Shadow { version, request: Half::default(), response: Half::default() };
            self.event.shadow.get_or_insert_with(request).response = half(act, shadow);
        }
        if let Some(act) = &self.act
            && (shadow.is_some()
                || self.event.refused.is_some()
                || stream.report().is_blocked()
                || !stream.report().findings().is_empty())
        {
            self.event.response = half(act, stream);
            self.tell(host);
        }
    }
}

/// The headers of an answer of the gateway's own that takes the place of what comes.
fn announced(host: &mut impl Host, reply: Reply) -> Response {
    for (name, value) in reply.headers() {
        host.set_header(Side::Response, name, Some(value.as_bytes()));
    }
    host.set_header(Side::Response, "content-length", Some(reply.body.len().to_string().as_bytes()));
    Response::Replaced(reply)
}
