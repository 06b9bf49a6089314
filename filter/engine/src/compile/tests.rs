use super::*;
use serde_json::{Value, json};

fn key() -> MasterKey {
    MasterKey::from_hex(&"21".repeat(32)).unwrap()
}

fn document(members: Value) -> Policy {
    let mut document = json!({ "version": 1, "name": "test" });
    let members: serde_json::Map<String, Value> = serde_json::from_value(members).unwrap();
    document.as_object_mut().unwrap().extend(members);
    serde_json::from_value(document).unwrap()
}

fn rule(id: &str, pattern: &str) -> Value {
    json!({
        "id": id, "kind": "ORDER", "description": "Orders.", "source": "own", "pattern": pattern, "cap": 400,
        "severity": "high", "match": ["ORD-123456", "x ORD-000000"], "no_match": ["ORD-1", "order"],
    })
}

/// The problems of a policy with these members, as text.
fn problems(members: Value) -> Vec<String> {
    let Err(Problems(problems)) = compile(&document(members), &key()) else { return vec![] };
    problems.iter().map(Problem::to_string).collect()
}

fn only_problem(members: Value) -> String {
    let mut problems = problems(members);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn exceptions_must_fit_a_rule() {
    assert_eq!(
        only_problem(json!({ "rules": [{ "action": "allow" }, { "rule": "emial", "action": "block" }] })),
        "rules[1].rule: there is no rule `emial`; the folder of rules has all names"
    );
    let problem = only_problem(json!({ "rules": [{ "rule": "openai-key", "action": "block" }] }));
    assert!(problem.contains("perhaps you mean") && problem.contains("`openai-api-key`"), "{problem}");
    let problem = only_problem(json!({ "rules": [{ "family": "secret", "action": "block" }] }));
    assert!(problem.starts_with("rules[0].family: there is no family `secret`; perhaps"), "{problem}");
    let problem = only_problem(json!({ "rules": [{ "kind": "EMAILS", "action": "block" }] }));
    assert!(problem.starts_with("rules[0].kind: ") && problem.contains("`EMAIL`"), "{problem}");
    let problem = only_problem(json!({ "rules": [{ "rule": "email", "kind": "CARD", "action": "block" }] }));
    assert!(problem.starts_with("rules[0]: no rule fits all"), "{problem}");
    let custom = json!({ "custom_rules": [rule("order", r"\bORD-[0-9]{6}")],
                         "rules": [{ "rule": "order", "action": "block" }] });
    assert_eq!(problems(custom), Vec::<String>::new());
}

#[test]
fn custom_rules_get_the_checks_of_built_in_rules() {
    for (rule, problem) in [
        (rule("email", r"\bORD-[0-9]{6}"), "custom_rules[0].id: `email` is a built-in rule"),
        (rule("order", r"\bORD-[0-9]{7}"), "custom_rules[0]: match example 0: nothing was found"),
        (rule("order", r"\bORD-[0-9]+"), "custom_rules[0]: no_match example 0: something was found"),
        (rule("order", r"ORD-[0-9]{6}|"), "custom_rules[0]: the pattern matches the empty text"),
        (rule("order", r"(ORD"), "custom_rules[0]: the pattern is not valid"),
    ] {
        let found = only_problem(json!({ "custom_rules": [rule] }));
        assert!(found.starts_with(problem), "{found}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let found = problems(json!({
        "name": "", "rules": [{ "rule": "nope", "action": "allow" }], "allow": { "keys": ["token"] },
        "custom_rules": [rule("a", "(")],
    }));
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn too_large_a_set_of_rules_is_refused() {
    let unrolled = |index: usize| {
        let pattern = format!(r"\bORD-[0-9]{{6}}(?:(?:ab|cd|ef){{{}}}x)?", 400 + index);
        let mut rule = rule(&format!("order-{index}"), &pattern);
        rule["cap"] = json!(8000);
        rule
    };
    let rules: Vec<Value> = (0..100).map(unrolled).collect();
    let found = only_problem(json!({ "custom_rules": rules }));
    assert!(
        found.contains("exceed the automaton's budget") && found.ends_with("use fewer or simpler rules"),
        "{found}"
    );
}

#[test]
fn allowed_patterns_must_be_patterns() {
    for (pattern, problem) in [
        ("(", "allow.patterns[1]: not a regular expression"),
        (".*", "allow.patterns[1]: the pattern matches the empty text"),
        (r"(?u:\b)x", "allow.patterns: "),
    ] {
        let found = only_problem(json!({ "allow": { "patterns": ["fine", pattern] } }));
        assert!(found.starts_with(problem), "{found}");
    }
}

#[test]
fn what_is_compiled_shows_no_value() {
    let policy = document(json!({
        "allow": { "values": ["support@corp.example", "support@corp.example"], "keys": ["User_ID"] },
        "exact_values": [{ "name": "projects", "kind": "PROJECT", "values": ["Project Nightjar"] }],
        "custom_rules": [rule("order", r"\bORD-[0-9]{6}")],
    }));
    let compiled = compile(&policy, &key()).unwrap();
    let json = serde_json::to_string(&compiled).unwrap();
    assert!(!json.contains("support") && !json.contains("Nightjar") && !json.contains("123456"), "{json}");
    assert_eq!((compiled.allow.values.len(), compiled.allow.values[0].0), (1, 20));
    assert_eq!(compiled.allow.keys, ["user_id"]);
    assert_eq!(serde_json::from_str::<CompiledPolicy>(&json).unwrap(), compiled);
}

#[test]
fn another_key_is_refused() {
    let policy = document(json!({ "allow": { "values": ["support@corp.example"] } }));
    let compiled = compile(&policy, &key()).unwrap();
    assert!(Engine::new(&compiled, &key()).is_ok());
    let other = MasterKey::from_hex(&"22".repeat(32)).unwrap();
    assert!(matches!(Engine::new(&compiled, &other), Err(EngineError::OtherKey)));
    let values = json!({ "exact_values": [{ "name": "n", "kind": "K", "values": ["Project Nightjar"] }] });
    let values = compile(&document(values), &key()).unwrap();
    assert!(Engine::new(&values, &key()).is_ok());
    assert!(matches!(Engine::new(&values, &other), Err(EngineError::Exact(_))));
    let without = compile(&Policy::default(), &key()).unwrap();
    assert!(Engine::new(&without, &other).is_ok(), "nothing in it depends on the key");
}

#[test]
fn a_filter_without_a_rule_that_the_policy_names_refuses_it() {
    let mut compiled = CompiledPolicy::default();
    compiled.rules.push(Override::everywhere(Some("from-the-future"), aegis_policy::Disposition::Block));
    assert!(matches!(Engine::new(&compiled, &key()), Err(EngineError::UnknownRule(0))));
}
