//! Commands that talk to the API of a control plane.

mod keys;
mod server;
mod tokens;

pub(crate) use keys::KeyCommand;
pub(crate) use server::Server;
pub(crate) use tokens::TokenCommand;
