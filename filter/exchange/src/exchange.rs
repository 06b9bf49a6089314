//! One request and its answer.

mod boundary;
mod count;
mod request;
mod response;

use crate::event::Event;
use crate::gateway::{Act, Gateway};
use crate::host::Host;
use crate::reply::Reply;
use crate::signature::Signed;
use aegis_engine::{Media, Protocol, ResponseStream, Vault};
use aegis_policy::Disposition;
use count::Answered;
use std::rc::Rc;

/// Identifies the exchange in answers and logs.
const REQUEST_ID_HEADER: &str = "x-aegis-request-id";

/// Tells the client what the gateway did.
const ACTION_HEADER: &str = "x-aegis-action";

/// Trailers in which Envoy's decompressors tell what they did.
const DECOMPRESSOR_TRAILERS: &str = "x-envoy-decompressor-";

/// What the proxy should do after a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Go on.
    Continue,
    /// Wait for the next callback; bodies are buffered meanwhile.
    Pause,
}

/// One request and its answer. The gateway configuration that it begins with stays with it to the end.
#[derive(Debug)]
pub struct Exchange {
    gateway: Rc<Gateway>,
    protocol: Protocol,
    /// The policy that it is under, once its token is known.
    act: Option<Act>,
    /// A policy on trial, which is asked as well and decides nothing.
    shadow: Option<Act>,
    /// What is told about it.
    event: Event,
    /// The largest body that its token may send.
    max_body: usize,
    /// The most messages that its token may send.
    max_messages: Option<u32>,
    /// The answer is looked at for more than placeholders.
    inspects: bool,
    /// The client asked what was done.
    wants_metadata: bool,
    /// Kept because Envoy's request headers are not there in every response phase.
    request_id: Option<Vec<u8>>,
    request: Request,
    response: Response,
    answered: Answered,
    /// Values were put back into the answer.
    restored: bool,
}

/// How far the request is.
#[derive(Debug)]
enum Request {
    /// Nothing is done with its body: it has none, or it is not ours.
    Untouched,
    /// The body is being buffered.
    Reading(Reading),
    /// The body was read and is on its way.
    Sent,
    /// It was answered from here.
    Refused,
}

#[derive(Debug)]
struct Reading {
    /// Whose values get the same placeholders.
    tenant: Vec<u8>,
    /// Digests of the names of fields whose values stay.
    keys: Vec<String>,
    /// What the client appended to its base URL.
    path: String,
    /// How the body is written; `None` if nobody looks into it, and it is read for its signature only.
    media: Option<Media>,
    /// What its signature has to fit.
    signed: Option<Box<Signed>>,
    /// The client announced the body's length, and the headers still wait.
    announce_length: bool,
    /// Bytes buffered so far.
    buffered: usize,
}

/// What happens to the answer.
#[derive(Debug)]
enum Response {
    /// It is not ours.
    Foreign,
    /// Waiting for its headers.
    Expected {
        /// What the policy did to the request.
        action: Disposition,
        /// What it took out, to be put back; or what knows earlier requests' values.
        vault: Option<Vault>,
    },
    /// It passes as it is.
    Untouched,
    /// It is worked on as it arrives.
    Worked { vault: Vault, stream: Box<ResponseStream>, shadow: Option<Box<ResponseStream>> },
    /// An answer of Envoy's own is put into the client's dialect.
    Replaced(Reply),
}

// === impl Reading ===

impl Reading {
    /// Whether a body that was cut off would be noticed. Envoy's decompressors pass on what they understood, be it
    /// nothing, and do not say whether that was all.
    fn shows_its_end(&self) -> bool {
        self.buffered > 0 && matches!(self.media, Some(Media::Json | Media::Multipart(_)))
    }
}

// === impl Exchange ===

impl Exchange {
    /// An exchange under `gateway`.
    pub fn new(gateway: Rc<Gateway>) -> Exchange {
        Exchange {
            gateway,
            protocol: Protocol::Generic,
            act: None,
            shadow: None,
            event: Event::default(),
            max_body: 0,
            max_messages: None,
            inspects: false,
            wants_metadata: false,
            request_id: None,
            request: Request::Untouched,
            response: Response::Foreign,
            answered: Answered::default(),
            restored: false,
        }
    }

    /// Leaves what is known about the exchange with it.
    fn tell(&self, host: &mut impl Host) {
        if let Ok(event) = serde_json::to_vec(&self.event) {
            host.report(&event);
        }
    }

    /// Ends the exchange, because it cannot go on as it should.
    fn abort(&mut self, host: &mut impl Host) {
        self.answered = Answered::BrokenOff;
        host.abort();
    }

    /// Answers the request from here. Envoy holds back whatever has not gone upstream yet.
    ///
    /// An answer is expected nevertheless: Envoy may have refused the request at the same time and be first.
    fn refuse(&mut self, host: &mut impl Host, reply: &Reply) -> Step {
        self.request = Request::Refused;
        self.event.refused = Some(reply.code);
        self.tell(host);
        let id = self.request_id.as_deref().map(String::from_utf8_lossy);
        let mut headers = reply.headers().to_vec();
        headers.extend(id.as_deref().map(|id| (REQUEST_ID_HEADER, id)));
        // What is no error does not look like a refusal.
        headers.extend((reply.status < 400).then_some((ACTION_HEADER, Disposition::Block.name())));
        host.reply(reply.status, &headers, &reply.body);
        Step::Pause
    }
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json") || media_type == "text/json"
}
