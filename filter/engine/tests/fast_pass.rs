//! The fast pass hides nothing: whole texts and streams, which have none, find the same with the whole catalogue on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy.toml lifts them in #[test] functions only"
)]

use aegis_engine::builtin_rules;
use aegis_policy::{Rule, RuleFile, example};
use aegis_scanner::{Budget, Cache, Labels, Match, Pattern, RuleMask, RuleSet, Scanner, Stream};
use std::path::Path;

/// Bytes of text for each seed.
const TEXT: usize = 30_000;

struct Catalogue {
    rules: Vec<Rule>,
    labels: Labels,
    scanner: Scanner,
}

impl Catalogue {
    fn new() -> Catalogue {
        let rules = builtin_rules().unwrap();
        let patterns: Vec<Pattern> = rules.iter().map(Pattern::from).collect();
        Catalogue { labels: Labels::new(&patterns), scanner: Scanner::new(&patterns).unwrap(), rules }
    }

    fn compare(&self, cache: &mut Cache, text: &str, piece: usize) {
        let validators: Vec<_> = self.rules.iter().map(|rule| rule.validator).collect();
        let mut all = RuleSet::default();
        (0..self.rules.len()).for_each(|rule| all.insert(rule));
        let mask = RuleMask::new(&all, &validators, &self.labels);
        let mut whole: Vec<Match> = Vec::new();
        self.scanner.scan(cache, text.as_bytes(), &mask, &mut Budget::default(), &mut whole).unwrap();
        let (mut stream, mut cut) = (Stream::new(), Vec::<Match>::new());
        // What goes on beyond its cap comes in parts that have one start.
        let mut add = |found: Match, _: &[u8]| match cut.last_mut() {
            Some(last) if (last.rule, last.start, last.end) == (found.rule, found.start, found.value) => {
                last.end = found.end;
            }
            _ => cut.push(found),
        };
        for piece in text.as_bytes().chunks(piece) {
            stream.feed(&self.scanner, cache, piece, &mask, &mut add);
        }
        stream.finish(&self.scanner, cache, &mask, &mut add);
        assert!(whole.len() > 5, "the text holds something to find");
        for (one, other) in whole.iter().zip(&cut) {
            assert_eq!(one, other, "{}", self.rules[usize::from(one.rule)].id);
        }
        assert_eq!(whole.len(), cut.len());
    }
}

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// The examples of all rules.
fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let file: RuleFile = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            for rule in file.rules {
                texts.extend(
                    rule.matches.iter().chain(&rule.no_matches).map(|text| example::expand(text, &rule.id)),
                );
            }
        }
    }
    texts.sort();
    texts
}

/// Examples whole, cut short, and glued together with what may stand between values.
fn splice(examples: &[String], random: &mut Random) -> String {
    const GLUE: [&str; 12] =
        [" ", "", "\n", ", ", "=", "\": \"", "。", "\\n", "%20", " the name of ", "/", "@"];
    let mut text = String::with_capacity(TEXT + 9000);
    while text.len() < TEXT {
        let example = &examples[random.below(examples.len())];
        let chars: Vec<char> = example.chars().take(300).collect();
        let (mut from, mut to) = (0, chars.len());
        if random.below(3) > 0 {
            from = random.below(to.max(1));
            to = from + random.below((to - from).max(1)) + 1;
        }
        text.extend(&chars[from.min(chars.len())..to.min(chars.len())]);
        text.push_str(GLUE[random.below(GLUE.len())]);
    }
    text
}

/// Examples far from each other, so that much is read at once between them.
fn scatter(examples: &[String], random: &mut Random) -> String {
    const WORDS: [&str; 14] = [
        "the ", "of ", "and\n", "to ", "in, ", "that ", "is ", "was ", "for: ", "a ", "passes ", "keys ",
        "tokens ", "到 ",
    ];
    let mut text = String::with_capacity(4 * TEXT);
    while text.len() < 4 * TEXT {
        let until = text.len() + random.below(9_000);
        while text.len() < until {
            text.push_str(WORDS[random.below(WORDS.len())]);
        }
        text.extend(examples[random.below(examples.len())].chars().take(300));
        text.push_str(["\n", " ", "."][random.below(3)]);
    }
    text
}

#[test]
fn what_is_rare_is_found_wherever_it_stands() {
    let catalogue = Catalogue::new();
    let mut cache = catalogue.scanner.cache();
    let examples = examples();
    for seed in 1..=12 {
        let mut random = Random(0xD1B5_4A32_D192_ED03 ^ seed);
        let text = scatter(&examples, &mut random);
        catalogue.compare(&mut cache, &text, 1 + random.below(700));
    }
}

#[test]
fn whole_texts_and_streams_find_the_same() {
    let catalogue = Catalogue::new();
    let mut cache = catalogue.scanner.cache();
    let examples = examples();
    for seed in 1..=6 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ seed);
        let text = splice(&examples, &mut random);
        catalogue.compare(&mut cache, &text, 1 + random.below(700));
    }
}
