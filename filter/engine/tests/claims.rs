//! `filter/rules/claims`: what the catalogue claims to find of personal data, and how much of it it finds in texts of
//! others. `AEGIS_EVAL_DATA` names the folder that has them; they are not part of the project.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy.toml lifts them in #[test] functions only")]

mod labelled;

use aegis_engine::{Engine, MasterKey, Site, builtin_rules, compile};
use aegis_policy::{Direction, Policy, Preset, Slot};
use aegis_scanner::{Budget, Match};
use labelled::{Span, rows};
use regex::Regex;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Families whose rules are about people, money and machines.
const FAMILIES: [&str; 6] = ["crypto", "finance", "health", "national_ids", "network", "pii"];

/// Bytes in front of a value and behind it in which a word of its kind stands.
const BEFORE: usize = 60;
const BEHIND: usize = 40;

/// The least share of claimed values that the default policy covers wholly.
const COVERED: f64 = 0.95;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    claim: Vec<Claim>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    kinds: Vec<String>,
    types: Vec<String>,
    #[serde(default, with = "patterns")]
    forms: Vec<Regex>,
    #[serde(default, with = "patterns")]
    except: Vec<Regex>,
    #[serde(default)]
    words: Vec<String>,
}

mod patterns {
    use super::{Deserialize, Regex};
    use serde::{Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Regex>, D::Error> {
        let sources = Vec::<String>::deserialize(deserializer)?;
        sources.iter().map(|source| Regex::new(source).map_err(D::Error::custom)).collect()
    }
}

// === impl Claim ===

impl Claim {
    /// Whether the value that stands at `span` of `text` is claimed.
    fn holds(&self, text: &str, span: &Span) -> bool {
        let value = text.get(span.bstart..span.bend).unwrap();
        let is = |forms: &[Regex]| forms.iter().any(|form| form.is_match(value));
        let anywhere = self.forms.is_empty() && self.words.is_empty();
        !is(&self.except) && (anywhere || is(&self.forms) || self.is_named(text, span))
    }

    /// Whether one of the words stands near, on the same line.
    fn is_named(&self, text: &str, span: &Span) -> bool {
        let (before, behind) = (text.get(..span.bstart).unwrap(), text.get(span.bend..).unwrap());
        let before = before.get(before.floor_char_boundary(before.len().saturating_sub(BEFORE))..).unwrap();
        let behind = behind.get(..behind.floor_char_boundary(BEHIND)).unwrap();
        let line = [before.rsplit('\n').next().unwrap(), behind.split('\n').next().unwrap()];
        let near = line.map(str::to_lowercase);
        self.words.iter().any(|word| near.iter().any(|near| begins_word(near, word)))
    }
}

/// What a policy of this preset finds in a prompt.
fn finder(preset: Preset) -> impl FnMut(&str) -> Vec<Match> {
    let key = MasterKey::from_hex(&"31".repeat(32)).unwrap();
    let policy = Policy { preset, ..Policy::default() };
    let engine = Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap();
    let mut caches = engine.caches();
    move |text| {
        let mut found = Vec::new();
        let site = Site::of(Direction::Request, Slot::User);
        engine.detect(&mut caches, site, text.as_bytes(), &mut Budget::default(), &mut found).unwrap();
        found
    }
}

/// Whether `word` stands in `text`, and not behind a letter.
fn begins_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|before| before.is_ascii_alphabetic())
    })
}

fn claims() -> Vec<Claim> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/claims/personal.toml");
    toml::from_str::<Claims>(&std::fs::read_to_string(path).unwrap()).unwrap().claim
}

#[test]
fn every_kind_about_people_is_claimed() {
    let claims = claims();
    let claimed: HashSet<&str> = claims.iter().flat_map(|claim| &claim.kinds).map(String::as_str).collect();
    let rules = builtin_rules().unwrap();
    let is_personal = |family: &str| FAMILIES.contains(&family.split('.').next().unwrap_or_default());
    let personal: HashSet<&str> =
        rules.iter().filter(|rule| is_personal(&rule.family)).map(|rule| rule.kind.as_str()).collect();
    let missing: Vec<_> = personal.difference(&claimed).collect();
    assert!(missing.is_empty(), "no claim names {missing:?}");
    let unknown: Vec<_> = claimed.difference(&personal).collect();
    assert!(unknown.is_empty(), "no rule finds {unknown:?}");
    let mut types = HashSet::new();
    assert!(claims.iter().flat_map(|claim| &claim.types).all(|name| types.insert(name)));
}

#[test]
fn words_are_seen_in_front_and_behind_on_the_line_only() {
    let claim = Claim {
        kinds: vec![],
        types: vec![],
        forms: vec![Regex::new("^7").unwrap()],
        except: vec![Regex::new("^77").unwrap()],
        words: vec!["pin".into()],
    };
    let holds = |text: &str| {
        let at = text.find(|c: char| c.is_ascii_digit()).unwrap();
        claim.holds(text, &Span { bstart: at, bend: at + 4, ..Span::default() })
    };
    assert!(holds("my PIN is 1234") && holds("1234 is my pin") && holds("7123"));
    assert!(!holds("1234") && !holds("pin:\n1234") && !holds("spin 1234") && !holds("pin 7712"));
}

#[test]
fn what_is_claimed_is_found_in_texts_of_others() {
    let Some(rows) = rows("pii.jsonl", "positive") else { return };
    let claims = claims();
    let mut find = [Preset::Default, Preset::Strict].map(finder);
    // By type: values, claimed ones, covered ones of these, and of all those that the strict preset covers.
    let mut counts: BTreeMap<String, [u32; 4]> = BTreeMap::new();
    for row in rows {
        let [found, strictly] = find.each_mut().map(|find| find(&row.text));
        for span in &row.spans {
            let claim = claims.iter().find(|claim| claim.types.contains(&span.r#type));
            let claimed = claim.is_some_and(|claim| claim.holds(&row.text, span));
            let [all, of_claimed, of_covered, of_strict] = counts.entry(span.r#type.clone()).or_default();
            *all += 1;
            *of_claimed += u32::from(claimed);
            *of_covered += u32::from(claimed && span.is_covered(&found));
            *of_strict += u32::from(span.is_covered(&strictly));
        }
    }
    let total = |at: usize| counts.values().filter_map(|row| row.get(at)).sum::<u32>();
    for (name, [all, claimed, covered, strict]) in &counts {
        println!("{name:28} {all:4} values, {claimed:4} claimed, {covered:4} covered; {strict:4} by strict");
    }
    let (claimed, covered) = (total(1), total(2));
    println!("{} values, {claimed} claimed, {covered} covered; {} by strict", total(0), total(3));
    assert!(total(3) > covered, "the strict preset finds more");
    assert!(claimed * 2 > total(0), "a claim that names little says little");
    assert!(f64::from(covered) >= COVERED * f64::from(claimed), "{covered} of {claimed}");
}
