//! Answers as templates, so that they read as the providers' documentation shows them.

/// `template` with each `$name` replaced by its value. A dollar sign inside a value means nothing.
#[track_caller]
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut parts = template.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let value = values.iter().find(|(known, _)| *known == name);
        filled.push_str(value.unwrap_or_else(|| panic!("no value for ${name}")).1);
        filled.push_str(rest);
    }
    filled
}

/// An event that is named as its payload's `type` says, which is the first member.
#[track_caller]
pub(super) fn named(payload: &str) -> String {
    let name = payload.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split('"').next());
    format!("event: {}\ndata: {payload}\n\n", name.expect("a payload with a type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_once() {
        assert_eq!(fill("{$a_b:$c}$c", &[("a_b", "$c"), ("c", "1")]), "{$c:1}1");
        assert_eq!(named(r#"{"type":"x.y","a":1}"#), "event: x.y\ndata: {\"type\":\"x.y\",\"a\":1}\n\n");
    }
}
