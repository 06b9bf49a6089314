//! Reading JSON of others.

use serde_json::Value;

/// The member at the end of a path of names; null if there is none.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    let mut found = value;
    for name in path {
        found = found.get(name).unwrap_or(&Value::Null);
    }
    found
}
