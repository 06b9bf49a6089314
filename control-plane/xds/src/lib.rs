//! Renders snapshots as Envoy resources and serves them over delta ADS.
//!
//! * [`ResourceSet`]: one snapshot as resources; a pure function of the snapshot and [`RenderSettings`].
//! * [`delta`]: the delta ADS protocol of one stream, as a pure state machine.
//! * [`serve`]: the gRPC server around it, driven by a `watch` of resource sets.
//! * [`Fleet`]: what each connected Envoy has accepted or refused.
//!
//! Protobuf and gRPC types stay inside this crate.
#![forbid(unsafe_code)]

mod cluster;
pub mod delta;
mod filter;
mod fleet;
mod resources;
mod server;

pub use fleet::{Fleet, NodeStatus, Refusal};
pub use resources::{Kind, RenderError, RenderSettings, Resource, ResourceSet};
pub use server::{ServeError, serve};
