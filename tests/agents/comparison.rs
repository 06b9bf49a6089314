//! How two requests, or two runs of an agent, differ.

use aegis_tests::Recorded;
use aegis_tests::substitution::Substitutions;
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// What an agent makes up anew in each run.
static MADE_UP: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = [
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9a-f]{64}",
        "1[0-9]{12}",
        "Chunk ID: [0-9a-f]{6}",
        "Wall time:? [0-9.]+ seconds",
    ];
    Regex::new(&kinds.join("|")).unwrap()
});

/// A request without what each run makes up, and with values for placeholders.
pub(crate) fn usual(recorded: &Recorded, known: &Substitutions) -> (String, Vec<(String, String)>, Value) {
    let headers = recorded.own_headers().into_iter().map(|(name, value)| (name, usual_text(&value, known)));
    let mut body = serde_json::from_slice(&recorded.body).unwrap_or_default();
    each_string(&mut body, &|text| usual_text(text, known));
    (recorded.method.clone(), headers.collect(), body)
}

/// Where two documents differ first.
pub(crate) fn difference(one: &Value, other: &Value, at: &str) -> Option<String> {
    let shown = |value: &Value| value.to_string().chars().take(200).collect::<String>();
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => one
            .iter()
            .zip(other.values())
            .find_map(|((key, one), other)| difference(one, other, &format!("{at}/{key}"))),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(index, (one, other))| difference(one, other, &format!("{at}/{index}")))
        }
        _ if one == other => None,
        _ => Some(format!("{at}: {} / {}", shown(one), shown(other))),
    }
}

/// Applies `change` to every string of a document.
fn each_string(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_string(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|value| each_string(value, change)),
        _ => {}
    }
}

fn usual_text(text: &str, known: &Substitutions) -> String {
    let put_back = known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    MADE_UP.replace_all(&put_back, "<made up>").into_owned()
}
