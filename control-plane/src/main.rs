//! The `aegisgate` binary.
fn main() {}
