//! What became of a text on its way: values replaced by placeholders, and nothing else.

use crate::placeholder;
use std::collections::BTreeMap;

/// How much of a text around a difference is shown.
const CONTEXT: usize = 60;

/// Which placeholder stands for which value.
pub type Substitutions = BTreeMap<String, String>;

/// Checks that `received` is `sent` with nothing changed but values of `values` that became placeholders, each always
/// the same, and returns which. A value may be written as it is, or escaped once or twice as JSON does.
pub fn between(sent: &str, received: &str, values: &[String]) -> Result<Substitutions, String> {
    let mut found = Substitutions::new();
    let (mut sent_at, mut received_at) = (0, 0);
    for placeholder in placeholder::all_in(received) {
        let start = received_at + received[received_at..].find(&placeholder).expect("it was found above");
        let literal = &received[received_at..start];
        sent_at = skip(sent, sent_at, literal)?;
        received_at = start + placeholder.len();
        let rest = &received[received_at..];
        if sent[sent_at..].starts_with(&placeholder) {
            // The client knows only the placeholder too.
            sent_at += placeholder.len();
            continue;
        }
        let next = rest.split("{{AG_").next().unwrap_or_default();
        let fits = |form: &String| {
            sent[sent_at..].strip_prefix(form.as_str()).is_some_and(|after| after.starts_with(next))
        };
        let forms = values.iter().flat_map(|value| forms(value).map(|form| (value, form)));
        let Some((value, form)) = forms.into_iter().find(|(_, form)| fits(form)) else {
            return Err(format!("{placeholder} stands for no value: sent …{}…", around(sent, sent_at)));
        };
        sent_at += form.len();
        match found.insert(placeholder.clone(), value.clone()) {
            Some(other) if other != *value => return Err(format!("{placeholder} stands for two values")),
            _ => {}
        }
    }
    sent_at = skip(sent, sent_at, &received[received_at..])?;
    if sent_at != sent.len() {
        return Err(format!("the end was lost: …{}…", around(sent, sent_at)));
    }
    let mut known: Vec<&String> = found.values().collect();
    known.sort();
    known.dedup();
    if known.len() == found.len() { Ok(found) } else { Err("a value has several placeholders".to_owned()) }
}

/// The position behind `literal`, which must stand at `at`.
fn skip(sent: &str, at: usize, literal: &str) -> Result<usize, String> {
    let rest = &sent[at..];
    if rest.starts_with(literal) {
        return Ok(at + literal.len());
    }
    let same = rest.bytes().zip(literal.bytes()).take_while(|(a, b)| a == b).count();
    Err(format!("sent …{}…, received …{}…", around(sent, at + same), around(literal, same)))
}

/// How a value can be written: as it is, in a JSON string, and in a JSON string within a JSON string.
fn forms(value: &str) -> [String; 3] {
    let escaped = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let once = escaped(value);
    [value.to_owned(), once.clone(), escaped(&once)]
}

fn around(text: &str, at: usize) -> String {
    let range = at.saturating_sub(CONTEXT)..(at + CONTEXT).min(text.len());
    String::from_utf8_lossy(&text.as_bytes()[range]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "{{AG_AB27_EMAIL_1}}";
    const TWO: &str = "{{AG_CD27_KEY_1}}";

    fn values() -> [String; 2] {
        ["a@b.org".to_owned(), "line\nline".to_owned()]
    }

    #[test]
    fn values_in_every_spelling_are_told_apart_from_other_changes() {
        let sent = r#"{"a":"a@b.org, line\nline","b":"{\"c\":\"line\\nline\"}"}"#;
        let received = format!(r#"{{"a":"{ONE}, {TWO}","b":"{{\"c\":\"{TWO}\"}}"}}"#);
        let found = between(sent, &received, &values()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[ONE].as_str(), found[TWO].as_str()), ("a@b.org", "line\nline"));
        assert_eq!(between(ONE, ONE, &values()), Ok(Substitutions::new()));
    }

    #[test]
    fn any_other_change_is_one() {
        for (sent, received) in [
            ("x a@b.org", format!("x  {ONE}")),
            ("a@b.org x", format!("{ONE}  x")),
            ("a@b.org x", ONE.to_owned()),
            ("a@b.org", format!("{ONE}.")),
            ("other", ONE.to_owned()),
            ("a@b.org a@b.org", format!("{ONE} {TWO}")),
            ("a@b.org line\nline", format!("{ONE} {ONE}")),
            ("same", "Same".to_owned()),
        ] {
            assert!(between(sent, &received, &values()).is_err(), "{sent:?} became {received:?}");
        }
    }
}
