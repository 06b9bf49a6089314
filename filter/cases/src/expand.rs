//! `%name…%` in bodies.

use crate::Placeholder;
use std::collections::BTreeMap;

/// Replaces every reference in `text`.
pub(crate) fn body(
    text: &str,
    values: &BTreeMap<String, (String, String)>,
    placeholder: Placeholder<'_>,
) -> Result<Vec<u8>, String> {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let (Some(reference), Some(literal)) = (parts.next(), parts.next()) {
        out.push_str(&resolve(reference, values, placeholder)?);
        out.push_str(literal);
    }
    if text.split('%').count().is_multiple_of(2) {
        Err("a % has no partner".into())
    } else {
        Ok(out.into_bytes())
    }
}

fn resolve(
    reference: &str,
    values: &BTreeMap<String, (String, String)>,
    placeholder: Placeholder<'_>,
) -> Result<String, String> {
    let (name, form) = reference.split_once('.').unwrap_or((reference, ""));
    let (kind, value) = values.get(name).ok_or_else(|| format!("there is no value `{name}`"))?;
    let escaped = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
    };
    Ok(match form {
        "" => value.clone(),
        "json" => escaped(value),
        "json2" => escaped(&escaped(value)),
        _ => {
            let whole = placeholder(kind, value);
            let part = match form.strip_prefix("name") {
                Some(range) => part(range, whole.trim_start_matches('{').trim_end_matches('}')),
                None => form.strip_prefix("ph").and_then(|range| part(range, &whole)),
            };
            part.ok_or_else(|| format!("`{form}` is no form of a value"))?
        }
    })
}

/// `[from..to]` of a placeholder or its name; all of it without a range.
fn part(range: &str, placeholder: &str) -> Option<String> {
    if range.is_empty() {
        return Some(placeholder.to_owned());
    }
    let (from, to) = range.strip_prefix('[')?.strip_suffix(']')?.split_once("..")?;
    let from = if from.is_empty() { 0 } else { from.parse().ok()? };
    let to = if to.is_empty() { placeholder.len() } else { to.parse().ok()? };
    placeholder.get(from..to).map(str::to_owned)
}
