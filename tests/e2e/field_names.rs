//! Promise: the values of fields that a token's registration names stay as they are for this token, from the next request
//! on, without a rule being compiled again and without their names being shown.

use aegis_tests::{FakeUpstream, Gateway, Reply, Request, eventually, secrets};
use serde_json::{Value, json};
use std::time::Duration;

const NAME: &str = "order_contact";

/// What the upstream gets of a body.
fn received(
    gateway: &Gateway,
    upstream: &FakeUpstream,
    token: &str,
    content_type: &str,
    body: &str,
) -> String {
    let request = Request::new("POST", format!("/v1/__gw__/t/{token}/documents"), body);
    assert_eq!(request.header("content-type", content_type).send(gateway.port).status, 200);
    String::from_utf8(upstream.take_only().body).unwrap()
}

fn call(gateway: &Gateway, action: &str, body: Value) -> Value {
    let answer = gateway.admin(gateway.port, action, body).unwrap();
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    answer.json()
}

#[test]
fn the_values_of_a_tokens_fields_stay() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::json(&json!({})));
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let named = json!({ "upstream_base": upstream.base("/v1"), "whitelist_key": [NAME, "Api_Key"] });
    let registered = call(&gateway, "register", named);
    assert_eq!(registered["whitelist_key"], json!([NAME, "api_key"]));
    // It would let every credential pass.
    assert_eq!(registered["whitelist_ignored"], json!(["api_key"]));
    let token = registered["token"].as_str().unwrap();
    let other = gateway.register(&upstream.base("/v2"));
    eventually("the token works", Duration::from_secs(5), || gateway.is_usable(token));

    let key = secrets::lookalike(concat!("sk-", "{alnum:40}"), 6);
    let cases = [
        ("application/json", format!(r#"{{"{NAME}":"{mail}"}}"#), true),
        ("application/json", format!(r#"{{"Order_Contact" : "{mail}"}}"#), true),
        ("application/json", format!(r#"{{"input":"see ?{NAME}={mail}"}}"#), true),
        ("application/json", format!(r#"{{"contact":"{mail}"}}"#), false),
        ("application/json", format!(r#"{{"api_key":"{key}"}}"#), false),
        ("text/plain", format!("{NAME}: {mail}"), true),
        ("application/x-www-form-urlencoded", format!("a=b&{NAME}={mail}"), true),
    ];
    for (content_type, body, stays) in &cases {
        for mode in ["", "__redact"] {
            let sent = received(&gateway, &upstream, &format!("{token}{mode}"), content_type, body);
            assert_eq!(sent == *body, *stays, "{body} became {sent}");
        }
        assert_ne!(received(&gateway, &upstream, &other, content_type, body), *body, "of another token");
    }

    let dump = gateway.envoy_admin("/config_dump?include_eds");
    assert!(dump.text().contains("allow_keys") && !dump.text().contains(NAME), "it shows digests");
}

#[test]
fn a_change_of_names_acts_at_once_and_compiles_nothing() {
    let gateway = Gateway::start();
    let upstream = FakeUpstream::start(|_| Reply::json(&json!({})));
    let token = gateway.register(&upstream.base("/v1"));
    let compiled = || gateway.envoy_admin("/stats?filter=policies_compiled").text().to_owned();
    let before = compiled();
    assert!(before.contains("policies_compiled"), "{before}");
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 7);
    let body = format!(r#"{{"{NAME}":"{mail}"}}"#);
    let stays = || received(&gateway, &upstream, &token, "application/json", &body) == body;
    assert!(!stays());
    let names = json!({ "token": token, "whitelist_key": [NAME] });
    assert_eq!(call(&gateway, "add", names.clone())["added"], json!([NAME]));
    let took = eventually("the field's value stays", Duration::from_secs(5), stays);
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    call(&gateway, "remove", names);
    eventually("the field's value is redacted again", Duration::from_secs(5), || !stays());
    assert_eq!(compiled(), before);
}
