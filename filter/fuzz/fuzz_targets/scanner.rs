//! The scanner: a whole text, the same text in pieces and byte by byte give the same matches, sorted and disjoint.
#![no_main]

use aegis_policy::Validator;
use aegis_scanner::{Budget, Cache, Labels, Match, Pattern, RuleMask, RuleSet, Scanner, Stream};
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;

/// Label, pattern, cap and validator of rules that overlap, nest, look around, outlive their caps and are refused.
const RULES: &[(Option<&str>, &str, u32, Option<Validator>)] = &[
    (None, r"\bab+c?\b", 6, None),
    (None, r"\bb[ab]{3,40}", 9, None),
    (None, r"(?m)^c[a-c .@\n-]{1,30}a$", 20, None),
    (None, r"ca\B", 2, None),
    (None, r"\ba[ab.]*@[ab]+\.(?:ab|c)\b", 14, None),
    (None, r"c密", 4, None),
    (None, r"\B[@.](?u:[^a]){1,2}\z", 8, None),
    (Some(r"\b(?:no|密)[:= ]{0,3}"), r"[0-9a-z]{2,12}\b", 24, None),
    (Some(r"(?i)\bkey[ :=]{1,4}"), r"[A-Za-z0-9_-]{8,40}", 64, Some(Validator::Entropy3)),
    (None, r"\b(?:[0-9][ -]?){12,18}[0-9]\b", 40, Some(Validator::PaymentCard)),
    (None, r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b", 15, Some(Validator::Ipv4Host)),
    (None, r"-----BEGIN [A-Z ]{0,20}KEY-----[A-Za-z0-9+/=\s]{2,900}-----END", 1000, None),
    (None, r"\bsk-[A-Za-z0-9_-]{4,200}", 40, None),
];

/// Those that end in an open run, which a match that reaches its cap takes along.
const OPEN: [usize; 2] = [0, 12];

/// What the fuzzer need not spell: bytes that are in no UTF-8 text stand for these.
const SNIPPETS: &[(u8, &str)] = &[
    (0xf8, "-----BEGIN KEY-----"),
    (0xf9, "-----END"),
    (0xfa, "密"),
    (0xfb, "key: "),
    (0xfc, "4111111111111111"),
    (0xfd, "203.0.113.7"),
    (0xfe, "sk-"),
    (0xff, "\\n"),
];

struct Toys {
    scanner: Scanner,
    labels: Labels,
    validators: Vec<Option<Validator>>,
    set: RuleSet,
    cache: RefCell<Cache>,
}

impl Toys {
    fn new() -> Toys {
        let pattern = |&(label, regex, cap, _): &(Option<&str>, &str, u32, Option<Validator>)| Pattern {
            id: regex.into(),
            regex: regex.into(),
            label: label.map(Into::into),
            behind: None,
            cap,
        };
        let patterns: Vec<Pattern> = RULES.iter().map(pattern).collect();
        let mut set = RuleSet::default();
        (0..RULES.len()).for_each(|rule| set.insert(rule));
        let scanner = Scanner::new(&patterns).unwrap();
        Toys {
            labels: Labels::new(&patterns),
            validators: RULES.iter().map(|rule| rule.3).collect(),
            cache: RefCell::new(scanner.cache()),
            scanner,
            set,
        }
    }

    fn mask(&self) -> RuleMask<'_> {
        RuleMask::new(&self.set, &self.validators, &self.labels)
    }

    fn whole(&self, text: &[u8]) -> Vec<Match> {
        let mut found = Vec::new();
        let cache = &mut self.cache.borrow_mut();
        self.scanner.scan(cache, text, &self.mask(), &mut Budget::default(), &mut found).unwrap();
        found
    }

    fn stream(&self, pieces: &[&[u8]]) -> Vec<Match> {
        let (mut stream, mut found) = (Stream::new(), Vec::<Match>::new());
        let cache = &mut self.cache.borrow_mut();
        let mut add = |next: Match| match found.last_mut() {
            // The rest of a match that goes on beyond its cap.
            Some(last) if last.start == next.start => {
                assert_eq!((last.rule, last.end), (next.rule, next.value));
                last.end = next.end;
            }
            _ => found.push(next),
        };
        for piece in pieces {
            stream.feed(&self.scanner, cache, piece, &self.mask(), |next, _| add(next));
            assert!(stream.held() <= 1000, "no more is held than the largest cap");
        }
        stream.finish(&self.scanner, cache, &self.mask(), |next, _| add(next));
        found
    }
}

thread_local! {
    static TOYS: Toys = Toys::new();
}

fuzz_target!(|input: &[u8]| {
    let Some((head, text)) = input.split_at_checked(2) else { return };
    let input = [head, &aegis_fuzz::expand(text, SNIPPETS)].concat();
    let Some((text, cuts)) = aegis_fuzz::cuts(&input) else { return };
    TOYS.with(|toys| {
        let whole = toys.whole(text);
        let mut behind = 0;
        for found in &whole {
            assert!(behind <= found.start && found.start <= found.value && found.value < found.end);
            let is_open = OPEN.contains(&usize::from(found.rule));
            assert!(is_open || found.end - found.start <= u64::from(RULES[usize::from(found.rule)].2));
            behind = found.end;
        }
        assert!(behind <= text.len() as u64);
        for pieces in cuts {
            assert_eq!(toys.stream(&pieces), whole);
        }
    });
});
