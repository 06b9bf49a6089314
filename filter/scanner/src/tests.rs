//! The scanner against a brute-force model, for random rules' texts and random cuts.

use crate::escaped::LOOKED_BACK;
use crate::{Accept, AcceptAll, Budget, Match, Pattern, RuleIndex, Scanner, Stream, compile, row};
use proptest::prelude::*;
use regex_automata::hybrid::dfa::{DFA, OverlappingState};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};

/// Rules built to overlap, nest, look around and outlive their caps.
const TOYS: &[(&str, u32)] = &[
    (r"\bab+c?\b", 6),
    (r"abab", 4),
    (r"\bb[ab]{3,80}", 9),
    (r"(?m)^c[a-c .@\n-]{1,30}a$", 20),
    (r"ca\B", 2),
    (r"aa\b", 2),
    (r"\ba[ab.]*@[ab]+\.(?:ab|c)\b", 14),
    (r"c密", 4),
    (r"\B[@.](?u:[^a]){1,2}\z", 8),
];

/// Real shapes, as the catalogue has them.
const REAL: &[(&str, u32)] = &[
    (r"\b[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,64}){1,4}\b", 128),
    (r"\bsk-[A-Za-z0-9_-]{20,200}", 203),
    (r"\b(?:[0-9][ -]?){12,18}[0-9]\b", 40),
    (r"-----BEGIN [A-Z ]{0,20}KEY-----[A-Za-z0-9+/=\s]{10,4000}-----END", 4100),
    (r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b", 15),
];

/// Rejects by length and content, as checksums do.
struct Picky;

impl Accept for Picky {
    fn acts(&self, _rule: RuleIndex) -> bool {
        true
    }

    fn accept(&self, rule: RuleIndex, text: &[u8]) -> Option<std::ops::Range<usize>> {
        let length = !(text.len() + usize::from(rule)).is_multiple_of(3);
        let content = text.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) % 5 != 1;
        (length && content).then_some(0..text.len())
    }
}

fn patterns(rules: &[(&str, u32)]) -> Vec<Pattern> {
    rules
        .iter()
        .map(|&(regex, cap)| Pattern {
            id: regex.into(),
            regex: regex.into(),
            label: None,
            behind: None,
            cap,
        })
        .collect()
}

/// Leftmost-longest by trying every start, with one stock DFA per rule that reports every end.
struct Model {
    rules: Vec<(DFA, u32)>,
    /// Of rules that end in an open run: the pattern up to there, and the bytes of the run.
    tails: Vec<Option<(DFA, &'static [u8])>>,
}

/// The open runs of [`TOYS`] and [`REAL`].
const TAILS: &[(&str, &str, &[u8])] = &[
    (r"\bab+c?\b", r"\bab+", b"b"),
    (r"\bb[ab]{3,80}", r"\bb[ab]{3,}", b"ab"),
    (
        r"\bsk-[A-Za-z0-9_-]{20,200}",
        r"\bsk-[A-Za-z0-9_-]{20,}",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
    ),
    (
        r"\b[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,64}){1,4}\b",
        r"\b[a-z0-9][a-z0-9._%+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+){1,4}",
        b"abcdefghijklmnopqrstuvwxyz0123456789-",
    ),
];

impl Model {
    fn new(rules: &[(&str, u32)]) -> Model {
        let build = |pattern: &Pattern| {
            let hir = compile::compile(pattern).unwrap().hir;
            let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::None);
            let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).unwrap();
            let config = DFA::config().match_kind(MatchKind::All);
            (DFA::builder().configure(config).build_from_nfa(nfa).unwrap(), pattern.cap)
        };
        let tail = |rule: &Pattern| {
            let (_, head, run) = TAILS.iter().find(|(regex, ..)| *regex == rule.regex)?;
            let (dfa, _) = build(&Pattern { regex: (*head).into(), cap: 500, ..rule.clone() });
            Some((dfa, *run))
        };
        let rules = patterns(rules);
        Model { rules: rules.iter().map(build).collect(), tails: rules.iter().map(tail).collect() }
    }

    fn scan(&self, text: &[u8], accept: &dyn Accept) -> Vec<Match> {
        let mut found = vec![];
        let mut at = 0;
        while at < text.len() {
            let best = self
                .rules
                .iter()
                .enumerate()
                .filter_map(|(rule, (dfa, cap))| {
                    let rule = RuleIndex::try_from(rule).unwrap();
                    let fits = |&end: &usize| {
                        end - at <= *cap as usize
                            && !row::continues(&text[at..end], text[..at].iter().rev().copied())
                            && accept.accept(rule, &text[at..end]).is_some()
                    };
                    let longest = ends(dfa, text, at).into_iter().filter(fits).max();
                    let capped = self.capped(rule, *cap as usize, text, at, accept);
                    capped.map(|end| (rule, end, true)).or(longest.map(|end| (rule, end, false)))
                })
                .max_by_key(|&(rule, end, capped)| (end, capped, std::cmp::Reverse(rule)));
            match best {
                Some((rule, end, _)) => {
                    found.push(Match { rule, start: at as u64, value: at as u64, end: end as u64 });
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }

    /// Where the run ends in which a match from `at` reaches its cap.
    fn capped(
        &self,
        rule: RuleIndex,
        cap: usize,
        text: &[u8],
        at: usize,
        accept: &dyn Accept,
    ) -> Option<usize> {
        let (head, run) = self.tails[usize::from(rule)].as_ref()?;
        let capped = text.get(at..at + cap)?;
        let goes_on = |byte: &&u8| run.contains(byte);
        let is_in_run = text.get(at + cap).as_ref().is_some_and(goes_on)
            && ends(head, text, at).contains(&(at + cap + 1));
        let rest = text[at + cap..].iter().take_while(goes_on).count();
        let in_row = row::continues(capped, text[..at].iter().rev().copied());
        (is_in_run && !in_row && accept.accept(rule, capped).is_some()).then_some(at + cap + rest)
    }
}

fn ends(dfa: &DFA, text: &[u8], start: usize) -> Vec<usize> {
    let mut cache = dfa.create_cache();
    let mut state = OverlappingState::start();
    let input = Input::new(text).range(start..).anchored(Anchored::Yes);
    let mut ends = vec![];
    loop {
        dfa.try_search_overlapping_fwd(&mut cache, &input, &mut state).unwrap();
        match state.get_match() {
            Some(half) => ends.push(half.offset()),
            None => return ends,
        }
    }
}

fn scan(scanner: &Scanner, text: &[u8], accept: &dyn Accept) -> Vec<Match> {
    let mut found = vec![];
    scanner.scan(&mut scanner.cache(), text, accept, &mut Budget::default(), &mut found).unwrap();
    found
}

fn stream(scanner: &Scanner, pieces: &[&[u8]], accept: &dyn Accept) -> Vec<Match> {
    let mut cache = scanner.cache();
    let mut stream = Stream::new();
    let mut found: Vec<Match> = vec![];
    let text = pieces.concat();
    let mut collect = |next: Match, bytes: &[u8]| match found.last_mut() {
        // The rest of a match that goes on beyond its cap.
        Some(last) if next.start == last.start => {
            assert_eq!((next.rule, next.value), (last.rule, last.end));
            assert_eq!(bytes, slice(&text, Match { start: next.value, ..next }));
            last.end = next.end;
        }
        _ => {
            assert_eq!(bytes, slice(&text, next));
            found.push(next);
        }
    };
    for piece in pieces {
        stream.feed(scanner, &mut cache, piece, accept, &mut collect);
    }
    stream.finish(scanner, &mut cache, accept, &mut collect);
    found
}

fn cut<'a>(text: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut edges: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    edges.extend([0, text.len()]);
    edges.sort_unstable();
    edges.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

fn toy_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[abc]{1,6}", 1 => Just("密".to_owned()), 2 => "[ .@\n-]", 1 => Just("a.b@ab.c".to_owned()),
    ];
    proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

fn real_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z]{1,9} ",
        "[0-9]{1,19}[ .-]?",
        "([0-9]{4} ){1,6}",
        "([0-9]\\.){1,9}",
        Just("joe.doe@example.co.uk".to_owned()),
        "sk-[a-zA-Z0-9]{18,24}",
        Just("sk-".to_owned()),
        "(10|172|3)\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        Just("\n".to_owned()),
        Just("-----BEGIN RSA PRIVATE KEY-----\nQUJDREVGR0g\n-----END".to_owned()),
        "密码[ :]",
    ];
    proptest::collection::vec(word, 0..14).prop_map(|words| words.concat())
}

fn check(rules: &[(&str, u32)], text: &str, cuts: &[usize]) {
    let scanner = Scanner::new(&patterns(rules)).unwrap();
    let model = Model::new(rules);
    for accept in [&AcceptAll as &dyn Accept, &Picky] {
        let expected = model.scan(text.as_bytes(), accept);
        assert_eq!(scan(&scanner, text.as_bytes(), accept), expected, "whole: {text:?}");
        assert_eq!(stream(&scanner, &cut(text.as_bytes(), cuts), accept), expected, "cut {cuts:?}: {text:?}");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(stream(&scanner, &bytes, accept), expected, "byte by byte: {text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn toy_rules_match_the_model_for_any_cut(text in toy_text(), cuts in proptest::collection::vec(0usize..80, 0..5)) {
        check(TOYS, &text, &cuts);
    }

    #[test]
    fn real_rules_match_the_model_for_any_cut(text in real_text(), cuts in proptest::collection::vec(0usize..300, 0..5)) {
        check(REAL, &text, &cuts);
    }
}

fn escaped_text() -> impl Strategy<Value = String> {
    let escape = prop_oneof![
        Just(r"\n"),
        Just(r"\\"),
        Just(r"\"),
        Just("%3D"),
        Just("%"),
        Just(r"\u00e9"),
        Just(r"\u00"),
        Just(r"\x41"),
        Just(" "),
    ];
    (proptest::collection::vec((escape, real_text()), 0..6))
        .prop_map(|parts| parts.into_iter().map(|(escape, text)| escape.to_owned() + &text).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The model knows nothing of escape sequences, but the fast pass and any cut must agree on them.
    #[test]
    fn whole_and_cut_texts_agree_on_escape_sequences(
        text in escaped_text(), cuts in proptest::collection::vec(0usize..300, 0..6),
    ) {
        let scanner = Scanner::new(&patterns(REAL)).unwrap();
        for accept in [&AcceptAll as &dyn Accept, &Picky] {
            let whole = scan(&scanner, text.as_bytes(), accept);
            prop_assert_eq!(&stream(&scanner, &cut(text.as_bytes(), &cuts), accept), &whole);
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            prop_assert_eq!(&stream(&scanner, &bytes, accept), &whole);
        }
    }
}

/// Rules whose every undecided start is decided within four more bytes.
const SHORT: &[(&str, u32)] =
    &[(r"abab", 4), (r"\bab{1,3}c?\b", 6), (r"ca\B", 2), (r"aa\b", 2), (r"bb[abc ]a", 4)];

/// All texts of up to four letters.
fn continuations() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..4 {
        let until = all.len();
        for index in from..until {
            all.extend(["a", "b", "c", " "].map(|letter| all[index].clone() + letter));
        }
        from = until;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// Whatever follows, what is settled stays decided; and if anything is held, what follows decides it.
    #[test]
    fn exactly_the_undecided_text_is_held(text in "[abc ]{1,9}") {
        let scanner = Scanner::new(&patterns(SHORT)).unwrap();
        let model = Model::new(SHORT);
        let mut cache = scanner.cache();
        let mut stream = Stream::new();
        stream.feed(&scanner, &mut cache, text.as_bytes(), &AcceptAll, |_, _| {});
        let settled = stream.settled();
        let outcomes: Vec<(Vec<Match>, Option<Match>)> = continuations()
            .iter()
            .map(|more| {
                let found = model.scan((text.clone() + more).as_bytes(), &AcceptAll);
                let decided = found.iter().copied().filter(|one| one.start < settled).collect();
                (decided, found.into_iter().find(|one| one.start == settled))
            })
            .collect();
        let (first, rest) = outcomes.split_first().unwrap();
        prop_assert!(rest.iter().all(|(decided, _)| *decided == first.0), "{text:?} is settled to {settled}");
        if settled < text.len() as u64 {
            let undecided = rest.iter().any(|(_, at_settled)| *at_settled != first.1);
            prop_assert!(undecided, "{text:?} is held from {settled} although nothing can change there");
        }
    }
}

#[test]
fn streams_survive_a_clear_of_the_shared_cache() {
    let scanner = Scanner::new(&patterns(REAL)).unwrap();
    let text = b"mail joe.doe@example.co.uk, card 4111 1111 1111 1111, ip 10.20.30.40, key sk-abcdefghijklmnopqrstuvw";
    let expected = scan(&scanner, text, &AcceptAll);
    assert_eq!(expected.len(), 4);
    for split in 0..text.len() {
        let mut cache = scanner.cache();
        let mut stream = Stream::new();
        let mut found = vec![];
        stream.feed(&scanner, &mut cache, &text[..split], &AcceptAll, |next, _| found.push(next));
        cache.clear();
        stream.feed(&scanner, &mut cache, &text[split..], &AcceptAll, |next, _| found.push(next));
        stream.finish(&scanner, &mut cache, &AcceptAll, |next, _| found.push(next));
        assert_eq!(found, expected, "split at {split}");
    }
}

#[test]
fn nothing_is_held_when_no_match_is_open() {
    let scanner = Scanner::new(&patterns(&[(r"\{\{AG_[A-Z]{1,9}\}\}", 20)])).unwrap();
    let mut cache = scanner.cache();
    let mut stream = Stream::new();
    let text = "fn main() { println!(\"{x}\"); } // {{AG_KEY}} {{AG_ 密";
    let mut held = vec![];
    for byte in text.as_bytes() {
        stream.feed(&scanner, &mut cache, &[*byte], &AcceptAll, |_, _| {});
        held.push(stream.held());
    }
    let longest = held.iter().max().unwrap();
    assert_eq!(*longest, "{{AG_KEY}".len());
    assert_eq!(held.last(), Some(&0));
    assert_eq!(held[3], 0);
}

#[test]
fn a_text_of_one_repeated_byte_costs_one_thread() {
    let scanner = Scanner::new(&patterns(REAL)).unwrap();
    let mut cache = scanner.cache();
    let mut stream = Stream::new();
    for _ in 0..1000 {
        stream.feed(&scanner, &mut cache, &[b'a'; 64], &AcceptAll, |_, _| panic!("no match"));
    }
    assert!(stream.held() <= 128, "the e-mail rule's cap bounds what is held");
    assert!(cache.states() < 500);
}

fn slice(text: &[u8], found: Match) -> &[u8] {
    let at = |offset: u64| usize::try_from(offset).unwrap();
    &text[at(found.start)..at(found.end)]
}

/// Rejects everything, and counts what it had to read.
#[derive(Default)]
struct Never {
    read: std::cell::Cell<usize>,
}

impl Accept for Never {
    fn acts(&self, _rule: RuleIndex) -> bool {
        true
    }

    fn accept(&self, _rule: RuleIndex, text: &[u8]) -> Option<std::ops::Range<usize>> {
        self.read.set(self.read.get() + text.len());
        None
    }
}

#[test]
fn rejected_candidates_cost_a_bounded_amount_and_then_count() {
    let scanner = Scanner::new(&patterns(REAL)).unwrap();
    let text = "sk-".repeat(10_000);
    let accept = Never::default();
    let whole = scan(&scanner, text.as_bytes(), &accept);
    assert!(accept.read.get() < 20 * text.len() + (1 << 20), "{} bytes were read", accept.read.get());
    assert!(!whole.is_empty(), "what cannot be checked any more must be redacted");
    let halves = text.as_bytes().split_at(12_345);
    assert_eq!(stream(&scanner, &[halves.0, halves.1], &Never::default()), whole);
}

#[test]
fn a_run_of_backslashes_is_looked_back_at_a_few_times_only() {
    let run = r"\".repeat(1 << 16);
    let in_pairs = r"\\\\abc".repeat(1 << 13);
    let texts = [run.clone(), format!("%{run}n10.20.30.40"), in_pairs, format!("{run}abc:")];
    let of_runs = [(r"\\{4}", 4), (r"\\\\[a-z]{3}:", 6)];
    // In a run there is nothing to find, or something at every other place.
    for rules in [REAL.to_vec(), [REAL, &of_runs].concat()] {
        let scanner = Scanner::new(&patterns(&rules)).unwrap();
        for (name, text) in texts.iter().enumerate() {
            LOOKED_BACK.set(0);
            let whole = scan(&scanner, text.as_bytes(), &AcceptAll);
            let looked = LOOKED_BACK.take();
            assert!(looked <= 8 * text.len(), "{looked} bytes, text {name}");
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(997).collect();
            assert_eq!(stream(&scanner, &pieces, &AcceptAll), whole);
            let looked = LOOKED_BACK.take();
            assert!(looked <= 8 * text.len(), "{looked} bytes, text {name} in pieces");
        }
    }
}

#[test]
fn a_match_begins_behind_an_escape_sequence_that_is_text() {
    let scanner =
        Scanner::new(&patterns(&[(r"\bAKIA[A-Z]{4}\b", 8), (r"\b[a-z]{2,9}@[a-z]+\b", 40)])).unwrap();
    for (text, expected) in [
        (r"keys:\nAKIAABCD\n", Some(7)),
        (r"\u00e9AKIAABCD", Some(6)),
        ("key%3DAKIAABCD&", Some(6)),
        (r"to:\njoe@corp", Some(5)),
        (r"C:\\nAKIAABCD", None),
        (r"joe@corp \nAKIAABCD", Some(0)),
        ("nAKIAABCD", None),
    ] {
        let found = scan(&scanner, text.as_bytes(), &AcceptAll);
        assert_eq!(found.first().map(|one| one.start), expected, "{text}");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(stream(&scanner, &bytes, &AcceptAll), found, "{text}");
    }
}

#[test]
fn a_second_match_behind_an_escape_sequence_is_found_too() {
    let scanner = Scanner::new(&patterns(REAL)).unwrap();
    for gap in [r"\n", r" \n", r"  \n", r"\\\n", "%20", r" \u0020", r"\t\t", r". \x20"] {
        let text = format!("{gap}4111 1111 1111 1111{gap}10.20.30.40{gap}10.20.30.40{gap}");
        let found = scan(&scanner, text.as_bytes(), &AcceptAll);
        assert_eq!(found.len(), 3, "{text}: {found:?}");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(stream(&scanner, &bytes, &AcceptAll), found, "{text}");
    }
}

#[test]
fn what_is_longer_than_its_cap_is_taken_along() {
    let scanner =
        Scanner::new(&patterns(&[(r"\bsk-[a-z0-9]{20,200}\b", 203), (r"\b[a-z]{2,8}=", 9)])).unwrap();
    for len in [200, 201, 500, 5000] {
        let text = format!("key=sk-{} name=x", "a1".repeat(len / 2));
        let found = scan(&scanner, text.as_bytes(), &AcceptAll);
        assert_eq!(found.len(), 3, "{len}");
        assert_eq!((found[1].start, found[1].end), (4, 7 + len as u64 / 2 * 2));
        for cut in [1, 7, 250] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(cut).collect();
            assert_eq!(stream(&scanner, &pieces, &AcceptAll), found);
        }
    }
}

#[test]
fn no_more_is_held_of_a_long_match_than_its_cap() {
    let scanner = Scanner::new(&patterns(&[(r"\bsk-[a-z0-9]{20,200}", 203)])).unwrap();
    let (mut cache, mut stream) = (scanner.cache(), Stream::new());
    let (mut most, mut reported) = (0, 0);
    let text = format!("key=sk-{} and more", "a1".repeat(1 << 20));
    for piece in text.as_bytes().chunks(64) {
        stream.feed(&scanner, &mut cache, piece, &AcceptAll, |next, bytes| {
            reported += bytes.len();
            assert_eq!(next.start, 4);
        });
        most = most.max(stream.held());
    }
    assert_eq!(reported, text.len() - "key= and more".len());
    assert!(most <= 203 + 64, "{most} bytes were held");
    assert_eq!(stream.settled(), text.len() as u64);
}

#[test]
fn a_row_of_numbers_has_no_match_inside() {
    let scanner = Scanner::new(&patterns(&[
        (r"\b(?:[0-9]{4}[ -]?){3}[0-9]{4}\b", 19),
        (r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b", 15),
    ]))
    .unwrap();
    for (text, expected) in [
        ("0.4111111111111111", None),
        ("12 4111111111111111", Some(3)),
        ("99 4111 1111 1111 1111", Some(3)),
        ("0001 0002 0003 4111", Some(0)),
        ("1.3.6.1.4.1.99.2.100", Some(0)),
        ("x1.3.6.1.4", None),
        ("v 10.0.0.1", Some(2)),
    ] {
        let found = scan(&scanner, text.as_bytes(), &AcceptAll);
        assert_eq!(found.first().map(|one| one.start), expected, "{text}");
        assert!(found.len() <= 1, "{text}: {found:?}");
        for cut in [1, 2, 5] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(cut).collect();
            assert_eq!(stream(&scanner, &pieces, &AcceptAll), found, "{text}");
        }
    }
}

#[test]
fn the_earlier_rule_has_the_match_although_it_needs_no_word_boundary() {
    let scanner = Scanner::new(&patterns(&[(r"\bab+", 9), (r"\bab+\b", 9)])).unwrap();
    for text in ["abb c", "abb"] {
        let found = scan(&scanner, text.as_bytes(), &AcceptAll);
        assert_eq!(found, [Match { rule: 0, start: 0, value: 0, end: 3 }]);
        assert_eq!(stream(&scanner, &[b"ab", &text.as_bytes()[2..]], &AcceptAll), found);
    }
}

#[test]
fn what_stands_behind_a_value_is_kept_for_any_cut() {
    let pattern = Pattern {
        id: "r".into(),
        regex: r"\b[0-9]{4,9}".into(),
        label: None,
        behind: Some(r"(?:,| is) my (?:card|pin)\b".into()),
        cap: 40,
    };
    let text = "code 1234, my name; 55667 is my pin, 998877, my card is 1234 is my pint";
    let labels = crate::Labels::new(std::slice::from_ref(&pattern));
    let scanner = Scanner::new(&[pattern]).unwrap();
    let (mut rules, validators) = (crate::RuleSet::default(), [None]);
    rules.insert(0);
    let mask = crate::RuleMask::new(&rules, &validators, &labels);
    let whole = scan(&scanner, text.as_bytes(), &mask);
    let values: Vec<_> = whole.iter().map(|one| one.value..one.end).collect();
    assert_eq!(values, [20..25, 37..43]);
    for at in 0..=text.len() {
        assert_eq!(stream(&scanner, &cut(text.as_bytes(), &[at]), &mask), whole, "cut at {at}");
    }
}
