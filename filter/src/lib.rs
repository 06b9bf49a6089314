//! The proxy-wasm filter: adapts Envoy's callbacks to an [`Exchange`]. Everything with a branch lives there.
#![allow(unsafe_code, missing_docs, reason = "proxy_wasm::main! defines the module's exported symbols")]

mod context;
mod host;
mod root;

use proxy_wasm::traits::RootContext;
use proxy_wasm::types::LogLevel;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(root::Root) });
}}
