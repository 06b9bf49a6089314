//! The HTTP phases of one request and its answer, on a small [`Host`] trait.
//!
//! | phase | what happens | returns |
//! |---|---|---|
//! | request headers | token → upstream; internal headers stripped; limits | pause, if there is a body to read |
//! | request body | buffered to the end, its signature checked, redacted, replaced | pause until the end |
//! | response headers | framing chosen; Envoy's own errors put into the client's dialect | continue |
//! | response body | restored as it arrives | continue |
//!
//! Nothing here knows proxy-wasm: the filter crate adapts its callbacks, the tests use a fake host.
#![forbid(unsafe_code)]

mod counter;
mod event;
mod exchange;
mod gateway;
mod host;
mod reply;
mod route;
mod signature;

#[cfg(feature = "testing")]
pub mod fake_host;

pub use counter::Counter;
pub use exchange::{Exchange, Step};
pub use gateway::{Gateway, Policies, Routes, Worker};
pub use host::{Headers, Host, Side};
pub use signature::nonce_keys;
