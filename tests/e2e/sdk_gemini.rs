//! Promise: through the gateway, the official Gemini client returns the objects and raises the exceptions that it would
//! without, while no value reaches the provider.

use aegis_tests::gateway::Shared;
use aegis_tests::sdk::{Client, assert_blocked_text, assert_broken_text, assert_without};
use aegis_tests::{Gateway, provider, secrets, sse};
use serde_json::{Value, json};
use std::sync::Arc;

static GATEWAY: Shared = Shared::new();

/// Where a chunk has its text.
const TEXT: &str = "/candidates/0/content/parts/0/text";

fn gateway() -> Arc<Gateway> {
    GATEWAY.get(|| Gateway::with_policy(secrets::BLOCKING_POLICY))
}

fn generate(model: &str, text: &str) -> Value {
    json!({ "model": model, "contents": text })
}

#[test]
fn clean_exchanges_are_the_same_with_and_without_the_gateway() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    let text = "Grüße <an> \"alle\" & 'jeden': {} [] \\ 🦀\n";
    let report = client.run(&[
        ("generate", generate("echo-1", text)),
        ("generate", generate("think-1", text)),
        ("generate_streamed", generate("think-2", text)),
        ("call_functions", generate("tool-1", text)),
        ("embed", json!({ "model": "embed-1", "contents": [text, "and more"] })),
        ("count", generate("count-1", text)),
        ("models", json!({})),
    ]);
    report.assert_only_redacted(&[]);
    assert!(
        report.direct[2].target.contains(":streamGenerateContent?alt=sse"),
        "{}",
        report.direct[2].target
    );
    let kinds = [
        "GenerateContentResponse",
        "GenerateContentResponse",
        "generator",
        "dict",
        "EmbedContentResponse",
        "CountTokensResponse",
        "list",
    ];
    for (outcome, kind) in report.outcomes.iter().zip(kinds) {
        outcome.same(kind);
    }
    let answer = &report.outcomes[0].gateway["value"];
    assert_eq!(answer.pointer(TEXT).unwrap(), text);
    assert_eq!(report.outcomes[5].gateway["value"]["total_tokens"], 2095);
}

#[test]
fn values_come_back_in_every_answer_and_never_reach_the_provider() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    let kinds = secrets::one_of_each(31);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let instructed = json!({ "model": "echo-1", "contents": text, "config": { "system_instruction": text } });
    let report = client.run(&[
        ("generate", instructed),
        ("generate", generate("think-1", text)),
        ("chat_turns", json!({ "model": "think-3", "turns": [text, "And now?"] })),
        ("embed", json!({ "model": "embed-1", "contents": [text, "clean", values[0]] })),
        ("count", generate("count-1", text)),
        ("generate_streamed", generate("think-3", text)),
        ("generate_streamed", generate("echo-1", text)),
    ]);
    report.assert_only_redacted(&values);
    let [whole @ .., thinking, echoing] = &report.outcomes[..] else { panic!("outcomes") };
    let kinds = [
        "GenerateContentResponse",
        "GenerateContentResponse",
        "dict",
        "EmbedContentResponse",
        "CountTokensResponse",
    ];
    let found: Vec<&Value> = whole.iter().zip(kinds).map(|(outcome, kind)| outcome.same(kind)).collect();
    // Both ways could be wrong in the same way.
    assert_eq!(found[0].pointer(TEXT).unwrap(), text);
    let parts = &found[1]["candidates"][0]["content"]["parts"];
    assert!(parts[0]["text"].as_str().unwrap().contains(text.as_str()));
    assert_eq!(parts[1]["text"], **text);
    assert_eq!(found[2]["answers"][0], **text);

    let [direct, gateway] = thinking.events();
    assert_eq!(sse::joined(gateway, TEXT), sse::joined(direct, TEXT));
    assert!(sse::joined(gateway, TEXT).ends_with(text.as_str()));
    let signature = "/candidates/0/content/parts/0/thought_signature";
    assert_eq!(sse::joined(gateway, signature), sse::joined(direct, signature));
    assert!(!sse::joined(gateway, signature).is_empty());
    assert_eq!(echoing.events().map(|events| sse::joined(events, TEXT)), [text.clone(), text.clone()]);

    // The client keeps the chunks of a streamed turn, however they were cut, and sends them with the next.
    let turns = json!({ "model": "echo-7", "turns": [text, "And now?"], "stream": true });
    let (outcomes, requests) = client.run_guarded(&[("chat_turns", turns)]);
    assert_eq!(outcomes[0]["value"]["answers"], json!([text, "And now?"]));
    assert_eq!(requests.len(), 2);
    for recorded in &requests {
        assert_without(recorded, &values);
    }
}

#[test]
fn structured_answers_can_be_parsed_whatever_the_values_are() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    // One of them has line breaks, which a JSON document has to escape.
    let kinds = secrets::one_of_each(33);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let report = client.run(&[("generate_parsed", generate("json-1", text))]);
    report.assert_only_redacted(&values);
    assert_eq!(report.outcomes[0].same("dict")["parsed"]["text"], **text);
}

#[test]
fn functions_are_called_with_the_values_and_the_next_turn_carries_placeholders() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    let kinds = secrets::one_of_each(32);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let request = generate("tool-1", text);
    let mut streamed = request.clone();
    streamed["stream"] = true.into();
    let report = client.run(&[("call_functions", request), ("call_functions", streamed)]);
    report.assert_only_redacted(&values);
    assert_eq!(report.direct.len(), 2 * 2);
    for outcome in &report.outcomes {
        let found = outcome.same("dict");
        assert_eq!(found["saved"], Value::from(provider::arguments(text)));
        assert_eq!(found["text"], format!("{text}second"));
    }
}

#[test]
fn a_refused_request_raises_the_clients_own_exception() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    let forbidden = secrets::lookalike("FB-{digit:8}", 1);
    let text = &format!("Tell me about {forbidden}.");
    let (outcomes, requests) = client.run_guarded(&[
        ("generate", generate("echo-1", text)),
        ("generate_streamed", generate("echo-1", text)),
        ("count", generate("count-1", text)),
        ("embed", json!({ "model": "embed-1", "contents": text })),
    ]);
    assert!(requests.is_empty(), "a refused request reached the provider");
    for outcome in outcomes {
        let error = &outcome["error"];
        assert_eq!(error["class"], "ClientError", "{outcome}");
        assert_eq!((&error["code"], &error["status"]), (&json!(403), &json!("PERMISSION_DENIED")));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("policy refuses") && !message.contains(&forbidden), "{message}");
    }
}

#[test]
fn a_refused_request_can_be_answered_in_the_models_place() {
    let gateway = Gateway::with_policy(&secrets::answering_policy());
    let client = Client::gemini(&gateway);
    let forbidden = secrets::lookalike("FB-{digit:8}", 1);
    let text = &format!("Tell me about {forbidden}.");
    let (outcomes, requests) = client.run_guarded(&[
        ("generate", generate("echo-1", text)),
        ("generate_streamed", generate("echo-1", text)),
        ("call_functions", generate("tool-1", text)),
        ("count", generate("count-1", text)),
        ("embed", json!({ "model": "embed-1", "contents": text })),
    ]);
    assert!(requests.is_empty(), "a refused request reached the provider");
    let [whole, stream, called, errors @ ..] = &outcomes[..] else { panic!("outcomes") };
    for (outcome, kind) in [(whole, "GenerateContentResponse"), (stream, "generator"), (called, "dict")] {
        assert!(outcome["error"].is_null(), "{}", outcome["error"]);
        assert_eq!(outcome["type"], kind);
        assert!(!outcome.to_string().contains(&forbidden), "{outcome}");
    }
    for answer in [&whole["value"], stream["events"].as_array().unwrap().last().unwrap()] {
        assert_eq!(answer.pointer(TEXT).unwrap(), secrets::REFUSAL);
        assert_eq!(answer["candidates"][0]["finish_reason"], "SAFETY", "{answer}");
        assert_eq!(answer["model_version"], "echo-1");
    }
    assert_eq!(called["value"], json!({ "text": secrets::REFUSAL, "saved": [] }));
    // Nobody would read a message instead of a number or a vector.
    for outcome in errors {
        assert_eq!(
            (&outcome["error"]["class"], &outcome["error"]["code"]),
            (&json!("ClientError"), &json!(403))
        );
    }
}

#[test]
fn a_stream_that_was_changed_is_one_to_the_client() {
    let policy = secrets::BLOCKING_POLICY
        .replace("directions: [response], action: block", "directions: [response], action: sanitize");
    let gateway = Gateway::with_policy(&policy);
    let client = Client::gemini(&gateway);
    let (text, until, forbidden) = &secrets::answer_to_block(4);
    let (outcomes, _) = client.run_guarded(&[("generate_streamed", generate("echo-3", text))]);
    assert!(outcomes[0]["error"].is_null(), "{}", outcomes[0]["error"]);
    let said = sse::joined(outcomes[0]["events"].as_array().unwrap(), TEXT);
    assert!(said.starts_with(until) && !said.contains(forbidden) && said.contains("Goodbye"), "{said}");
}

#[test]
fn an_answer_with_something_forbidden_ends_for_safety() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    let (text, until, forbidden) = &secrets::answer_to_block(3);
    let (outcomes, _) = client.run_guarded(&[
        ("generate", generate("echo-1", text)),
        ("generate_streamed", generate("echo-3", text)),
        ("generate_streamed", generate("think-3", text)),
        ("call_functions", generate("tool-1", text)),
    ]);
    for (index, outcome) in outcomes.iter().enumerate() {
        assert!(!outcome.to_string().contains(forbidden.as_str()), "{index}: {outcome}");
        assert!(outcome["error"].is_null(), "{}", outcome["error"]);
    }
    assert_eq!(outcomes[0]["value"]["candidates"][0]["finish_reason"], "SAFETY", "{}", outcomes[0]);
    for stream in [&outcomes[1], &outcomes[2]] {
        let last = stream["events"].as_array().unwrap().last().unwrap();
        assert_eq!(last["candidates"][0]["finish_reason"], "SAFETY", "{last}");
    }
    assert_blocked_text(&sse::joined(outcomes[1]["events"].as_array().unwrap(), TEXT), text, until);
    assert_eq!(outcomes[3]["value"]["saved"], json!([]), "the function was called");
}

#[test]
fn failures_of_the_provider_raise_what_they_raise_without_the_gateway() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let text = &format!("Write to {mail}, please, and do not forget the rest.");
    let cases = [
        ("fail-400", "ClientError"),
        ("fail-429", "ClientError"),
        ("fail-500", "ServerError"),
        ("fail-503", "ServerError"),
    ];
    let calls: Vec<(&str, Value)> = cases
        .iter()
        .flat_map(|(model, _)| {
            [("generate", generate(model, text)), ("generate_streamed", generate(model, text))]
        })
        .collect();
    let report = client.run(&calls);
    report.assert_only_redacted(std::slice::from_ref(&mail));
    for (pair, (model, kind)) in report.outcomes.chunks(2).zip(cases) {
        for outcome in pair {
            let error = outcome.same_error(kind);
            assert_eq!(model, format!("fail-{}", error["code"]));
            assert_eq!(error["details"]["error"]["details"][0]["retryDelay"], "7s");
        }
    }

    let report = client.run(&[
        ("generate_streamed", generate("error-1", text)),
        ("generate", generate("break-1", text)),
        ("generate_streamed", generate("break-1", text)),
        ("generate_streamed", generate("stop-1", text)),
        ("generate", generate("close-0", text)),
        ("generate_streamed", generate("close-0", text)),
    ]);
    report.assert_only_redacted(std::slice::from_ref(&mail));
    let kinds = ["ServerError", "RemoteProtocolError", "RemoteProtocolError"];
    for (outcome, kind) in report.outcomes.iter().zip(kinds) {
        outcome.same_error(kind);
    }
    let said = |outcome: &Value| sse::joined(outcome["events"].as_array().unwrap(), TEXT);
    let [error, _, broken, stopped] = &report.outcomes[..4] else { panic!("outcomes") };
    assert_eq!(said(&error.gateway), said(&error.direct));
    assert_broken_text(&said(&broken.gateway), &said(&broken.direct), &mail);
    assert_eq!(
        stopped.events().map(|events| sse::joined(events, TEXT)),
        [said(&stopped.direct), said(&stopped.direct)]
    );
    // The gateway has an answer for a provider that has none.
    for outcome in &report.outcomes[4..] {
        assert_eq!(outcome.direct["error"]["class"], "RemoteProtocolError", "{}", outcome.direct);
        assert_eq!(outcome.gateway["error"]["class"], "ServerError", "{}", outcome.gateway);
        assert_eq!(outcome.gateway["error"]["status"], "UNAVAILABLE");
    }
}

#[test]
fn a_stream_beyond_a_limit_raises_the_clients_own_exception() {
    let gateway = gateway();
    let client = Client::gemini(&gateway);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let text = &format!("Write to {mail}, please, and do not forget what is behind.");
    let (outcomes, _) = client.run_guarded(&[("generate_streamed", generate("huge-1", text))]);
    let [outcome] = &outcomes[..] else { panic!("outcomes") };
    assert_eq!(outcome["error"]["class"], "ServerError", "{outcome}");
    assert!(outcome["error"]["message"].as_str().unwrap().starts_with("response_too_large: "), "{outcome}");
    assert!(sse::joined(outcome["events"].as_array().unwrap(), TEXT).contains(&mail), "{outcome}");
}
