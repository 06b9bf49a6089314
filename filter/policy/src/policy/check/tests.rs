use super::*;
use serde_json::{Value, json};

/// A policy with these members besides version and name.
fn policy(members: Value) -> Policy {
    let mut document = json!({ "version": 1, "name": "test" });
    let members: serde_json::Map<String, Value> = serde_json::from_value(members).unwrap();
    document.as_object_mut().unwrap().extend(members);
    serde_json::from_value(document).unwrap()
}

fn rule(id: &str) -> Value {
    json!({
        "id": id, "kind": "ORDER", "description": "Orders.", "source": "own", "pattern": "ORD-[0-9]{6}", "cap": 10,
        "severity": "high", "match": ["ORD-123456", "x ORD-000000"], "no_match": ["ORD-1", "order"],
    })
}

/// The one problem of a policy with these members: its path and text.
fn only_problem(members: Value) -> (String, String) {
    let problems = policy(members).problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(!problems[0].remedy.is_empty());
    (problems[0].path.clone(), problems[0].to_string())
}

#[test]
fn a_policy_of_everything_has_no_problem() {
    let policy = policy(json!({
        "block_status": 200, "mode": "shadow", "level": "high", "preset": "strict",
        "rules": [
            { "family": "pii", "action": "allow", "slots": ["system"] },
            { "rule": "email", "directions": ["response"], "action": "defang" },
        ],
        "allow": { "values": ["a@b.example"], "patterns": ["10\\..*"], "keys": ["user_id"] },
        "restore": { "hosts": ["*.corp.example"], "sealed": true },
        "custom_rules": [rule("order")],
        "exact_values": [{ "name": "db", "kind": "DB_PASSWORD", "values": ["correct horse"], "action": "block" }],
    }));
    assert_eq!(policy.problems(), []);
    let again: Policy = serde_json::from_value(serde_json::to_value(&policy).unwrap()).unwrap();
    assert_eq!(again, policy);
}

#[test]
fn every_problem_says_where_it_is() {
    for (members, path) in [
        (json!({ "version": 2 }), "version"),
        (json!({ "name": "a b" }), "name"),
        (json!({ "rules": [{ "action": "redact", "slots": [] }] }), "rules[0].slots"),
        (json!({ "rules": [{ "action": "redact", "directions": [] }] }), "rules[0].directions"),
        (json!({ "rules": [{ "action": "allow" }, { "action": "defang" }] }), "rules[1].action"),
        (json!({ "rules": [{ "action": "allow", "family": "pii." }] }), "rules[0].family"),
        (json!({ "allow": { "values": ["x", ""] } }), "allow.values[1]"),
        (json!({ "allow": { "patterns": ["x".repeat(1001)] } }), "allow.patterns[0]"),
        (json!({ "allow": { "keys": ["a b"] } }), "allow.keys[0]"),
        (json!({ "block_status": 201 }), "block_status"),
        (
            json!({ "restore": { "hosts": ["api.example.com", "*.example.com", "*", "https://x/"] } }),
            "restore.hosts[3]",
        ),
        (json!({ "restore": { "hosts": ["a..b"] } }), "restore.hosts[0]"),
        (json!({ "allow": { "keys": ["id", "api_key"] } }), "allow.keys[1]"),
        (json!({ "custom_rules": [rule("Order")] }), "custom_rules[0].id"),
        (json!({ "custom_rules": [rule("order"), rule("order")] }), "custom_rules[1].id"),
        (
            json!({ "exact_values": [{ "name": "n", "kind": "K", "values": ["short"] }] }),
            "exact_values[0].values[0]",
        ),
        (json!({ "exact_values": [{ "name": "n", "kind": "k", "values": [] }] }), "exact_values[0].kind"),
        (
            json!({ "custom_rules": [rule("order")],
                    "exact_values": [{ "name": "order", "kind": "K", "values": [] }] }),
            "exact_values[0].name",
        ),
        (
            json!({ "exact_values": [{ "name": "n", "kind": "K", "values": [], "action": "defang" }] }),
            "exact_values[0].action",
        ),
    ] {
        assert_eq!(only_problem(members).0, path);
    }
}

#[test]
fn too_much_is_refused() {
    let many = |count: usize| (0..count).map(|index| format!("value-{index}")).collect::<Vec<_>>();
    for (members, path) in [
        (json!({ "allow": { "values": many(MAX_ALLOWED_VALUES + 1) } }), "allow.values"),
        (json!({ "allow": { "patterns": many(MAX_ALLOWED_PATTERNS + 1) } }), "allow.patterns"),
        (json!({ "allow": { "keys": many(MAX_ALLOWED_KEYS + 1) } }), "allow.keys"),
        (
            json!({ "exact_values": [{ "name": "n", "kind": "K", "values": many(MAX_EXACT_VALUES + 1) }] }),
            "exact_values",
        ),
    ] {
        assert_eq!(only_problem(members).0, path);
    }
}

#[test]
fn problems_show_no_value() {
    let problem =
        only_problem(json!({ "exact_values": [{ "name": "n", "kind": "K", "values": ["pass1"] }] })).1;
    assert_eq!(problem, "exact_values[0].values[0]: 5 bytes; use 6 to 4096 bytes");
    let shown = format!("{:?}", policy(json!({ "allow": { "values": ["hunter2"] } })));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn unknown_keys_are_refused_everywhere() {
    for document in [
        json!({ "version": 1, "name": "n", "colour": 1 }),
        json!({ "version": 1, "name": "n", "allow": { "keyz": [] } }),
        json!({ "version": 1, "name": "n", "restore": { "host": [] } }),
        json!({ "version": 1, "name": "n", "rules": [{ "action": "allow", "famly": "pii" }] }),
        json!({ "version": 1, "name": "n", "exact_values": [{ "name": "n", "kind": "K", "values": [], "x": 1 }] }),
    ] {
        let error = serde_json::from_value::<Policy>(document).unwrap_err().to_string();
        assert!(error.contains("unknown field"), "{error}");
    }
}
