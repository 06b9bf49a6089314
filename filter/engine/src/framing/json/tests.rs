//! The tokenizer against `serde_json`, whole and cut anywhere.

use super::*;
use proptest::prelude::*;

/// Writes what it hears, with raw strings, so that two runs can be compared.
#[derive(Default, Debug, PartialEq)]
struct Recorder {
    log: Vec<String>,
    text: Vec<u8>,
    begin: u64,
}

impl Sink for Recorder {
    fn open(&mut self, container: Container) {
        self.log.push(format!("{container:?}"));
    }
    fn close(&mut self, _at: u64) {
        self.log.push("close".into());
    }
    fn key(&mut self, span: Range<u64>, raw: &[u8]) {
        self.log.push(format!("key {span:?} {}", String::from_utf8_lossy(raw)));
    }
    fn string_begin(&mut self, at: u64) {
        self.text.clear();
        self.begin = at;
    }
    fn string_piece(&mut self, at: u64, raw: &[u8]) {
        assert_eq!(at, self.begin + self.text.len() as u64, "pieces are contiguous");
        self.text.extend_from_slice(raw);
    }
    fn string_end(&mut self, at: u64) {
        assert_eq!(at, self.begin + self.text.len() as u64);
        self.log.push(format!("string {} {}", self.begin, String::from_utf8_lossy(&self.text)));
    }
    fn scalar(&mut self, at: u64, raw: &[u8]) {
        self.log.push(format!("scalar {at} {}", String::from_utf8_lossy(raw)));
    }
}

fn tokens(pieces: &[&[u8]]) -> Result<Vec<String>, JsonError> {
    let mut tokenizer = Tokenizer::new();
    let mut sink = Recorder::default();
    let mut at = 0;
    for piece in pieces {
        tokenizer.push(piece, at, &mut sink)?;
        at += piece.len() as u64;
    }
    tokenizer.finish(at, &mut sink)?;
    Ok(sink.log)
}

#[test]
fn reports_every_token_with_its_offset() {
    let log = tokens(&[br#" {"a\"":[1.5e-3, "x\u00e9", null], "b":{}} "#]).unwrap();
    let expected = [
        "Object",
        "key 3..6 a\\\"",
        "Array",
        "scalar 9 1.5e-3",
        "string 18 x\\u00e9",
        "scalar 28 null",
        "close",
        "key 36..37 b",
        "Object",
        "close",
        "close",
    ];
    assert_eq!(log, expected);
}

#[test]
fn refuses_what_the_grammar_refuses() {
    let deep = "[".repeat(MAX_DEPTH + 1);
    for (text, at) in [
        ("", 0),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("{\"a\" 1}", 5),
        ("[1 2]", 3),
        ("01", 1),
        ("-", 1),
        ("1.", 2),
        ("1e", 2),
        ("[1}", 2),
        ("tru", 3),
        ("trux", 3),
        ("\"a", 2),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 5),
        ("\"a\nb\"", 2),
        ("{} x", 3),
        ("'a'", 0),
        ("NaN", 0),
        ("\u{feff}{}", 0),
        ("[1]]", 3),
        (&deep, MAX_DEPTH as u64),
    ] {
        let error = tokens(&[text.as_bytes()]).unwrap_err();
        assert_eq!(error.at, at, "{text:?}: {error}");
    }
}

#[test]
fn a_long_key_is_cut_short_at_the_same_place_however_it_comes() {
    let text = format!("{{\"{}\":1}}", "k".repeat(MAX_KEY + 50));
    let whole = tokens(&[text.as_bytes()]).unwrap();
    assert_eq!(whole[1], format!("key 2..{} {}", MAX_KEY + 52, "k".repeat(MAX_KEY)));
    for cut in 0..text.len() {
        let (head, tail) = text.as_bytes().split_at(cut);
        assert_eq!(tokens(&[head, tail]).unwrap(), whole);
    }
}

#[test]
fn what_stands_in_front_of_an_error_is_heard_however_it_comes() {
    for text in ["[\"ab\u{1}c\"]", r#"["ab\x"]"#, r#"["ab\u12x4"]"#, "[\"ab\"x]", "[12x]"] {
        let read = |pieces: &[&[u8]]| {
            let (mut tokenizer, mut sink) = (Tokenizer::new(), Recorder::default());
            let mut at = 0;
            let end = pieces.iter().try_for_each(|piece| {
                at += piece.len() as u64;
                tokenizer.push(piece, at - piece.len() as u64, &mut sink)
            });
            (end.unwrap_err(), sink)
        };
        let whole = read(&[text.as_bytes()]);
        assert!(text.starts_with("[1") || whole.1.text.starts_with(b"ab"), "{text:?}");
        for cut in 0..text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            assert_eq!(read(&[head, tail]), whole, "{text:?} cut at {cut}");
        }
    }
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0.0E+12".to_owned()),
        Just("1e400".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\ud83d\ude00\/\b""#.to_owned()),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[ {} ]", items.join(" ,\n"))),
            proptest::collection::vec((any::<String>(), inner), 0..5).prop_map(|items| {
                let item = |(key, value): &(String, String)| {
                    format!("{}: {value}", serde_json::to_string(key).unwrap())
                };
                format!("{{{}\t}}", items.iter().map(item).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_tokens(text in any_json(), cut in any::<prop::sample::Index>()) {
        let whole = tokens(&[text.as_bytes()]).unwrap();
        let (head, tail) = text.as_bytes().split_at(cut.index(text.len() + 1));
        prop_assert_eq!(tokens(&[head, tail]).unwrap(), whole.clone());
        prop_assert_eq!(tokens(&text.as_bytes().chunks(1).collect::<Vec<_>>()).unwrap(), whole);
    }

    #[test]
    fn accepts_and_refuses_what_serde_json_does(text in any_json(), at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = with;
        // serde_json also refuses what is not UTF-8, and so does the engine, before it tokenizes.
        if std::str::from_utf8(&bytes).is_ok() {
            let theirs = serde_json::from_slice::<&serde_json::value::RawValue>(&bytes).is_ok();
            prop_assert_eq!(tokens(&[&bytes]).is_ok(), theirs);
        }
    }
}

#[test]
fn a_literal_ends_at_the_first_byte_that_ends_one() {
    let is_end = |byte: u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    for byte in 0..=u8::MAX {
        for at in 0..20 {
            // Behind it stand all that a word could take for another one.
            let mut text = [b'!'; 20];
            text[at] = byte;
            for (behind, next) in text[at + 1..].iter_mut().zip([byte, b'#', 0x21, b']', b'[', b'"']) {
                *behind = next;
            }
            let expected = text.iter().position(|byte| is_end(*byte)).unwrap_or(text.len());
            assert_eq!(literal(&text), expected, "{byte:#x} at {at}");
        }
    }
}
