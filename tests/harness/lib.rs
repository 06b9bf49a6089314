//! What the end-to-end tests stand on: the gateway as a child process with a real Envoy, a fake LLM whose every byte is
//! scripted, and an HTTP client whose every byte is visible.
//!
//! Threads and plain sockets instead of an HTTP library, because the tests are about what happens at the edges of
//! chunks. Nothing here sleeps to synchronise: a test waits for a condition ([`wait::eventually`]) or holds a stream at
//! a [`gate::Gate`].

pub mod chat;
pub mod client;
pub mod coding;
pub mod command;
pub mod dns;
pub mod envoy;
pub mod fleet;
pub mod gate;
pub mod gateway;
pub mod http2;
pub mod message;
pub mod otlp;
pub mod placeholder;
pub mod ports;
pub mod process;
pub mod process_table;
pub mod provider;
pub mod python;
pub mod recordings;
pub mod reply;
pub mod rest;
pub mod script_messages;
pub mod script_responses;
pub mod sdk;
pub mod secrets;
pub mod signer;
pub mod socket_queue;
pub mod sse;
pub mod substitution;
pub mod tap;
pub mod tls;
pub mod upstream;
pub mod wait;
pub mod workspace;

pub use client::{Answer, Connection, Request};
pub use gate::Gate;
pub use gateway::{Gateway, Options};
pub use reply::{Piece, Reply};
pub use signer::Signer;
pub use tap::Tap;
pub use upstream::{FakeUpstream, Recorded};
pub use wait::eventually;
