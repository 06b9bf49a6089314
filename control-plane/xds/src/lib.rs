//! Renders snapshots as Envoy resources and serves them over ADS.
//!
//! * [`ResourceSet`]: one snapshot as resources; a pure function of the snapshot and [`RenderSettings`].
//! * [`session`], [`delta`], [`sotw`]: the protocol of one stream and its two variants, as pure state machines.
//! * [`serve`]: the gRPC server around it, driven by a `watch` of resource sets.
//! * [`Fleet`]: what each connected Envoy has accepted or refused.
//!
//! Protobuf and gRPC types stay inside this crate.
#![forbid(unsafe_code)]

mod cluster;
pub mod delta;
mod destination;
mod filter;
mod fleet;
mod named;
mod resources;
mod server;
pub mod session;
pub mod sotw;
mod telemetry;

pub use fleet::{Fleet, NodeStatus, Refusal, Refused};
pub use named::NamedRoute;
pub use resources::{
    Access, CompiledPolicies, Counts, FieldDigest, Kind, LocalPortRouting, RenderError, RenderSettings,
    Resource, ResourceSet,
};
pub use server::{ServeError, serve};
pub use session::Part;
pub use telemetry::{ExchangeReport, ReportSink};
