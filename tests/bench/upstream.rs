//! A mock LLM whose answers are built before the load begins.

use crate::pacer::{Paced, Pacer};
use crate::wire::{self, Wire};
use std::io::Result;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, RwLock};

/// What it answers to every request. Messages are complete, with head and framing.
#[derive(Debug)]
pub(crate) enum Script {
    /// A message in one write.
    Whole(Vec<u8>),
    /// A message in several writes.
    Writes(Vec<Vec<u8>>),
    /// A message in several writes at their times.
    Paced(Arc<Paced>),
    /// The beginning of a message; the rest never comes.
    Open(Vec<u8>),
}

/// The mock LLM. It lives as long as the process.
#[derive(Debug)]
pub(crate) struct Upstream {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    script: RwLock<Arc<Script>>,
    pacer: Pacer,
    /// The body of one request, if somebody wants to see it.
    wanted: Mutex<Option<Vec<u8>>>,
}

/// Tells the upstream in which slot to note its stamps.
pub(crate) const SLOT_HEADER: &str = "x-bench-slot";

// === impl Upstream ===

impl Upstream {
    pub(crate) fn start() -> Upstream {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let empty = Arc::new(Script::Whole(whole(b"{}")));
        let pacer = Pacer::start();
        let shared = Arc::new(Shared { script: RwLock::new(empty), pacer, wanted: Mutex::default() });
        let answering = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&answering);
                // A broken connection is the business of the client, which sees its answer cut.
                std::thread::spawn(move || drop(converse(stream, &shared)));
            }
        });
        Upstream { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What to register it as.
    pub(crate) fn base(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers with `script` from now on.
    pub(crate) fn play(&self, script: Script) {
        *self.shared.script.write().unwrap() = Arc::new(script);
    }

    /// The body that the upstream receives while `send` runs, which must send one request.
    pub(crate) fn receive(&self, send: impl FnOnce()) -> Vec<u8> {
        *self.shared.wanted.lock().unwrap() = Some(Vec::new());
        send();
        self.shared.wanted.lock().unwrap().take().expect("nobody else takes it")
    }
}

fn converse(stream: TcpStream, shared: &Shared) -> Result<()> {
    let mut wire = Wire::new(stream)?;
    while let Some(head) = wire.head()? {
        let framing = wire::framing(&head);
        if shared.wanted.lock().unwrap().is_some() {
            let mut body = Vec::new();
            wire.body(framing, |part| body.extend_from_slice(part))?;
            *shared.wanted.lock().unwrap() = Some(body);
        } else {
            wire.body(framing, |_| {})?;
        }
        let script = Arc::clone(&shared.script.read().unwrap());
        match &*script {
            Script::Whole(message) => wire.write(message)?,
            Script::Writes(writes) => writes.iter().try_for_each(|part| wire.write(part))?,
            Script::Paced(answer) => {
                let slot = wire::header(&head, SLOT_HEADER).and_then(|slot| slot.parse().ok()).unwrap_or(0);
                shared.pacer.send(wire.writer()?, Arc::clone(answer), slot)?;
            }
            Script::Open(beginning) => {
                wire.write(beginning)?;
                // Until the proxy closes.
                wire.head()?;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A complete answer with this JSON.
pub(crate) fn whole(json: &[u8]) -> Vec<u8> {
    let head = format!("{OK}content-type: application/json\r\ncontent-length: {}\r\n\r\n", json.len());
    [head.as_bytes(), json].concat()
}

/// The head of a stream of events.
pub(crate) fn stream_head() -> Vec<u8> {
    format!("{OK}content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n")
        .into_bytes()
}

/// Status line and headers as providers send them.
const OK: &str = "HTTP/1.1 200 OK\r\nserver: bench\r\nopenai-processing-ms: 20\r\nopenai-version: 2020-10-01\r\n\
    x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\n\
    strict-transport-security: max-age=31536000; includeSubDomains\r\n";
