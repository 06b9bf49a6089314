//! The engine: bytes of a request or an answer in, findings and changed bytes out.
//!
//! It knows no host, no clock and no file system; the filter, the command line and the control plane run the same code.
//! The path of the data, one module each:
//!
//! ```text
//! bytes ─► framing (json, sse) ─► protocol (schema: which string is text, in which slot)
//!       ─► text (unescape, offset map) ─► scanner crate, normalize (through disguises) ─► decide ─► placeholder (vault)
//!       ─► splice ─► bytes
//! ```
//!
//! * [`redact_body`] takes secrets out of a whole request body and puts placeholders in; [`redact_request`] does so for
//!   one that is a JSON document.
//! * [`ResponseStream`] puts the values back into an answer and makes harmless what is dangerous in it, whole or
//!   streamed, cut anywhere.
//! * [`Engine::injection`] says how much a text looks like an attack on the model that reads it.
//! * [`AnswerText`] finds what is dangerous in a text of an answer, [`Engine::detect`] also in arguments of its tool calls;
//!   [`action`] makes it harmless.
//!
//! Bytes that are not changed are not touched: nothing is parsed and written again.
//!
//! ```
//! use aegis_engine::{Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, compile, redact_request};
//! use aegis_policy::Policy;
//!
//! let key = MasterKey::from_hex(&"00".repeat(32))?;
//! let engine = Engine::new(&compile(&Policy::only(&["email"]), &key)?, &key)?;
//! let mut caches = engine.caches();
//! let mut vault = Vault::new(key.tenant(b"demo"));
//!
//! let request = br#"{"messages":[{"role":"user","content":"I am joe@corp.example"}]}"#;
//! let redacted = redact_request(&engine, &mut caches, Protocol::ChatCompletions, request, &mut vault)?;
//! let upstream = String::from_utf8(redacted.body.unwrap_or_default())?;
//! assert!(!upstream.contains("joe@"));
//!
//! let answer = upstream.replace(r#"{"messages":[{"role":"user","#, r#"{"choices":[{"message":{"#).replace("}]}", "}}]}");
//! let mut stream = ResponseStream::new(Protocol::ChatCompletions, Framing::Json);
//! let mut out = Vec::new();
//! stream.push(&engine, &mut caches, &vault, answer.as_bytes(), &mut out);
//! stream.finish(&engine, &mut caches, &vault, &mut out);
//! assert!(String::from_utf8(out)?.contains("joe@corp.example"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod action;
mod answer;
mod catalogue;
mod commands;
mod compile;
mod decide;
mod engine;
mod exact;
pub mod framing;
mod hosts;
mod injection;
mod known;
mod leak;
pub mod limits;
mod normalize;
mod placeholder;
mod protocol;
mod redact;
mod response;
mod splice;
pub mod text;
mod text_rules;

pub use answer::AnswerText;
pub use catalogue::{CatalogueError, builtin_commands, builtin_rules};
pub use compile::compile;
pub use decide::AllowError;
pub use engine::{Caches, Engine, EngineError, Site};
pub use injection::{Place, Suspicion};
pub use placeholder::{KeyError, MasterKey, TenantKey, Vault};
pub use protocol::Protocol;
pub use redact::{
    Boundary, Finding, Media, MediaError, MultipartError, MultipartProblem, Redacted, RequestError,
    redact_body, redact_request,
};
pub use response::{Blocked, Exceeded, Framing, Refusal, Report, ResponseStream};
