//! The whole catalogue: what it promises to hold, and that every rule finds its kind wherever a value may stand.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use aegis_engine::{Engine, MasterKey, Site, builtin_rules, compile};
use aegis_policy::{Confidence, Direction, Policy, Preset, Rule, RuleFile, Slot, example};
use aegis_scanner::{Budget, Labels, Match, Pattern, RuleMask, RuleSet, Scanner, check_examples};
use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Kinds that placeholders have always been named by; configurations and prompts rely on the names.
const KINDS: &str = "EMAIL TOKEN PHONE SSN CARD CN_MOBILE CN_ID AWS_ACCESS_KEY GITHUB_TOKEN SLACK_TOKEN IBAN IPV4 IPV6 JWT \
    URL_TOKEN_QUERY COOKIE_SESSION PRIVATE_KEY_PEM AWS_SECRET_ACCESS_KEY BANK_ACCOUNT SWIFT_BIC ROUTING_NUMBER \
    PASSPORT_NO DRIVER_LICENSE_NO TAX_ID MAC_ADDRESS IMEI IMSI DEVICE_SERIAL CRYPTO_BTC_ADDR CRYPTO_ETH_ADDR \
    CRYPTO_SOL_ADDR CRYPTO_TRON_ADDR CRYPTO_WIF_KEY CRYPTO_XPRV CRYPTO_XPUB CRYPTO_SEED_PHRASE EXCHANGE_API_SECRET \
    NAME_FIELD GEO_FIELD DATE_EXACT_FIELD FAX_FIELD MEDICAL_RECORD_NO HEALTH_PLAN_BENEFICIARY_NO CERT_LICENSE_NO \
    VEHICLE_VIN VEHICLE_PLATE BIOMETRIC_TEMPLATE SYS_HOSTNAME SYS_USERNAME SYS_OS_VERSION SYS_KERNEL SYS_HOME_PATH \
    SYS_ENV_VAR SYS_DOCKER_ID SYS_K8S_RESOURCE SYS_INTERNAL_URL FIELD_SECRET AUTH_BEARER";

/// Texts around a value: name, what stands in front, what stands behind.
const CARRIERS: [(&str, &str, &str); 6] = [
    ("prose", "As agreed, here it comes: ", " and that is all."),
    ("json", "{\"note\": \"", "\", \"done\": true}"),
    ("code", "fn main() {\n    show(\"", "\");\n}\n"),
    ("yaml", "steps:\n  - note: ", "\n  - done: true\n"),
    ("log", "2024-05-06T07:08:09.123Z INFO worker[12]: got ", " (ok)\n"),
    ("chinese", "请看", "的值"),
];

/// Where a carrier cannot work for a rule: rule, carrier, why.
const IMPOSSIBLE: [(&str, &str, &str); 1] =
    [("name-field-ja-ko", "chinese", "a Japanese name in a Chinese sentence ends where no letter says so")];

fn rules() -> Vec<Rule> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let file = |path: &Path| toml::from_str::<RuleFile>(&fs::read_to_string(path).unwrap()).unwrap();
    paths.iter().flat_map(|path| file(path).into_rules()).collect()
}

/// What the rule alone finds in one of its own examples: the match with its label and all that is behind the value, if
/// something must be there, and where in it the value is.
fn planted(rule: &Rule, text: &str) -> (String, Range<u64>) {
    let pattern = Pattern::from(rule);
    let labels = Labels::new(std::slice::from_ref(&pattern));
    let scanner = Scanner::new(&[pattern]).unwrap();
    let mut set = RuleSet::default();
    set.insert(0);
    let validators = [rule.validator];
    let mask = RuleMask::new(&set, &validators, &labels);
    let mut found: Vec<Match> = Vec::new();
    let mut budget = Budget::default();
    scanner.scan(&mut scanner.cache(), text.as_bytes(), &mask, &mut budget, &mut found).unwrap();
    let first = found.first().unwrap_or_else(|| panic!("{}: nothing in an example", rule.id));
    let at = |offset: u64| usize::try_from(offset).unwrap();
    let until = if rule.behind.is_some() { text.len() } else { at(first.end) };
    (text[at(first.start)..until].to_owned(), first.value - first.start..first.end - first.start)
}

#[test]
fn all_kinds_have_a_rule() {
    let kinds: HashSet<String> = builtin_rules().unwrap().into_iter().map(|rule| rule.kind).collect();
    let missing: Vec<&str> = KINDS.split_whitespace().filter(|kind| !kinds.contains(*kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(KINDS.split_whitespace().count(), 58);
}

#[test]
fn every_rule_has_examples_of_both_kinds() {
    let rules = rules();
    assert_eq!(rules.len(), builtin_rules().unwrap().len(), "the embedded catalogue is not of these files");
    for rule in &rules {
        assert!(rule.matches.len() >= 2 && rule.no_matches.len() >= 2, "{}", rule.id);
        assert!(!rule.source.is_empty() && rule.description.ends_with('.'), "{}", rule.id);
    }
    // The build checks them as well; that check can fail.
    let rule = rules.first().unwrap();
    assert!(check_examples(std::slice::from_ref(rule)).is_ok());
    let lacking = |change: fn(&mut Rule)| {
        let mut rule = rule.clone();
        change(&mut rule);
        check_examples(&[rule]).is_err()
    };
    assert!(lacking(|rule| rule.matches.truncate(1)) && lacking(|rule| rule.no_matches.truncate(1)));
    assert!(lacking(|rule| rule.matches.push("nothing here".into())));
    assert!(lacking(|rule| rule.no_matches.extend(rule.matches.first().cloned())));
}

#[test]
fn every_kind_is_found_wherever_it_is_planted() {
    let rules = rules();
    // What acts in strict policies only would find the rest of a carrier as well.
    let acting = engine(Preset::Default);
    let strict = engine(Preset::Strict);
    let (mut acting_caches, mut strict_caches) = (acting.caches(), strict.caches());
    let mut failures = Vec::new();
    let mut impossible: HashSet<(&str, &str)> =
        IMPOSSIBLE.iter().map(|(rule, carrier, _)| (*rule, *carrier)).collect();
    // What a character does depends on its neighbours: those rules are tested where they stand.
    let in_requests = rules.iter().filter(|rule| rule.directions.contains(&Direction::Request));
    for rule in in_requests.filter(|rule| rule.family != "unicode") {
        let weak = rule.confidence == Confidence::Low;
        let (engine, caches) =
            if weak { (&strict, &mut strict_caches) } else { (&acting, &mut acting_caches) };
        for (number, text) in rule.matches.iter().enumerate() {
            let (sample, value) = planted(rule, &example::expand(text, &rule.id));
            for (carrier, before, behind) in CARRIERS {
                let text = format!("{before}{sample}{behind}");
                let (from, to) = (before.len() as u64, before.len() as u64 + value.end);
                let mut found: Vec<Match> = Vec::new();
                let mut budget = Budget::default();
                let site = Site::of(Direction::Request, Slot::User);
                engine.detect(caches, site, text.as_bytes(), &mut budget, &mut found).unwrap();
                let intact = found.iter().all(|one| one.value >= from && one.end <= to);
                if covers(&found, from + value.start, to) && intact {
                    continue;
                }
                if !IMPOSSIBLE.iter().any(|(id, name, _)| *id == rule.id && *name == carrier) {
                    let ids =
                        found.iter().filter_map(|one| engine.rule(one.rule)).map(|rule| rule.id.as_str());
                    failures.push(format!("{} {number} {carrier} {:?}", rule.id, ids.collect::<Vec<_>>()));
                }
                impossible.remove(&(rule.id.as_str(), carrier));
            }
        }
    }
    assert!(failures.is_empty(), "{} plants:\n{}", failures.len(), failures.join("\n"));
    assert!(impossible.is_empty(), "these are possible after all: {impossible:?}");
}

/// An engine in which these rules act.
fn engine(preset: Preset) -> Engine {
    let key = MasterKey::from_hex(&"77".repeat(32)).unwrap();
    let policy = Policy { preset, ..Policy::default() };
    Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap()
}

/// Whether what is replaced covers the bytes from `from` to `to`.
fn covers(found: &[Match], from: u64, to: u64) -> bool {
    let mut at = from;
    for one in found {
        if one.value <= at && one.end > at {
            at = one.end;
        }
    }
    at >= to
}
