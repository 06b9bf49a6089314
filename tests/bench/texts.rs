//! Texts that look like what people send, with nothing in them to find. The same every time.

use aegis_tests::workspace;
use std::fmt::Write as _;

/// The generator `SplitMix64` by Steele, Lea and Flood.
#[derive(Debug)]
pub(crate) struct Random(u64);

const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "to",
    "in",
    "that",
    "is",
    "was",
    "for",
    "with",
    "as",
    "on",
    "have",
    "but",
    "they",
    "from",
    "this",
    "which",
    "or",
    "had",
    "their",
    "an",
    "were",
    "there",
    "been",
    "one",
    "all",
    "would",
    "when",
    "who",
    "will",
    "more",
    "if",
    "out",
    "so",
    "up",
    "said",
    "what",
    "its",
    "about",
    "than",
    "into",
    "them",
    "can",
    "only",
    "other",
    "time",
    "new",
    "some",
    "could",
    "these",
    "two",
    "may",
    "first",
    "then",
    "do",
    "any",
    "like",
    "now",
    "over",
    "such",
    "our",
    "man",
    "even",
    "most",
    "made",
    "after",
    "also",
    "did",
    "many",
    "off",
    "before",
    "must",
    "through",
    "back",
    "years",
    "where",
    "much",
    "your",
    "way",
    "well",
    "down",
    "should",
    "because",
    "long",
    "each",
    "just",
    "state",
    "people",
    "those",
    "too",
    "mister",
    "how",
    "little",
    "world",
    "make",
    "very",
    "year",
    "still",
    "see",
    "work",
    "being",
    "here",
    "get",
    "both",
    "between",
    "life",
    "under",
    "never",
    "day",
    "same",
    "another",
    "know",
    "while",
    "last",
    "might",
    "great",
    "old",
    "against",
    "right",
    "come",
    "take",
    "used",
    "himself",
    "few",
    "house",
    "use",
    "during",
    "without",
    "again",
    "place",
    "around",
    "however",
    "small",
    "found",
    "thought",
    "went",
    "part",
    "general",
    "once",
    "high",
    "upon",
    "school",
    "every",
    "don't",
    "does",
    "got",
    "united",
    "left",
    "number",
    "course",
    "war",
    "until",
    "always",
    "away",
    "something",
    "fact",
    "water",
    "though",
    "less",
    "public",
    "put",
    "service-level",
    "AegisGate",
    "JSON",
    "customer's",
    "e.g.",
    "re-run",
    "API",
    "latency",
    "well-known",
];

const CODE: &[&str] = &[
    "let @ = @.iter().map(|@| @ + #).collect::<Vec<_>>();",
    "    if @ != # && !@.is_empty() {",
    "    }",
    "fn @(@: &str, @: usize) -> Result<(), Error> {",
    "        return Err(Error::new(format!(\"@ {@}: {:?}\", @)));",
    "}",
    "// @ the @ before @, see issue ##",
    "    const @ = await fetch(`/api/@/${@}`, { method: 'POST' });",
    "    for (int @ = 0; @ < #; @++) { @[@] = @ * 0x#f; }",
    "def @(self, @=None, *, @=#.5):",
    "    self.@ = {\"@\": #, '@': [#, #, #]}",
    "SELECT @.id, @.name FROM @ JOIN @ ON @.id = @.@_id WHERE @.@ > # LIMIT #;",
    "\t@->@ = (@ << #) | (@ & ~0x#);",
    "",
];

const CHINESE: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里\
    用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实";

// === impl Random ===

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).expect("below an usize")
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }
}

/// About `bytes` of English prose in paragraphs.
pub(crate) fn prose(bytes: usize, seed: u64) -> String {
    let mut random = Random(seed);
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        let opening = random.word();
        text.push_str(&opening[..1].to_uppercase());
        text.push_str(&opening[1..]);
        for _ in 0..6 + random.below(14) {
            text.push_str(match random.below(40) {
                0 | 1 => ", ",
                2 => " - ",
                3 => " \"",
                4 => "\" ",
                _ => " ",
            });
            match random.below(30) {
                0 => text.push_str(&(1 + random.below(2030)).to_string()),
                _ => text.push_str(random.word()),
            }
        }
        text.push_str(match random.below(8) {
            0 => ".\n\n",
            1 => "? ",
            _ => ". ",
        });
    }
    text
}

/// About `bytes` of source code in several languages.
pub(crate) fn code(bytes: usize, seed: u64) -> String {
    let mut random = Random(seed);
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        for character in CODE[random.below(CODE.len())].chars() {
            match character {
                '@' => {
                    let word = random.word();
                    text.extend(word.chars().filter(char::is_ascii_alphabetic));
                    if random.below(3) == 0 {
                        text.push('_');
                        text.push_str(WORDS[random.below(60)]);
                    }
                }
                '#' => text.push_str(&random.below(300).to_string()),
                other => text.push(other),
            }
        }
        text.push('\n');
    }
    text
}

/// About `bytes` of Chinese text.
pub(crate) fn chinese(bytes: usize, seed: u64) -> String {
    let characters: Vec<char> = CHINESE.chars().filter(|character| !character.is_whitespace()).collect();
    let mut random = Random(seed);
    let mut text = String::with_capacity(bytes + 100);
    while text.len() < bytes {
        for _ in 0..5 + random.below(15) {
            text.push(characters[random.below(characters.len())]);
        }
        text.push(if random.below(3) == 0 { '。' } else { ',' });
    }
    text
}

/// About `bytes` of paragraphs that people wrote: manuals, reports, letters, with the words that attacks use, too.
pub(crate) fn documents(bytes: usize, seed: u64) -> String {
    let path = workspace::root().join("filter/inject/tests/data/paragraphs.toml");
    let lists = std::fs::read_to_string(path).expect("the paragraphs of the detector's tests");
    let lists: toml::Table = lists.parse().expect("TOML");
    let paragraphs: Vec<&str> =
        lists["en"].as_array().into_iter().flatten().filter_map(|one| one.as_str()).collect();
    let mut random = Random(seed);
    let mut text = String::with_capacity(bytes + 2_000);
    while text.len() < bytes {
        text.push_str(paragraphs[random.below(paragraphs.len())]);
        write!(text, "\n\n{}. ", random.below(1_000)).expect("a string takes all");
    }
    text
}

/// A text of about `bytes` of each kind.
pub(crate) fn all(bytes: usize) -> [(&'static str, String); 3] {
    [("English prose", prose(bytes, 1)), ("source code", code(bytes, 1)), ("Chinese", chinese(bytes, 1))]
}

/// About `bytes` of a prompt as coding assistants send them: prose and code in turns.
pub(crate) fn mixed(bytes: usize, seed: u64) -> String {
    let mut text = String::with_capacity(bytes + 2_000);
    let mut part = seed;
    while text.len() < bytes {
        text.push_str(&prose(1_000, part));
        text.push_str("\n```\n");
        text.push_str(&code(1_000, part));
        text.push_str("```\n");
        part += 1;
    }
    text
}
