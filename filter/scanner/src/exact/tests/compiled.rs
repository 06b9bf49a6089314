//! What the compiled form shows, and what is refused.

use super::*;

#[test]
fn refused_values_are_named_by_their_place_and_never_shown() {
    let long = "x".repeat(MAX_EXACT_BYTES + 1);
    let value = |text| ExactValue { list: 0, text };
    let refused = |values: &[ExactValue<'_>]| compile(values, &key()).unwrap_err();
    assert_eq!(
        refused(&[value("long enough"), value("hunte")]),
        ExactValueError::TooShort { index: 1, len: 5 }
    );
    assert_eq!(refused(&[value(&long)]), ExactValueError::TooLong { index: 0, len: 4097 });
    assert_eq!(refused(&vec![value("long enough"); 10_001]), ExactValueError::TooMany(10_001));
    assert!(!refused(&[value("hunte")]).to_string().contains("hunte"));
    assert!(!format!("{:?}", value("long enough")).contains("enough"));
}

#[test]
fn the_compiled_form_shows_lengths_only() {
    let text = |values: &[&str], key: &ExactKey| {
        let values: Vec<ExactValue<'_>> = values.iter().map(|text| ExactValue { list: 0, text }).collect();
        compile(&values, key).unwrap()
    };
    let one = text(&["correct horse", "battery staple"], &key());
    assert_eq!(
        text(&["battery staple", "correct horse"], &key()),
        one,
        "the order of the list does not show"
    );
    // Two values with the same beginning: no part of their records is the same.
    let alike = text(&["correct horse", "correct house"], &key());
    let bytes = |value: &aegis_policy::CompiledValue| {
        data_encoding::BASE64URL_NOPAD.decode(value.2.as_bytes()).unwrap()
    };
    let (first, second) = (bytes(&alike.values[0]), bytes(&alike.values[1]));
    let same = first.windows(4).filter(|window| second.windows(4).any(|other| other == *window)).count();
    assert_eq!(same, 0);
    // Another scope shares nothing.
    let other = text(&["correct horse", "battery staple"], &ExactKey::derive(&[7; 32], b"other"));
    assert!(
        one.values
            .iter()
            .all(|value| other.values.iter().all(|other| cut(&other.2, 21).0 != cut(&value.2, 21).0))
    );
    // Same length, same size of record: nothing else decides on it.
    assert_eq!(first.len(), second.len());
    assert!(!format!("{:?} {:?}", key(), matcher(&["correct horse".into()])).contains("correct"));
}

#[test]
fn damaged_and_foreign_values_are_refused() {
    let good = compiled(&["correct horse".into(), "battery staple".into()]);
    let new = |compiled: &CompiledExact| ExactMatcher::new(compiled, &key()).err();
    assert_eq!(new(&good), None);
    assert_eq!(
        ExactMatcher::new(&good, &ExactKey::derive(&[8; 32], b"tests")).err(),
        Some(ExactConfigError::Proof)
    );
    let mut fewer = good.clone();
    fewer.values.pop();
    assert_eq!(new(&fewer), Some(ExactConfigError::Proof));
    let mut relisted = good.clone();
    relisted.values[0].0 = 9;
    assert_eq!(new(&relisted), Some(ExactConfigError::Proof));
    let mut many = good.clone();
    many.values.resize(10_001, good.values[0].clone());
    assert_eq!(new(&many), Some(ExactConfigError::TooMany(10_001)));
    // With the right proof, but no record that the compiler writes.
    let mut cut = good.clone();
    cut.values[1].2.truncate(40);
    let subkeys = key().subkeys();
    cut.proof = subkeys.proof(cut.values.iter().map(|value| (value.0, value.1, value.2.as_str())));
    assert_eq!(new(&cut), Some(ExactConfigError::Record(1)));
    let json = serde_json::to_string(&good).unwrap();
    assert_eq!(serde_json::from_str::<CompiledExact>(&json).unwrap(), good);
}
