//! Promise: a new policy can be tried before it acts, and one that cannot be used changes nothing.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::{START, chat_path};
use aegis_tests::{FakeUpstream, Gateway, Reply, Request, eventually, secrets};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TOKENS: usize = 20_000;
const MARK: &str = "nightjar-contract";

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))))
}

/// A policy that looks for one word.
fn policy(action: &str) -> String {
    format!(
        "version: 1\nname: desk\npreset: relaxed\nexact_values:\n  \
         - {{name: mark, kind: MARK, values: [{MARK}], action: {action}}}\n"
    )
}

#[test]
fn a_canary_decides_for_its_share_and_takes_itself_back_when_it_blocks_too_much() {
    let gateway = Gateway::start();
    let upstream = echo();
    gateway.json("POST", "policies/apply", &policy("allow"));
    gateway.json("PUT", "assignments/global", r#"{"policy":"desk"}"#);
    let tokens: Vec<Value> = vec![json!({ "upstream_base": upstream.base("/v1") }); TOKENS];
    let made = gateway.json("POST", "tokens/bulk", &json!({ "tokens": tokens }).to_string());
    let tokens: Vec<String> =
        made.as_array().unwrap().iter().map(|token| token["token"].as_str().unwrap().to_owned()).collect();
    gateway.json("POST", "policies/apply?stage=canary&percent=10&more_blocks=10000", &policy("block"));
    gateway.wait_until_current();

    let body = request(MARK).to_string();
    let blocked = |token: &str| {
        let answer = Request::post(chat_path(token), body.as_str()).send(gateway.port);
        assert!(matches!(answer.status, 200 | 403), "{}: {}", answer.status, answer.text());
        answer.status == 403
    };
    let sides: BTreeMap<&String, bool> = tokens.iter().map(|token| (token, blocked(token))).collect();
    let share = sides.values().filter(|side| **side).count();
    println!("{share} of {TOKENS} requests under the canary of 10 %");
    assert!((TOKENS * 9 / 100..=TOKENS * 11 / 100).contains(&share), "{share} of {TOKENS}");
    for (token, side) in sides.iter().step_by(40) {
        assert_eq!(blocked(token), *side, "a token changed sides");
    }

    // The same with bounds.
    gateway.json("POST", "policies/desk/rollback", "");
    gateway.json("POST", "policies/apply?stage=canary&percent=10&min_requests=50", &policy("block"));
    gateway.wait_until_current();
    let mut asked = 0;
    eventually("the canary takes itself back", START, || {
        for token in tokens.iter().skip(asked).take(500) {
            blocked(token);
        }
        asked += 500;
        gateway.json("GET", "policies", "")["rollouts"]["desk"].get("candidate").is_none()
    });
    let journal = gateway.json("GET", "journal?limit=5", "");
    let entry = &journal[0];
    assert_eq!(entry["actor"], "automatic-rollback", "{entry}");
    assert!(entry["detail"].as_str().unwrap().contains("it refuses"), "{entry}");
    gateway.wait_until_current();
    assert!(tokens.iter().take(100).all(|token| !blocked(token)));
}

#[test]
fn a_shadow_says_what_it_would_have_done_and_does_nothing() {
    let gateway = Gateway::start();
    let upstream = echo();
    gateway.json("POST", "policies/apply", &policy("allow"));
    gateway.json("PUT", "assignments/global", r#"{"policy":"desk"}"#);
    gateway.json("POST", "policies/apply?stage=shadow", &policy("block"));
    let token = gateway.register(&upstream.base("/v1"));
    gateway.wait_until_current();
    let answer = gateway.chat(&token, request(MARK).to_string());
    assert_eq!((answer.status, upstream.take_only().json()), (200, request(MARK)));
    let mut events = String::new();
    eventually("the event is there", START, || {
        events = gateway.call("GET", "events?action=allow", "").unwrap().text().to_owned();
        events.contains("shadow")
    });
    let event: Value = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|event: &Value| !event["shadow"].is_null())
        .unwrap();
    assert_eq!((&event["version"], &event["request"]["action"]), (&json!(1), &json!("allow")));
    assert_eq!(
        (&event["shadow"]["version"], &event["shadow"]["request"]["action"]),
        (&json!(2), &json!("block"))
    );
    assert!(!events.contains(MARK) && !events.contains(&token), "{events}");
    let metrics = Request::get("/metrics").send(gateway.admin_port);
    let line = r#"aegisgate_requests_total{policy="desk",version="2",mode="shadow",action="block"} 1"#;
    assert!(metrics.text().contains(line), "{}", metrics.text());
}

#[test]
fn a_policy_that_the_filter_refuses_is_shown_with_the_reason_and_the_last_one_goes_on() {
    // Its digests are made with another key than the filter has: no check before can know.
    let mut parts = aegis_tests::envoy::Parts::prepare();
    let environment = vec![("AEGIS_PLACEHOLDER_KEY", "ab".repeat(32))];
    parts.set_options(aegis_tests::Options { environment, ..aegis_tests::Options::default() });
    parts.start_control_plane();
    parts.start_envoy();
    let upstream = echo();
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    let token = parts.register_on(parts.admin_port, &upstream.base("/v1"));
    let token = token["token"].as_str().unwrap().to_owned();
    eventually("the token works", START, || parts.is_usable(&token));
    let good = "version: 1\nname: good\nrules: [{rule: email, action: redact}]\n";
    parts.json("POST", "policies/apply", good);
    parts.json("PUT", "assignments/global", r#"{"policy":"good"}"#);
    parts.wait_until_current();

    let bad = good.replace("name: good", "name: good\nallow: {values: [unreadable-value]}");
    parts.json("POST", "policies/apply", &bad);
    let mut refusal = Value::Null;
    eventually("the refusal is shown", START, || {
        let fleet = parts.json("GET", "nodes", "");
        let node = fleet["nodes"].as_object().unwrap().values().next().cloned().unwrap_or_default();
        refusal = node["refused"]["policies"].clone();
        refusal.is_object() && node["up_to_date"] == false
    });
    println!("{refusal}");
    assert!(refusal["message"].as_str().unwrap().contains("aegisgate"), "{refusal}");
    for _ in 0..20 {
        let answer = parts.chat(&token, request(&secret).to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert!(upstream.take().iter().all(|recorded| !recorded.placeholders().is_empty()));
    // New tokens go on as well.
    let other = parts.register_on(parts.admin_port, &upstream.base("/v2"));
    eventually("a new token works", START, || parts.is_usable(other["token"].as_str().unwrap()));

    let corrected = good.replace("name: good", "name: good\nlevel: high");
    parts.json("POST", "policies/apply", &corrected);
    parts.wait_until_current();
    assert_eq!(parts.chat(&token, request(&secret).to_string()).status, 200);
}
