//! What a policy does to a request: slots, directions, actions, exceptions, modes and custom rules.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy.toml lifts them in #[test] functions only, not in what these call"
)]

use aegis_engine::{
    Engine, MasterKey, Media, Protocol, Redacted, RequestError, Site, Vault, compile, redact_body,
    redact_request,
};
use aegis_policy::{Direction, Disposition, Policy, Slot};
use aegis_scanner::Budget;
use serde_json::{Value, json};

struct Bench {
    engine: Engine,
    key: MasterKey,
}

impl Bench {
    /// A policy in which mail addresses are redacted and nothing else happens, with these members besides.
    fn new(members: Value) -> Bench {
        let mut document = serde_json::to_value(Policy::only(&["email"])).unwrap();
        let members: serde_json::Map<String, Value> = serde_json::from_value(members).unwrap();
        for (key, value) in members {
            match (document[&key].as_array_mut(), value) {
                (Some(list), Value::Array(more)) => list.extend(more),
                (_, value) => document[&key] = value,
            }
        }
        let key = MasterKey::from_hex(&"3c".repeat(32)).unwrap();
        let policy: Policy = serde_json::from_value(document).unwrap();
        Bench { engine: Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap(), key }
    }

    fn redact(&self, protocol: Protocol, body: &Value) -> Result<Redacted, RequestError> {
        let mut vault = Vault::new(self.key.tenant(b"policies"));
        redact_request(
            &self.engine,
            &mut self.engine.caches(),
            protocol,
            body.to_string().as_bytes(),
            &mut vault,
        )
    }

    /// What leaves of a chat message.
    fn send(&self, role: &str, text: &str) -> String {
        let body = json!({ "messages": [{ "role": role, "content": text }] });
        let redacted = self.redact(Protocol::ChatCompletions, &body).unwrap();
        let Some(body) = redacted.body else { return text.to_owned() };
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["messages"][0]["content"].as_str().unwrap().to_owned()
    }

    /// What leaves of a JSON body that nobody knows.
    fn post(&self, body: &Value) -> Value {
        let redacted = self.redact(Protocol::Generic, body).unwrap();
        redacted.body.map_or_else(|| body.clone(), |body| serde_json::from_slice(&body).unwrap())
    }
}

const MAIL: &str = "ada@corp.example";

fn is_redacted(text: &str) -> bool {
    !text.contains(MAIL) && text.contains("_EMAIL_1}}")
}

#[test]
fn slots_have_their_own_actions() {
    let bench = Bench::new(json!({ "rules": [{ "rule": "email", "slots": ["system"], "action": "allow" }] }));
    assert_eq!(bench.send("system", MAIL), MAIL);
    assert!(is_redacted(&bench.send("user", MAIL)));
    assert!(is_redacted(&bench.send("tool", MAIL)));
}

#[test]
fn directions_have_their_own_actions() {
    let bench =
        Bench::new(json!({ "rules": [{ "family": "pii", "directions": ["response"], "action": "allow" }] }));
    let finds = |direction| {
        let mut found = Vec::new();
        let site = Site::of(direction, Slot::User);
        let scanned = bench.engine.detect(
            &mut bench.engine.caches(),
            site,
            MAIL.as_bytes(),
            &mut Budget::default(),
            &mut found,
        );
        scanned.unwrap();
        found.len()
    };
    assert_eq!((finds(Direction::Request), finds(Direction::Response)), (1, 0));
}

#[test]
fn sanitize_cuts_out() {
    let bench = Bench::new(json!({ "rules": [{ "rule": "email", "action": "sanitize" }] }));
    assert_eq!(bench.send("user", "to ada@corp.example, now"), "to , now");
    let body = json!({ "messages": [{ "role": "user", "content": MAIL }] });
    assert_eq!(bench.redact(Protocol::ChatCompletions, &body).unwrap().action, Disposition::Sanitize);
}

#[test]
fn block_refuses_the_request() {
    let bench =
        Bench::new(json!({ "rules": [{ "rule": "email", "slots": ["tool_result"], "action": "block" }] }));
    let body = |role: &str| json!({ "messages": [{ "role": role, "content": MAIL }] });
    assert!(matches!(bench.redact(Protocol::ChatCompletions, &body("tool")), Err(RequestError::Blocked(_))));
    assert_eq!(bench.redact(Protocol::ChatCompletions, &body("user")).unwrap().action, Disposition::Redact);
}

#[test]
fn shadow_reports_and_changes_nothing() {
    let bench = Bench::new(json!({ "mode": "shadow", "rules": [{ "rule": "email", "action": "block" }] }));
    let body = json!({ "messages": [{ "role": "user", "content": MAIL }] });
    let redacted = bench.redact(Protocol::ChatCompletions, &body).unwrap();
    assert_eq!(redacted.body, None);
    assert_eq!(redacted.action, Disposition::Allow);
    assert_eq!(redacted.findings.len(), 1);
    assert_eq!(redacted.findings[0].disposition, Disposition::Block);
}

#[test]
fn allowed_values_stay_to_the_letter() {
    let bench = Bench::new(json!({ "allow": { "values": [MAIL] } }));
    assert_eq!(
        bench.send("user", "ada@corp.example or ada@corp.example"),
        "ada@corp.example or ada@corp.example"
    );
    for other in ["ada@corp.examples", "bada@corp.example", "Ada@corp.example", "ada@corp.example.net"] {
        assert!(!bench.send("user", other).contains('@'), "{other}");
    }
    assert!(bench.send("user", "ada@corp.example, bob@corp.example").starts_with("ada@corp.example, {{AG_"));
}

#[test]
fn allowed_patterns_must_match_the_whole_value() {
    let bench = Bench::new(json!({ "allow": { "patterns": [r"[a-z]+@corp\.example"] } }));
    assert_eq!(bench.send("user", MAIL), MAIL);
    for other in ["ada@corp.example.net", "ada.b@corp.example", "ada@corp-example.net"] {
        assert!(!bench.send("user", other).contains('@'), "{other}");
    }
}

#[test]
fn values_of_allowed_keys_stay_in_every_notation() {
    let bench = Bench::new(json!({ "allow": { "keys": ["user_id"] } }));
    for text in [
        "user_id=ada@corp.example",
        "USER_ID: ada@corp.example",
        r#"{"user_id": "ada@corp.example"}"#,
        r#"{"note": "a\nb", "user_id": "ada@corp.example"}"#,
        "https://a.example/?user_id=ada@corp.example",
    ] {
        assert_eq!(bench.send("user", text), text);
    }
    for text in ["id=ada@corp.example", "user_id ada@corp.example", "user_id=x ada@corp.example"] {
        assert!(is_redacted(&bench.send("user", text)), "{text}");
    }
}

#[test]
fn keys_of_the_document_count_where_no_schema_gives_them_a_meaning() {
    let bench = Bench::new(json!({ "allow": { "keys": ["user_id", "content"] } }));
    let body = json!({ "user_id": MAIL, "User_Id": MAIL, "other": MAIL, "list": [MAIL] });
    let sent = bench.post(&body);
    assert_eq!((&sent["user_id"], &sent["User_Id"]), (&json!(MAIL), &json!(MAIL)));
    assert!(is_redacted(sent["other"].as_str().unwrap()) && is_redacted(sent["list"][0].as_str().unwrap()));
    assert!(
        is_redacted(&bench.send("user", MAIL)),
        "the content of a message is no field of somebody's data"
    );
}

#[test]
fn keys_of_tool_call_arguments_count_however_they_are_escaped() {
    let bench = Bench::new(
        json!({ "allow": { "keys": ["order"] }, "rules": [{ "rule": "payment-card", "action": "redact" }] }),
    );
    let arguments = |key: &str| {
        let arguments = format!(r#"{{"{key}": 4111111111111111, "{key}": "4111\u00201111 1111 1111"}}"#);
        let function = json!({ "name": "f", "arguments": arguments });
        let body = json!({ "messages": [{ "role": "assistant", "tool_calls": [{ "id": "a", "function": function }] }] });
        bench.redact(Protocol::ChatCompletions, &body).unwrap().findings.len()
    };
    assert_eq!((arguments("order"), arguments("other")), (0, 2));
}

#[test]
fn values_of_a_tokens_fields_stay_beside_those_of_the_policy() {
    let bench = Bench::new(json!({ "allow": { "keys": ["user_id"] } }));
    let digests =
        |names: &[&str]| -> Vec<String> { names.iter().map(|name| bench.key.field_digest(name)).collect() };
    let sent = |body: &Value, keys: &[String]| {
        let (body, caches) = (body.to_string(), &mut bench.engine.caches());
        let mut vault = Vault::new(bench.key.tenant(b"policies"));
        redact_body(&bench.engine, caches, Protocol::Generic, &Media::Json, body.as_bytes(), &mut vault, keys)
            .unwrap()
            .body
            .is_none()
    };
    let body = |name: &str| json!({ name: MAIL });
    for name in ["order_id", "Order_ID", "user_id"] {
        assert!(sent(&body(name), &digests(&["order_id"])), "{name}");
    }
    assert!(sent(&json!({ "input": format!("?order_id={MAIL}") }), &digests(&["order_id"])));
    assert!(!sent(&body("order"), &digests(&["order_id"])));
    assert!(!sent(&body("order_id"), &[]));
    // Neither a name nor the digest that another key makes of it.
    let other = MasterKey::from_hex(&"3d".repeat(32)).unwrap();
    assert!(!sent(&body("order_id"), &["order_id".to_owned()]));
    assert!(!sent(&body("order_id"), &[other.field_digest("order_id")]));
}

#[test]
fn an_allowed_finding_hides_no_other() {
    let custom = |id: &str, pattern: &str, kind: &str, one: &str, other: &str| {
        json!({ "id": id, "kind": kind, "description": "Test.", "source": "own", "pattern": pattern, "cap": 60,
                "severity": "high", "match": [one, other], "no_match": ["a", "b"] })
    };
    // `AB-` and its digits start first and win; what they overlap reaches beyond them.
    let rules = json!([
        custom("long", r"\bAB-[0-9]{4}", "LONG", "AB-1234", "AB-0000"),
        custom("tail", r"[0-9]{2}-XY[0-9]{4}", "TAIL", "12-XY3456", "34-XY3456"),
        custom("inner", r"[0-9]{4}", "INNER", "1234", "0000"),
    ]);
    let on = json!([{ "family": "custom", "action": "redact" }]);
    let text = "AB-1234-XY5678";
    let plain = Bench::new(json!({ "custom_rules": rules, "rules": on }));
    assert!(
        plain.send("user", text).starts_with("{{AG_")
            && plain.send("user", text).contains("_LONG_1}}-XY{{AG_")
    );
    let allowing =
        Bench::new(json!({ "custom_rules": rules, "rules": on, "allow": { "values": ["AB-1234"] } }));
    let sent = allowing.send("user", text);
    assert!(sent.starts_with("AB-12{{AG_") && sent.ends_with("_TAIL_1}}"), "{sent}");
    assert_eq!(allowing.send("user", "AB-1234!"), "AB-1234!", "nor is a part of it found");
}

#[test]
fn custom_rules_act_and_win_ties() {
    let mails = json!([{
        "id": "our-mail", "kind": "STAFF", "description": "Our people.", "source": "own", "severity": "high",
        "pattern": r"\b[a-z]+@corp\.example\b", "cap": 60, "action": "redact",
        "match": ["ada@corp.example", "x bob@corp.example"], "no_match": ["ada@corp.test", "corp.example"],
    }]);
    let bench =
        Bench::new(json!({ "custom_rules": mails, "rules": [{ "rule": "our-mail", "action": "redact" }] }));
    assert!(bench.send("user", MAIL).contains("_STAFF_1}}"));
    assert!(bench.send("user", "ada@other.example").contains("_EMAIL_1}}"));
}

#[test]
fn exact_values_have_the_last_word() {
    let lists = json!([
        { "name": "projects", "kind": "PROJECT", "values": ["Project Nightjar", "nightjar.corp.example"] },
        { "name": "passwords", "kind": "PASSPHRASE", "values": ["correct horse"], "action": "block" },
    ]);
    let on = json!([{ "family": "exact", "action": "redact" }, { "rule": "passwords", "action": "block" }]);
    let bench = Bench::new(json!({
        "exact_values": lists, "rules": on,
        "allow": { "values": ["Project Nightjar", "bob@nightjar.corp.example"] },
    }));
    assert!(
        bench.send("user", "on Project Nightjar.").contains("on {{AG_"),
        "what is allowed is no exact value"
    );
    assert!(bench.send("user", "Project Nightjar").contains("_PROJECT_1}}"));
    let inside = bench.send("user", "ada@nightjar.corp.example");
    assert!(inside.ends_with("_EMAIL_1}}") && inside.matches("{{").count() == 1, "{inside}");
    let allowed = bench.send("user", "bob@nightjar.corp.example");
    assert!(allowed.starts_with("bob@{{AG_") && allowed.ends_with("_PROJECT_1}}"), "{allowed}");
    let body = json!({ "messages": [{ "role": "user", "content": "the correct horse" }] });
    assert!(matches!(bench.redact(Protocol::ChatCompletions, &body), Err(RequestError::Blocked(_))));
}

#[test]
fn the_strongest_finding_in_a_number_counts() {
    let send = |action: &str| {
        let bench = Bench::new(json!({
            "exact_values": [{ "name": "account", "kind": "ACCOUNT", "values": ["1111111111"] }],
            "rules": [{ "rule": "payment-card", "action": "redact" }, { "rule": "account", "action": action }],
        }));
        let function = json!({ "name": "f", "arguments": r#"{"n": 4111111111111111}"# });
        let calls = json!([{ "id": "a", "function": function }]);
        bench.redact(
            Protocol::ChatCompletions,
            &json!({ "messages": [{ "role": "assistant", "tool_calls": calls }] }),
        )
    };
    assert!(matches!(send("block"), Err(RequestError::Blocked(_))));
    assert_eq!(send("redact").unwrap().findings.len(), 1);
}

#[test]
fn a_preset_is_a_policy_of_its_own() {
    let bench = |members: Value| {
        let key = MasterKey::from_hex(&"3c".repeat(32)).unwrap();
        let mut document = json!({ "version": 1, "name": "preset" });
        let members: serde_json::Map<String, Value> = serde_json::from_value(members).unwrap();
        document.as_object_mut().unwrap().extend(members);
        let policy: Policy = serde_json::from_value(document).unwrap();
        Bench { engine: Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap(), key }
    };
    let secret = aegis_policy::example::expand("ghp_{alnum:36}", "preset");
    for (preset, mail_stays) in [("relaxed", true), ("default", false), ("strict", false)] {
        let bench = bench(json!({ "preset": preset }));
        let sent = bench.send("user", &format!("{secret} of {MAIL}"));
        assert!(!sent.contains(&secret), "{preset}");
        assert_eq!(sent.contains(MAIL), mail_stays, "{preset}");
    }
}
