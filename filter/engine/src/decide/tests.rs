use super::*;
use crate::catalogue::builtin_rules;
use aegis_policy::Policy;

const PRESETS: [Preset; 3] = [Preset::Relaxed, Preset::Default, Preset::Strict];
const LEVELS: [Level; 3] = [Level::Low, Level::Medium, Level::High];

fn rule(family: &str, severity: Severity, confidence: Confidence) -> Rule {
    let mut rule = builtin_rules().unwrap().into_iter().find(|rule| rule.id == "email").unwrap();
    (rule.family, rule.severity, rule.confidence) = (family.to_owned(), severity, confidence);
    rule
}

fn policy(exceptions: Vec<Override>) -> CompiledPolicy {
    CompiledPolicy { rules: exceptions, ..CompiledPolicy::default() }
}

fn here(policy: &CompiledPolicy, rule: &Rule) -> Disposition {
    decide(policy, rule, false, Direction::Request, Slot::User)
}

/// The built-in rules that act, by id.
fn acting(preset: Preset, level: Level) -> Vec<String> {
    let rules = builtin_rules().unwrap();
    rules.into_iter().filter(|rule| acts(preset, level, rule)).map(|rule| rule.id).collect()
}

#[test]
fn every_preset_and_level_has_one_row() {
    for preset in PRESETS {
        for level in LEVELS {
            assert_eq!(THRESHOLDS.iter().filter(|row| (row.0, row.1) == (preset, level)).count(), 1);
        }
    }
}

#[test]
fn higher_levels_and_stricter_presets_find_more() {
    let contains = |more: &[String], less: &[String]| less.iter().all(|id| more.contains(id));
    for preset in PRESETS {
        let [low, medium, high] = LEVELS.map(|level| acting(preset, level));
        assert!(contains(&medium, &low) && contains(&high, &medium), "{preset:?}");
        assert!(low.len() < high.len(), "{preset:?}");
    }
    for level in LEVELS {
        let [relaxed, default, strict] = PRESETS.map(|preset| acting(preset, level));
        assert!(relaxed.len() < default.len() && default.len() < strict.len(), "{level:?}");
        assert!(contains(&strict, &default), "{level:?}");
    }
}

#[test]
fn relaxed_is_about_credentials_and_strict_about_everything() {
    let relaxed = acting(Preset::Relaxed, Level::Medium);
    for id in ["openai-api-key", "github-token", "private-key-pem", "jwt", "seed-phrase", "wallet-import-key"]
    {
        assert!(relaxed.iter().any(|one| one == id), "{id}");
    }
    for id in ["email", "ipv4", "phone-e164", "payment-card", "us-ssn"] {
        assert!(!relaxed.iter().any(|one| one == id), "{id}");
    }
    assert_eq!(acting(Preset::Strict, Level::Medium).len(), builtin_rules().unwrap().len());
    let default = acting(Preset::Default, Level::Medium);
    for rule in builtin_rules().unwrap() {
        assert_eq!(default.contains(&rule.id), rule.confidence != Confidence::Low, "{}", rule.id);
    }
}

#[test]
fn levels_move_thresholds() {
    let acts = |level, severity, confidence| acts(Preset::Default, level, &rule("pii", severity, confidence));
    assert!(!acts(Level::Low, Severity::Low, Confidence::High));
    assert!(acts(Level::Low, Severity::Medium, Confidence::High));
    assert!(!acts(Level::Low, Severity::Medium, Confidence::Medium));
    assert!(acts(Level::Medium, Severity::Low, Confidence::Medium));
    assert!(!acts(Level::Medium, Severity::Critical, Confidence::Low));
    assert!(acts(Level::High, Severity::High, Confidence::Low));
}

#[test]
fn the_last_exception_that_fits_counts() {
    let mail = rule("pii.mail", Severity::Medium, Confidence::High);
    let family = |family: &str, action| Override {
        family: Some(family.to_owned()),
        ..Override::everywhere(None, action)
    };
    assert_eq!(here(&policy(vec![]), &mail), Disposition::Redact);
    let (all, pii) = (Override::everywhere(None, Disposition::Allow), family("pii", Disposition::Block));
    assert_eq!(here(&policy(vec![all.clone(), pii.clone()]), &mail), Disposition::Block);
    assert_eq!(here(&policy(vec![pii.clone(), all]), &mail), Disposition::Allow);
    assert_eq!(here(&policy(vec![family("pi", Disposition::Allow)]), &mail), Disposition::Redact);
    let kind = Override { kind: Some("CARD".into()), ..pii };
    assert_eq!(here(&policy(vec![kind]), &mail), Disposition::Redact, "both must fit");
}

#[test]
fn exceptions_hold_in_their_places_and_rules_act_in_theirs() {
    let mut mail = rule("pii", Severity::Medium, Confidence::High);
    let mut exception = Override::everywhere(Some("email"), Disposition::Block);
    exception.slots = vec![Slot::ToolResult];
    exception.directions = vec![Direction::Request];
    let policy = policy(vec![exception]);
    let at = |rule: &Rule, direction, slot| decide(&policy, rule, false, direction, slot);
    assert_eq!(at(&mail, Direction::Request, Slot::ToolResult), Disposition::Block);
    assert_eq!(at(&mail, Direction::Request, Slot::User), Disposition::Redact);
    assert_eq!(at(&mail, Direction::Response, Slot::ToolResult), Disposition::Redact);
    mail.slots = vec![Slot::User];
    assert_eq!(at(&mail, Direction::Request, Slot::ToolResult), Disposition::Allow);
}

#[test]
fn exceptions_and_custom_rules_do_not_ask_the_preset() {
    let weak = rule("pii", Severity::Low, Confidence::Low);
    let relaxed = CompiledPolicy { preset: Preset::Relaxed, level: Level::Low, ..CompiledPolicy::default() };
    assert_eq!(here(&relaxed, &weak), Disposition::Allow);
    assert_eq!(decide(&relaxed, &weak, true, Direction::Request, Slot::User), Disposition::Redact);
    let named =
        CompiledPolicy { rules: vec![Override::everywhere(Some("email"), Disposition::Sanitize)], ..relaxed };
    assert_eq!(here(&named, &weak), Disposition::Sanitize);
}

#[test]
fn decisions_know_every_place() {
    let rules = builtin_rules().unwrap();
    let policy = CompiledPolicy::without_values(&Policy::only(&["github-token"]));
    let decisions = Decisions::new(&policy, &rules, |_| false);
    let token = rules.iter().position(|rule| rule.id == "github-token").unwrap();
    for direction in [Direction::Request, Direction::Response] {
        for slot in Slot::ALL {
            let acting = decisions.acting(direction, slot).unwrap();
            for index in 0..rules.len() {
                let index = RuleIndex::try_from(index).unwrap();
                assert_eq!(acting.contains(index), usize::from(index) == token);
                let redacted = decisions.get(direction, slot, index) == Disposition::Redact;
                assert_eq!(redacted, usize::from(index) == token);
            }
        }
    }
}
