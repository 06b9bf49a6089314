//! Exact values against a brute-force model, for random values, texts and cuts; and what they may cost.

use super::matcher::Progress;
use super::*;
use crate::escaped::Escaped;
use crate::look::Neighbour;
use aegis_policy::{CompiledExact, MAX_EXACT_BYTES, MAX_EXACT_VALUES};

/// Marsaglia's xorshift: the same cases in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound as u64).unwrap()
    }

    fn text(&mut self, alphabet: &[char], len: usize) -> String {
        (0..len).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    /// A text that is likely to hold values, parts of them, and what almost is one.
    fn text_of(&mut self, alphabet: &[char], values: &[String], len: usize) -> String {
        let mut text = String::new();
        while text.len() < len {
            let value = &values[self.below(values.len())];
            match self.below(4) {
                0 => {
                    let len = self.below(12);
                    text.push_str(&self.text(alphabet, len));
                }
                1 => text.push_str(value),
                2 => text.push_str(&value[..floor(value, self.below(value.len()))]),
                _ => text.push_str(&value[floor(value, self.below(value.len()))..]),
            }
        }
        text
    }

    /// Values that share beginnings, contain each other and repeat.
    fn values(&mut self, alphabet: &[char]) -> Vec<String> {
        let mut values = vec![self.text(alphabet, 6)];
        for _ in 0..self.below(12) {
            let longest = [7, 12, 40, 300][self.below(4)];
            let other = values[self.below(values.len())].clone();
            let keep = floor(&other, self.below(other.len() + 1));
            let len = self.below(longest);
            let mut value = other[..keep].to_owned() + &self.text(alphabet, len);
            while value.len() < 6 {
                value.push(alphabet[0]);
            }
            values.push(value);
        }
        values
    }

    fn cuts<'a>(&mut self, text: &'a [u8]) -> Vec<&'a [u8]> {
        let reach = 1 + self.below(40);
        let (mut pieces, mut rest) = (vec![], text);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(self.below(reach + 1).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap()
}

fn key() -> ExactKey {
    ExactKey::derive(&[7; 32], b"tests")
}

fn compiled(values: &[String]) -> CompiledExact {
    let values: Vec<ExactValue<'_>> =
        values.iter().zip(0..).map(|(text, list)| ExactValue { list, text }).collect();
    compile(&values, &key()).unwrap()
}

fn matcher(values: &[String]) -> ExactMatcher {
    ExactMatcher::new(&compiled(values), &key()).unwrap()
}

/// Prints how fast a text with nothing to find is read, for values of random characters and for some that begin with
/// ordinary words, and the worst text.
#[test]
#[ignore = "a measurement: cargo test --release -p aegis-scanner exact_values_speed -- --ignored --nocapture"]
fn exact_values_speed() {
    let mut random = Random(5);
    let words: Vec<&str> = include_str!("../validate/bip39.txt").lines().collect();
    let prose = |random: &mut Random, count: usize| {
        let words: Vec<&str> = (0..count).map(|_| words[random.below(words.len())]).collect();
        words.join(" ")
    };
    let text = prose(&mut random, 1_500_000);
    let random_values = many(MAX_EXACT_VALUES, &mut random);
    let phrases: Vec<String> = (0..MAX_EXACT_VALUES).map(|_| prose(&mut random, 6)).collect();
    let deep = vec!["a".repeat(4094) + "b"];
    let long: Vec<String> = (0..MAX_EXACT_VALUES).map(|_| random.text(&['x', 'y', 'z', '-'], 4095)).collect();
    let killer = "a".repeat(1 << 20);
    for (name, values, text) in [
        ("random values, prose", &random_values, &text),
        ("10 random values, prose", &random_values[..10].to_vec(), &text),
        ("phrases, prose", &phrases, &text),
        ("4095 bytes each, prose", &long, &text),
        ("deepest climb", &deep, &killer),
    ] {
        let start = std::time::Instant::now();
        let compiled = compiled(values);
        let compile = start.elapsed();
        let size = serde_json::to_string(&compiled).unwrap().len();
        let start = std::time::Instant::now();
        let matcher = ExactMatcher::new(&compiled, &key()).unwrap();
        let load = start.elapsed();
        let best = (0..5)
            .map(|_| {
                let start = std::time::Instant::now();
                assert_eq!(whole(&matcher, text.as_bytes()), []);
                start.elapsed()
            })
            .min()
            .unwrap();
        let speed = u64::try_from(text.len()).unwrap() as f64 / best.as_secs_f64() / 1e6;
        let memory = matcher.memory() / 1024;
        println!(
            "{name}: {speed:.0} MB/s; compile {compile:?}, load {load:?}, {memory} KiB, JSON {} KB",
            size / 1000
        );
    }
}

/// List and span of every match. Each value is a list of its own, so that tests know which one was found.
type Spans = Vec<(u16, u64, u64)>;

fn span(found: ExactMatch) -> (u16, u64, u64) {
    (found.list, found.start, found.end)
}

fn whole(matcher: &ExactMatcher, text: &[u8]) -> Spans {
    let mut found = vec![];
    matcher.scan(text, &mut found).unwrap();
    found.into_iter().map(span).collect()
}

/// What a stream finds in `pieces`, and the most that it held. Checks what it says about itself on the way.
fn stream(matcher: &ExactMatcher, pieces: &[&[u8]]) -> (Spans, usize) {
    let text = pieces.concat();
    let (mut stream, mut found, mut held, mut fed) = (ExactStream::new(), vec![], 0, 0);
    for piece in pieces {
        let settled = stream.settled();
        stream.feed(matcher, piece, |next, bytes| {
            assert!(next.start >= settled, "what is settled stays so");
            assert_eq!(
                bytes,
                &text[usize::try_from(next.start).unwrap()..usize::try_from(next.end).unwrap()]
            );
            found.push(span(next));
        });
        fed += piece.len() as u64;
        held = held.max(stream.held());
        assert_eq!(stream.settled() + stream.held() as u64, fed);
    }
    stream.finish(matcher, |next, _| found.push(span(next)));
    (found, held)
}

/// Leftmost-longest by trying every value at every place.
fn model(values: &[String], text: &[u8]) -> Spans {
    let mut order: Vec<(usize, &String)> = values.iter().enumerate().collect();
    order.sort_by_key(|(index, value)| (std::cmp::Reverse(value.len()), *index));
    let (mut found, mut at) = (vec![], 0);
    while at < text.len() {
        let stands = |value: &str| text[at..].starts_with(value.as_bytes()) && stands_alone(value, text, at);
        match order.iter().find(|(_, value)| stands(value)) {
            Some((index, value)) => {
                found.push((u16::try_from(*index).unwrap(), at as u64, (at + value.len()) as u64));
                at += value.len();
            }
            None => at += 1,
        }
    }
    found
}

fn stands_alone(value: &str, text: &[u8], at: usize) -> bool {
    let of_one_kind: fn(&u8) -> bool = match value {
        _ if value.len() >= 10 => return true,
        _ if value.bytes().all(|byte| byte.is_ascii_alphabetic()) => u8::is_ascii_alphabetic,
        _ if value.bytes().all(|byte| byte.is_ascii_digit()) => u8::is_ascii_digit,
        _ => return true,
    };
    let before = Escaped::behind((Escaped::No, Neighbour::Edge), &text[..at]).1 == Neighbour::Word
        && text[..at].last().is_some_and(of_one_kind);
    !before && !text.get(at + value.len()).is_some_and(of_one_kind)
}

const ALPHABETS: &[&[char]] = &[
    &['a', 'b'],
    &['a', '-'],
    &['a', '1', '-'],
    &['1', '2', 'n'],
    &['a', ' ', '\\'],
    &['n', '\\', '1'],
    &['密', 'a'],
];

/// Checks `count` pairs of values and text, each whole, cut at random and byte by byte.
fn agrees_with_the_model(count: usize, seed: u64) {
    let mut random = Random(seed);
    let mut matches = 0;
    for _ in 0..count {
        let alphabet = ALPHABETS[random.below(ALPHABETS.len())];
        let values = random.values(alphabet);
        let matcher = matcher(&values);
        for _ in 0..4 {
            let len = [20, 60, 300][random.below(3)];
            let text = random.text_of(alphabet, &values, len);
            let bytes = text.as_bytes();
            let expected = model(&values, bytes);
            assert_eq!(whole(&matcher, bytes), expected, "{values:?} in {text:?}");
            assert_eq!(stream(&matcher, &random.cuts(bytes)).0, expected, "{values:?} in pieces of {text:?}");
            let (found, held) = stream(&matcher, &bytes.chunks(1).collect::<Vec<_>>());
            assert_eq!(found, expected, "{values:?} in the bytes of {text:?}");
            assert!(held <= values.iter().map(String::len).max().unwrap());
            matches += expected.len();
        }
    }
    assert!(matches > 5 * count, "cases are about something: {matches}");
}

#[test]
fn whole_and_cut_texts_have_the_matches_of_the_model() {
    agrees_with_the_model(750, 1);
}

#[test]
#[ignore = "100,000 pairs take a minute when optimised: cargo test --release -- --ignored"]
fn many_whole_and_cut_texts_have_the_matches_of_the_model() {
    agrees_with_the_model(25_000, 2);
}

#[test]
fn words_and_numbers_are_found_alone_and_other_values_anywhere() {
    let values: Vec<String> =
        ["miller", "123456", "a1b2c3", "MillerAndSon", "pass-word"].map(Into::into).into();
    let matcher = matcher(&values);
    for (text, expected) in [
        ("miller", vec![0]),
        ("Dr.miller:", vec![0]),
        ("millers smiller", vec![]),
        ("miller1 _miller_ 密miller密", vec![0, 0, 0]),
        (r"a\nmiller \u0041miller", vec![0, 0]),
        ("1234567 0123456", vec![]),
        ("a123456b %20123456", vec![1, 1]),
        ("xa1b2c3d4", vec![2]),
        ("xMillerAndSonx", vec![3]),
        ("mypass-words", vec![4]),
        ("Miller pass_word", vec![]),
    ] {
        let lists: Vec<u16> = whole(&matcher, text.as_bytes()).into_iter().map(|found| found.0).collect();
        assert_eq!(lists, expected, "{text}");
        assert_eq!(model(&values, text.as_bytes()).len(), expected.len(), "{text}");
    }
}

#[test]
fn a_word_that_does_not_count_gives_way_to_a_shorter_one() {
    let values: Vec<String> = ["abcdef-x", "abcdef"].map(Into::into).into();
    assert_eq!(whole(&matcher(&values), b"abcdef-y abcdef-x"), [(1, 0, 6), (0, 9, 17)]);
    let values: Vec<String> = ["123456ab", "1234567", "123456"].map(Into::into).into();
    assert_eq!(whole(&matcher(&values), b"1234567a 123456a 12345678"), [(1, 0, 7), (2, 9, 15)]);
}

#[test]
fn the_shortest_and_the_longest_values_are_found() {
    let mut random = Random(3);
    let values: Vec<String> = [6, 7, 8, 4095, 4096].map(|len| random.text(&['a', 'b', '-'], len)).into();
    let matcher = matcher(&values);
    for (index, value) in values.iter().enumerate() {
        let text = format!("---{value}---");
        let list = u16::try_from(index).unwrap();
        let expected = [(list, 3, 3 + value.len() as u64)];
        assert_eq!(whole(&matcher, text.as_bytes()), expected);
        let (found, held) = stream(&matcher, &text.as_bytes().chunks(7).collect::<Vec<_>>());
        assert_eq!(found, expected);
        assert!(held <= MAX_EXACT_BYTES);
        let almost = format!("---{}---", &value[..value.len() - 1]);
        assert_eq!(whole(&matcher, almost.as_bytes()), model(&values, almost.as_bytes()));
    }
}

fn many(count: usize, random: &mut Random) -> Vec<String> {
    let alphabet: Vec<char> = ('a'..='z').chain('0'..='9').collect();
    (0..count)
        .map(|_| {
            let len = 10 + random.below(40);
            random.text(&alphabet, len)
        })
        .collect()
}

#[test]
fn ten_thousand_values_are_found_in_little_memory() {
    let mut random = Random(4);
    let values = many(MAX_EXACT_VALUES, &mut random);
    let matcher = matcher(&values);
    assert!(matcher.memory() < 1 << 20, "{} bytes", matcher.memory());
    let text = values.join(" ");
    let found: Vec<u16> = whole(&matcher, text.as_bytes()).into_iter().map(|found| found.0).collect();
    assert_eq!(found, (0..10_000).collect::<Vec<u16>>());
    assert_eq!(stream(&matcher, &random.cuts(text.as_bytes())).0.len(), 10_000);
}

#[test]
fn equal_values_are_one() {
    let values: Vec<String> = ["same value", "other value", "same value"].map(Into::into).into();
    assert_eq!(compiled(&values).values.len(), 2);
    assert_eq!(whole(&matcher(&values), b"same value, other value"), [(0, 0, 10), (1, 12, 23)]);
}

#[test]
fn no_text_costs_more_than_a_fixed_number_of_lookups_per_byte() {
    let a = |len: usize| "a".repeat(len);
    let nested: Vec<String> = (10..=MAX_EXACT_BYTES).rev().step_by(7).map(a).collect();
    let ends: Vec<String> = (0..400).map(|n| a(4000) + &format!("{n:04}")).collect();
    let every_length: Vec<String> =
        (10..MAX_EXACT_BYTES).rev().step_by(7).map(|len| a(len - 1) + "b").collect();
    let deep = vec![a(4094) + "b"];
    for values in [nested, ends, every_length, deep] {
        let matcher = matcher(&values);
        for text in
            [a(9000), (a(4094) + "c").repeat(2), (a(2047) + "b-").repeat(4), (a(11) + "c").repeat(700)]
        {
            let (mut progress, mut found) = (Progress::new(), vec![]);
            matcher.scan_with(&mut progress, text.as_bytes(), &mut found).unwrap();
            let len = text.len() as u64;
            assert!(progress.hashed() <= len, "{} bytes hashed", progress.hashed());
            assert!(progress.lookups <= 22 * len, "{} lookups", progress.lookups);
            assert_eq!(
                stream(&matcher, &text.as_bytes().chunks(997).collect::<Vec<_>>()).0.len(),
                found.len()
            );
        }
    }
}

#[test]
fn a_stream_holds_what_could_begin_a_value_and_nothing_else() {
    let values: Vec<String> = ["topsecret-0123456789-abcdefghij"].map(Into::into).into();
    let matcher = matcher(&values);
    for (text, held) in [
        ("nothing here ", 0),
        ("a t", 1),
        ("a top", 3),
        ("a topsec", 6),
        ("a topsecret-01234", 15),
        // At most twice what agrees.
        ("a topsecret-x", 11),
        ("a topsecret-xxxxxx", 0),
        ("a topsecret-0123x", 15),
        ("a topsecret-0123xx", 0),
        ("a topsecret-0123456789-abcdefghij", 0),
    ] {
        let mut stream = ExactStream::new();
        stream.feed(&matcher, text.as_bytes(), |_, _| {});
        assert_eq!(stream.held(), held, "{text}");
    }
}

#[test]
fn nothing_to_find_costs_nothing() {
    let matcher = ExactMatcher::new(&CompiledExact::default(), &key()).unwrap();
    assert!(matcher.is_empty());
    let mut stream = ExactStream::new();
    stream.feed(&matcher, b"secret", |_, _| unreachable!());
    assert_eq!((stream.held(), stream.settled()), (0, 6));
    assert_eq!(whole(&matcher, b"secret secret"), []);
}

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
    assert!(one.values.iter().all(|value| other.values.iter().all(|other| other.2[..21] != value.2[..21])));
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
