//! What exact values cost: memory, lookups, time.

use super::*;

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

/// Prints how fast a text with nothing to find is read, for values of random characters and for some that begin with
/// ordinary words, and the worst text.
#[test]
#[ignore = "a measurement: cargo test --release -p aegis-scanner exact_values_speed -- --ignored --nocapture"]
fn exact_values_speed() {
    let mut random = Random(5);
    let words: Vec<&str> = include_str!("../../validate/bip39.txt").lines().collect();
    let prose = |random: &mut Random, count: usize| {
        let words: Vec<&str> = (0..count).map(|_| words[random.below(words.len())]).collect();
        words.join(" ")
    };
    let text = prose(&mut random, 40_000);
    let random_values = many(MAX_EXACT_VALUES, &mut random);
    let phrases: Vec<String> = (0..MAX_EXACT_VALUES).map(|_| prose(&mut random, 6)).collect();
    let deep = vec!["a".repeat(4094) + "b"];
    let long: Vec<String> = (0..MAX_EXACT_VALUES).map(|_| random.text(&['x', 'y', 'z', '-'], 4095)).collect();
    let killer = "a".repeat(1 << 14);
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
        // The machine may be busy: the best of many short runs is what it can do.
        let best = (0..40)
            .map(|_| {
                let start = std::time::Instant::now();
                assert_eq!(whole(&matcher, text.as_bytes()), []);
                start.elapsed()
            })
            .min()
            .unwrap();
        let speed = text.len() as u128 * 1000 / best.as_nanos();
        let memory = matcher.memory() / 1024;
        println!(
            "{name}: {speed:.0} MB/s; compile {compile:?}, load {load:?}, {memory} KiB, JSON {} KB",
            size / 1000
        );
    }
}
