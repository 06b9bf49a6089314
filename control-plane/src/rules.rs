//! The rules that act.

/// Ids of the enabled rules.
pub(crate) fn enabled() -> Vec<String> {
    Vec::new()
}
