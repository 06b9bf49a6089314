//! What the detector is worth, in matrices of our own and on labelled texts: each prints its table (`--nocapture`) and
//! fails below what is promised.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "clippy.toml lifts them in #[test] functions only; texts of a test are short"
)]

mod dependencies;
mod disguised;
mod disguises;
mod hidden;
mod judge;
mod labelled;
mod long;
mod ordinary;
mod places;
mod short;
