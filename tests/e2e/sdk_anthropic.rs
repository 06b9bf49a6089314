//! Promise: through the gateway, the official Anthropic client returns the objects and raises the exceptions that it
//! would without, while no value reaches the provider.

use aegis_tests::gateway::Shared;
use aegis_tests::sdk::{Client, assert_blocked_text, assert_broken_text, assert_same, with};
use aegis_tests::{Gateway, placeholder, provider, secrets, sse};
use serde_json::{Value, json};
use std::sync::Arc;

static GATEWAY: Shared = Shared::new();

fn gateway() -> Arc<Gateway> {
    GATEWAY.get(|| Gateway::with_policy(secrets::BLOCKING_POLICY))
}

fn messages(model: &str, text: &str) -> Value {
    json!({ "model": model, "max_tokens": 1024, "messages": [{ "role": "user", "content": text }] })
}

fn streamed(request: Value) -> Value {
    with(request, &json!({ "stream": true }))
}

fn thinking() -> Value {
    json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } })
}

fn tools() -> Value {
    let schema = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    json!({ "tools": [{ "name": "save", "description": "Saves a text.", "input_schema": schema }] })
}

/// A conversation in which the model thought before it answered, and signed its thought.
fn with_thought(model: &str, text: &str, thought: &Value) -> Value {
    json!({ "model": model, "max_tokens": 1024, "messages": [
        { "role": "user", "content": [{ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } }] },
        { "role": "assistant", "content": [thought, { "type": "text", "text": text }] },
        { "role": "user", "content": text },
    ] })
}

/// The texts of the deltas with this member.
fn deltas(events: &[Value], member: &str) -> String {
    sse::joined(events, &format!("/delta/{member}"))
}

#[test]
fn clean_exchanges_are_the_same_with_and_without_the_gateway() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    let text = "Grüße \"an\" alle: {} [] \\ 🦀\n";
    let query = json!({ "extra_query": { "beta": "true" }, "extra_headers": { "anthropic-beta": "a,b" } });
    let report = client.run(&[
        ("message", with(messages("echo-1", text), &query)),
        ("message", with(messages("think-1", text), &thinking())),
        ("message", with(streamed(messages("think-2", text)), &thinking())),
        ("message_assembled", with(messages("tool-3", text), &tools())),
        ("message_turns", with(messages("tool-3", text), &tools())),
        ("count", json!({ "model": "count-1", "messages": messages("", text)["messages"] })),
        ("models", json!({})),
    ]);
    report.assert_only_redacted(&[]);
    assert!(report.direct[0].target.ends_with("/v1/messages?beta=true"), "{}", report.direct[0].target);
    assert_eq!(report.gateway[0].header("anthropic-beta"), Some("a,b"));
    let kinds = ["Message", "Message", "Stream", "ParsedMessage", "list", "MessageTokensCount", "list"];
    for (outcome, kind) in report.outcomes.iter().zip(kinds) {
        outcome.same(kind);
    }
    assert_eq!(report.outcomes[0].gateway["value"]["content"][0]["text"], text);
    assert_eq!(report.outcomes[5].gateway["value"]["input_tokens"], 2095);
}

#[test]
fn values_come_back_in_every_answer_and_never_reach_the_provider() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    let kinds = secrets::one_of_each(21);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let system =
        json!({ "system": [{ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } }] });
    let report = client.run(&[
        ("message", with(messages("echo-1", text), &system)),
        ("count", json!({ "model": "count-1", "messages": messages("", text)["messages"] })),
        ("message", with(messages("think-1", text), &thinking())),
        ("message_assembled", with(messages("think-5", text), &thinking())),
        ("message", with(streamed(messages("think-3", text)), &thinking())),
    ]);
    report.assert_only_redacted(&values);
    let [said, counted, thought @ .., stream] = &report.outcomes[..] else { panic!("outcomes") };
    // Both ways could be wrong in the same way.
    assert_eq!(said.same("Message")["content"][0]["text"], **text);
    counted.same("MessageTokensCount");
    for outcome in thought {
        let [direct, gateway] =
            [&outcome.direct, &outcome.gateway].map(|outcome| &outcome["value"]["content"]);
        assert_eq!(gateway[1]["text"], **text);
        assert_thought(&gateway[0], &direct[0], values.len());
    }
    let [direct, gateway] = stream.events();
    assert_eq!(deltas(gateway, "text"), **text);
    assert_eq!(deltas(gateway, "stop_reason"), deltas(direct, "stop_reason"));
    let [direct, gateway] = [direct, gateway].map(
        |events| json!({ "thinking": deltas(events, "thinking"), "signature": deltas(events, "signature") }),
    );
    assert_thought(&gateway, &direct, values.len());

    // The thought of the first turn goes back, and its signature must still fit to it.
    let thought = thought[0].gateway["value"]["content"][0].clone();
    let report = client.run(&[("message", with(with_thought("think-1", text, &thought), &thinking()))]);
    report.assert_only_redacted(&values);
    assert_eq!(report.outcomes[0].gateway["value"]["content"][1]["text"], **text);
    assert_same(&report.gateway[0].json()["messages"][1]["content"][0], &thought);
}

/// A thought arrives as it was signed, with placeholders.
#[track_caller]
fn assert_thought(gateway: &Value, direct: &Value, values: usize) {
    assert_eq!(gateway["signature"], direct["signature"]);
    let thought = gateway["thinking"].as_str().unwrap();
    assert_eq!(placeholder::distinct_in(thought).len(), values, "{thought}");
}

#[test]
fn structured_answers_can_be_parsed_whatever_the_values_are() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    // One of them has line breaks, which a JSON document has to escape.
    let kinds = secrets::one_of_each(23);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let report = client.run(&[("message_parsed", messages("json-1", text))]);
    report.assert_only_redacted(&values);
    assert_eq!(report.outcomes[0].same("dict")["parsed"]["text"], **text);
}

#[test]
fn tools_are_called_with_the_values_and_the_next_turn_carries_placeholders() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    let kinds = secrets::one_of_each(22);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let request = with(messages("tool-4", text), &tools());
    let report = client.run(&[
        ("message", request.clone()),
        ("message_assembled", request.clone()),
        ("message_turns", request.clone()),
        ("message_turns", streamed(request)),
    ]);
    report.assert_only_redacted(&values);
    assert_eq!(report.direct.len(), 2 + 2 * 2);
    let kinds = ["Message", "ParsedMessage", "list", "list"];
    let found: Vec<&Value> =
        report.outcomes.iter().zip(kinds).map(|(outcome, kind)| outcome.same(kind)).collect();
    for message in [found[0], found[1], &found[2][0], &found[3][0]] {
        let calls = message["content"].as_array().unwrap();
        let inputs: Vec<Value> = calls.iter().map(|call| call["input"].clone()).collect();
        assert_eq!(inputs, provider::arguments(text));
        assert_eq!(message["stop_reason"], "tool_use");
    }
    for last in [&found[2][1], &found[3][1]] {
        assert_eq!(last["content"][0]["text"], format!("{text}second"));
    }
}

#[test]
fn a_refused_request_raises_the_clients_own_exception() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    let forbidden = secrets::lookalike("FB-{digit:8}", 1);
    let text = &format!("Tell me about {forbidden}.");
    let (outcomes, requests) = client.run_guarded(&[
        ("message", messages("echo-1", text)),
        ("message", streamed(messages("echo-1", text))),
        ("message_assembled", messages("echo-1", text)),
        ("count", json!({ "model": "count-1", "messages": messages("", text)["messages"] })),
    ]);
    assert!(requests.is_empty(), "a refused request reached the provider");
    for outcome in outcomes {
        let error = &outcome["error"];
        assert_eq!(error["class"], "PermissionDeniedError", "{outcome}");
        assert_eq!(error["status_code"], 403);
        assert_eq!(error["body"]["error"]["type"], "permission_error");
        let message = error["body"]["error"]["message"].as_str().unwrap();
        assert!(message.contains("policy refuses") && !message.contains(&forbidden), "{message}");
    }
}

#[test]
fn a_refused_request_can_be_answered_in_the_models_place() {
    let gateway = Gateway::with_policy(&secrets::answering_policy());
    let client = Client::anthropic(&gateway);
    let forbidden = secrets::lookalike("FB-{digit:8}", 1);
    let text = &format!("Tell me about {forbidden}.");
    let (outcomes, requests) = client.run_guarded(&[
        ("message", messages("echo-1", text)),
        ("message", streamed(with(messages("echo-1", text), &tools()))),
        ("message_assembled", messages("echo-1", text)),
        ("count", json!({ "model": "count-1", "messages": messages("", text)["messages"] })),
    ]);
    assert!(requests.is_empty(), "a refused request reached the provider");
    let [answered @ .., counted] = &outcomes[..] else { panic!("outcomes") };
    for (outcome, kind) in answered.iter().zip(["Message", "Stream", "ParsedMessage"]) {
        assert!(outcome["error"].is_null(), "{}", outcome["error"]);
        assert_eq!(outcome["type"], kind);
        assert!(!outcome.to_string().contains(&forbidden), "{outcome}");
    }
    for whole in [&outcomes[0]["value"], &outcomes[2]["value"]] {
        assert_eq!(whole["content"][0]["text"], secrets::REFUSAL, "{whole}");
        assert_eq!((&whole["stop_reason"], &whole["model"]), (&json!("refusal"), &json!("echo-1")));
    }
    let events = outcomes[1]["events"].as_array().unwrap();
    assert_eq!(deltas(events, "text"), secrets::REFUSAL);
    assert_closed(events);
    // Nobody would read a message instead of a number.
    assert_eq!(counted["error"]["class"], "PermissionDeniedError", "{counted}");
}

#[test]
fn an_answer_with_something_forbidden_ends_as_a_refusal() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    let (text, until, forbidden) = &secrets::answer_to_block(3);
    let (outcomes, _) = client.run_guarded(&[
        ("message", messages("echo-1", text)),
        ("message", with(messages("tool-1", text), &tools())),
        ("message", streamed(messages("echo-3", text))),
        ("message_assembled", messages("echo-3", text)),
        ("message", with(streamed(messages("tool-3", text)), &tools())),
        ("message", with(streamed(messages("think-3", text)), &thinking())),
    ]);
    for (index, outcome) in outcomes.iter().enumerate() {
        assert!(!outcome.to_string().contains(forbidden.as_str()), "{index}: {outcome}");
        assert!(outcome["error"].is_null(), "{}", outcome["error"]);
    }
    for whole in [&outcomes[0], &outcomes[1], &outcomes[3]] {
        assert_eq!(whole["value"]["stop_reason"], "refusal", "{whole}");
        assert_eq!(whole["value"]["type"], "message");
    }
    for stream in [&outcomes[2], &outcomes[4], &outcomes[5]] {
        assert_closed(stream["events"].as_array().unwrap());
    }
    assert_blocked_text(&deltas(outcomes[2]["events"].as_array().unwrap(), "text"), text, until);
    assert_blocked_text(outcomes[3]["value"]["content"][0]["text"].as_str().unwrap(), text, until);
}

/// Every block that starts stops, and the message ends as a refusal does.
#[track_caller]
fn assert_closed(events: &[Value]) {
    let indexes = |kind: &str| -> Vec<&Value> {
        events.iter().filter(|event| event["type"] == kind).map(|event| &event["index"]).collect()
    };
    assert_eq!(indexes("content_block_start"), indexes("content_block_stop"));
    let [.., delta, stop] = events else { panic!("{events:?}") };
    assert_eq!(delta["type"], "message_delta");
    assert_eq!(delta["delta"]["stop_reason"], "refusal");
    assert_eq!(stop["type"], "message_stop");
}

#[test]
fn failures_of_the_provider_raise_what_they_raise_without_the_gateway() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let text = &format!("Write to {mail}, please, and do not forget the rest.");
    let cases = [
        ("fail-400", "BadRequestError"),
        ("fail-401", "AuthenticationError"),
        ("fail-404", "NotFoundError"),
        ("fail-429", "RateLimitError"),
        ("fail-500", "InternalServerError"),
        ("fail-529", "OverloadedError"),
    ];
    let calls: Vec<(&str, Value)> = cases
        .iter()
        .flat_map(|(model, _)| {
            [("message", messages(model, text)), ("message_assembled", messages(model, text))]
        })
        .collect();
    let report = client.run(&calls);
    report.assert_only_redacted(std::slice::from_ref(&mail));
    for (pair, (model, kind)) in report.outcomes.chunks(2).zip(cases) {
        for outcome in pair {
            let error = outcome.same_error(kind);
            assert_eq!(model, format!("fail-{}", error["status_code"]));
            assert_eq!((&error["retry_after"], &error["request_id"]), (&json!("7"), &json!("req_mock1")));
            assert!(error["body"]["error"]["type"].is_string(), "{error}");
        }
    }

    let report = client.run(&[
        ("message", messages("close-0", text)),
        ("message_assembled", messages("close-0", text)),
        ("message_retried", messages("busy-529", text)),
        ("message", streamed(messages("stop-1", text))),
        ("message_assembled", messages("stop-1", text)),
        ("message", streamed(messages("error-1", text))),
        ("message_assembled", messages("error-1", text)),
        ("message", messages("break-1", text)),
        ("message", streamed(messages("break-1", text))),
    ]);
    report.assert_only_redacted(std::slice::from_ref(&mail));
    let [closed, closed_stream, retried, stopped, assembled, errors @ ..] = &report.outcomes[..] else {
        panic!("outcomes")
    };
    // The gateway has an answer for a provider that has none.
    for outcome in [closed, closed_stream] {
        assert_eq!(outcome.direct["error"]["class"], "APIConnectionError", "{}", outcome.direct);
        let error = &outcome.gateway["error"];
        assert_eq!(error["class"], "ServiceUnavailableError", "{}", outcome.gateway);
        assert_eq!(error["body"]["error"]["type"], "api_error");
    }
    assert_eq!(retried.same("Message")["content"][0]["text"], **text);
    let [direct, gateway] = stopped.events();
    assert_eq!(deltas(gateway, "text"), deltas(direct, "text"));
    assert_same(&assembled.gateway, &assembled.direct);
    for outcome in errors {
        outcome.same_error(outcome.direct["error"]["class"].as_str().unwrap());
    }
    let [error, _, _, broken] = errors else { panic!("outcomes") };
    let said = |outcome: &Value| deltas(outcome["events"].as_array().unwrap(), "text");
    assert_eq!(said(&error.gateway), said(&error.direct));
    assert_broken_text(&said(&broken.gateway), &said(&broken.direct), &mail);
}

#[test]
fn a_stream_beyond_a_limit_raises_the_clients_own_exception() {
    let gateway = gateway();
    let client = Client::anthropic(&gateway);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let text = &format!("Write to {mail}, please, and do not forget what is behind.");
    let (outcomes, _) = client.run_guarded(&[
        ("message", streamed(messages("huge-1", text))),
        ("message_assembled", messages("huge-1", text)),
    ]);
    for outcome in &outcomes {
        let error = &outcome["error"];
        assert_eq!(error["body"]["error"]["type"], "api_error", "{outcome}");
        let message = error["body"]["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("response_too_large: "), "{outcome}");
    }
    assert!(deltas(outcomes[0]["events"].as_array().unwrap(), "text").contains(&mail));
}
