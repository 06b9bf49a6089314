//! Promise: through the gateway, the official OpenAI client returns the objects and raises the exceptions that it would
//! without, while no value reaches the provider.

use aegis_tests::gateway::Shared;
use aegis_tests::sdk::{Client, Outcome, assert_blocked_text, assert_broken_text, assert_same, with};
use aegis_tests::{Gateway, provider, secrets, sse};
use serde_json::{Value, json};
use std::sync::Arc;

/// Characters per event; the last does not split at all.
const SPLITS: [usize; 6] = [1, 2, 3, 7, 19, 100_000];

static GATEWAY: Shared = Shared::new();

fn gateway() -> Arc<Gateway> {
    GATEWAY.get(|| Gateway::with_policy(secrets::BLOCKING_POLICY))
}

fn chat(model: &str, text: &str) -> Value {
    json!({ "model": model, "messages": [
        { "role": "system", "content": "You repeat what you are told." },
        { "role": "user", "content": text },
    ] })
}

fn responses(model: &str, text: &str) -> Value {
    json!({ "model": model, "input": [{ "role": "user", "content": [{ "type": "input_text", "text": text }] }] })
}

fn streamed(request: Value) -> Value {
    with(request, &json!({ "stream": true }))
}

fn chat_tools() -> Value {
    let parameters = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    let function = json!({ "name": "save", "description": "Saves a text.", "parameters": parameters });
    json!({ "tools": [{ "type": "function", "function": function }] })
}

fn response_tools() -> Value {
    let parameters = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    let tool = json!({ "type": "function", "name": "save", "parameters": parameters, "strict": false });
    json!({ "tools": [tool], "instructions": "You call tools.", "metadata": { "run": "7" } })
}

/// What a stream of chat completions says in this choice.
fn chat_text(events: &[Value], choice: u64) -> String {
    chat_deltas(events, choice, "content")
}

/// The deltas with this member, joined.
fn chat_deltas(events: &[Value], choice: u64, member: &str) -> String {
    let choices = events.iter().flat_map(|event| event["choices"].as_array().unwrap());
    let deltas = choices.filter(|found| found["index"] == choice).map(|found| &found["delta"][member]);
    deltas.filter_map(Value::as_str).collect()
}

/// The events of one type in a stream of responses, without their numbers: a value has another length than its placeholder,
/// so there are more or fewer deltas before them.
fn of_type(events: &[Value], kind: &str) -> Vec<Value> {
    let found = events.iter().filter(|event| event["type"] == kind).cloned();
    let unnumbered = found.map(|mut event| {
        event["sequence_number"].take();
        event
    });
    unnumbered.collect()
}

#[test]
fn clean_exchanges_are_the_same_with_and_without_the_gateway() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let text = "Grüße \"an\" alle: {} [] \\ 🦀\n";
    let query = json!({ "extra_query": { "beta": "true", "note": "a b" } });
    let report = client.run(&[
        ("chat", with(chat("echo-1", text), &query)),
        ("chat", with(streamed(chat("think-4", text)), &json!({ "n": 2 }))),
        ("chat_assembled", with(chat("tool-3", text), &chat_tools())),
        ("respond", json!({ "model": "think-1", "input": text })),
        ("respond", streamed(responses("think-2", text))),
        ("respond_turns", with(responses("tool-9", text), &response_tools())),
        ("embed", json!({ "model": "embed-1", "input": text })),
        ("models", json!({})),
        ("model", json!({ "model": "echo-1" })),
    ]);
    report.assert_only_redacted(&[]);
    assert_eq!(report.direct[0].target.split_once('?').unwrap().1, "beta=true&note=a+b");
    let kinds = [
        "ChatCompletion",
        "Stream",
        "ParsedChatCompletion",
        "Response",
        "Stream",
        "list",
        "CreateEmbeddingResponse",
        "list",
        "Model",
    ];
    for (outcome, kind) in report.outcomes.iter().zip(kinds) {
        outcome.same(kind);
    }
    assert_eq!(report.outcomes[0].gateway["value"]["choices"][0]["message"]["content"], text);
}

#[test]
fn values_come_back_in_every_answer_and_never_reach_the_provider() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let kinds = secrets::one_of_each(11);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let report = client.run(&[
        ("chat", chat("echo-1", text)),
        (
            "chat_assembled",
            with(chat("think-5", text), &json!({ "stream_options": { "include_usage": true } })),
        ),
        (
            "respond",
            with(
                responses("think-1", text),
                &json!({ "instructions": text, "metadata": { "by": values[0] } }),
            ),
        ),
        ("respond_assembled", responses("think-7", text)),
        ("embed", json!({ "model": "embed-1", "input": [text, "clean", values[0]] })),
        ("embed", json!({ "model": "embed-1", "input": text, "encoding_format": "float" })),
        ("chat", with(streamed(chat("think-3", text)), &json!({ "n": 2 }))),
        ("respond", streamed(responses("think-3", text))),
    ]);
    report.assert_only_redacted(&values);
    let [outcomes @ .., chat_stream, response_stream] = &report.outcomes[..] else { panic!("outcomes") };
    let kinds = [
        "ChatCompletion",
        "ParsedChatCompletion",
        "Response",
        "ParsedResponse",
        "CreateEmbeddingResponse",
        "CreateEmbeddingResponse",
    ];
    let found: Vec<&Value> = outcomes.iter().zip(kinds).map(|(outcome, kind)| outcome.same(kind)).collect();
    // Both ways could be wrong in the same way.
    assert_eq!(found[0]["choices"][0]["message"]["content"], **text);
    assert_eq!(found[1]["choices"][0]["message"]["content"], **text);
    assert_eq!(found[2]["output"][1]["content"][0]["text"], **text);
    assert_eq!(found[2]["instructions"], **text);
    assert_eq!(found[3]["output"][1]["content"][0]["text"], **text);
    let vector = |number: usize, index: usize| found[number]["data"][index]["embedding"].as_array().unwrap();
    assert_eq!(vector(4, 0), vector(4, 2));
    assert_eq!(vector(4, 1).len(), vector(5, 0).len());

    for events in chat_stream.events() {
        assert_eq!([0, 1].map(|choice| chat_text(events, choice)), [text.clone(), text.clone()]);
        let thoughts = [0, 1].map(|choice| chat_deltas(events, choice, "reasoning_content"));
        assert!(thoughts.iter().all(|thought| thought.ends_with(text.as_str())), "{thoughts:?}");
    }
    assert_response_stream(response_stream, text);
}

#[test]
fn values_come_back_however_the_stream_is_cut() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let kinds = secrets::one_of_each(14);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let calls: Vec<(&str, Value)> = SPLITS
        .iter()
        .flat_map(|size| {
            let say = chat(&format!("echo-{size}"), text);
            let call = with(chat(&format!("tool-{size}"), text), &chat_tools());
            [("chat_assembled", say), ("chat_assembled", call)]
        })
        .collect();
    let report = client.run(&calls);
    report.assert_only_redacted(&values);
    for (size, pair) in SPLITS.iter().zip(report.outcomes.chunks(2)) {
        let [said, called] = [&pair[0], &pair[1]]
            .map(|outcome| &outcome.same("ParsedChatCompletion")["choices"][0]["message"]);
        assert_eq!(said["content"], **text, "{size} characters per event");
        let arguments = &called["tool_calls"][0]["function"]["arguments"];
        assert_eq!(parsed(arguments)["text"], **text, "{size} characters per event");
    }
}

#[test]
fn parts_of_a_message_are_redacted_and_the_answer_says_what_was_done() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let [first, second] = [1, 2].map(|seed| secrets::lookalike("{lower:7}@{lower:8}.org", seed));
    let image = json!({ "url": "data:image/png;base64,iVBORw0KGgo=" });
    let content = json!([
        { "type": "text", "text": format!("Write to {first}, ") },
        { "type": "image_url", "image_url": image },
        { "type": "text", "text": format!("not to {second}.") },
    ]);
    let request = json!({ "model": "echo-1", "messages": [{ "role": "user", "content": content }] });
    let report = client.run(&[("chat", request.clone()), ("chat_headers", request)]);
    report.assert_only_redacted(&[first.clone(), second.clone()]);
    let message = &report.outcomes[0].same("ChatCompletion")["choices"][0]["message"];
    assert_eq!(message["content"], format!("Write to {first}, not to {second}."));
    let headers = &report.outcomes[1].gateway["value"];
    assert_eq!(headers["x-aegis-action"], "redact");
    assert!(headers["x-aegis-request-id"].as_str().is_some_and(|id| !id.is_empty()));
}

/// Deltas, parts, items and the final snapshot of a stream say the same.
#[track_caller]
fn assert_response_stream(outcome: &Outcome, text: &str) {
    let [direct, gateway] = outcome.events();
    assert_eq!(sse::joined(&of_type(gateway, "response.output_text.delta"), "/delta"), text);
    let complete = [
        "response.created",
        "response.output_item.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    for kind in complete {
        assert!(!of_type(direct, kind).is_empty(), "{kind}");
        assert_same(&of_type(gateway, kind).into(), &of_type(direct, kind).into());
    }
    assert_eq!(
        sse::joined(&of_type(gateway, "response.reasoning_summary_text.delta"), "/delta"),
        sse::joined(&of_type(direct, "response.reasoning_summary_text.delta"), "/delta"),
    );
    for (number, event) in gateway.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
    }
}

#[test]
fn structured_answers_can_be_parsed_whatever_the_values_are() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    // One of them has line breaks, which a JSON document has to escape.
    let kinds = secrets::one_of_each(13);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let report =
        client.run(&[("chat_parsed", chat("json-1", text)), ("respond_parsed", responses("json-1", text))]);
    report.assert_only_redacted(&values);
    let message = &report.outcomes[0].same("ParsedChatCompletion")["choices"][0]["message"];
    assert_eq!(message["parsed"]["text"], **text);
    let content = &report.outcomes[1].same("ParsedResponse")["output"][0]["content"][0];
    assert_eq!(content["parsed"]["text"], **text);
}

#[test]
fn tools_are_called_with_the_values_and_the_next_turn_carries_placeholders() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let kinds = secrets::one_of_each(12);
    let values: Vec<String> = kinds.iter().map(|(_, value)| value.clone()).collect();
    let text = &secrets::prompt(&kinds);
    let [chat, responses] =
        [with(chat("tool-4", text), &chat_tools()), with(responses("tool-4", text), &response_tools())];
    let report = client.run(&[
        ("chat", chat.clone()),
        ("chat_assembled", chat.clone()),
        ("chat_turns", chat.clone()),
        ("chat_turns", streamed(chat)),
        ("respond_assembled", responses.clone()),
        ("respond_turns", responses.clone()),
        ("respond_turns", streamed(responses)),
    ]);
    report.assert_only_redacted(&values);
    assert_eq!(report.direct.len(), 3 + 4 * 2);
    let kinds = ["ChatCompletion", "ParsedChatCompletion", "list", "list", "ParsedResponse", "list", "list"];
    let found: Vec<&Value> =
        report.outcomes.iter().zip(kinds).map(|(outcome, kind)| outcome.same(kind)).collect();
    for message in [&found[0]["choices"][0]["message"], &found[1]["choices"][0]["message"], &found[3][0]] {
        let calls = message["tool_calls"].as_array().unwrap();
        let arguments = calls.iter().map(|call| parsed(&call["function"]["arguments"]));
        assert_eq!(arguments.collect::<Vec<_>>(), provider::arguments(text));
    }
    for items in [&found[4]["output"], found[5], found[6]] {
        let calls = items.as_array().unwrap().iter().filter(|item| item["type"] == "function_call");
        let arguments: Vec<Value> = calls.map(|call| parsed(&call["arguments"])).collect();
        assert_eq!(arguments, provider::arguments(text));
    }
    let last_texts = [
        &found[2][1]["content"],
        &found[3][1]["content"],
        &found[5][2]["content"][0]["text"],
        &found[6][2]["content"][0]["text"],
    ];
    for last in last_texts {
        assert_eq!(*last, format!("{text}second"));
    }
}

fn parsed(json: &Value) -> Value {
    serde_json::from_str(json.as_str().unwrap()).unwrap()
}

#[test]
fn a_refused_request_raises_the_clients_own_exception() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let forbidden = secrets::lookalike("FB-{digit:8}", 1);
    let text = &format!("Tell me about {forbidden}.");
    let (outcomes, requests) = client.run_guarded(&[
        ("chat", chat("echo-1", text)),
        ("chat", streamed(chat("echo-1", text))),
        ("chat_parsed", chat("json-1", text)),
        ("respond", responses("echo-1", text)),
        ("respond_assembled", responses("echo-1", text)),
        ("embed", json!({ "model": "embed-1", "input": text })),
    ]);
    assert!(requests.is_empty(), "a refused request reached the provider");
    for outcome in outcomes {
        let error = &outcome["error"];
        assert_eq!(error["class"], "PermissionDeniedError", "{outcome}");
        assert_eq!((&error["status_code"], &error["code"]), (&json!(403), &json!("request_blocked")));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("policy refuses") && !message.contains(&forbidden), "{message}");
    }
}

#[test]
fn a_refused_request_can_be_answered_in_the_models_place() {
    let gateway = Gateway::with_policy(&secrets::answering_policy());
    let client = Client::openai(&gateway);
    let forbidden = secrets::lookalike("FB-{digit:8}", 1);
    let text = &format!("Tell me about {forbidden}.");
    let prompt = json!({ "model": "echo-1", "prompt": text });
    let (outcomes, requests) = client.run_guarded(&[
        ("chat", chat("echo-1", text)),
        ("chat", streamed(with(chat("echo-1", text), &chat_tools()))),
        ("complete", prompt.clone()),
        ("complete", streamed(prompt)),
        ("respond", responses("echo-1", text)),
        ("respond", streamed(responses("echo-1", text))),
        ("respond_assembled", responses("echo-1", text)),
        ("chat_assembled", chat("echo-1", text)),
        ("embed", json!({ "model": "embed-1", "input": text })),
    ]);
    assert!(requests.is_empty(), "a refused request reached the provider");
    let [answered @ .., assembled, embedded] = &outcomes[..] else { panic!("outcomes") };
    let kinds = ["ChatCompletion", "Stream", "Completion", "Stream", "Response", "Stream", "Response"];
    for (outcome, kind) in answered.iter().zip(kinds) {
        assert!(outcome["error"].is_null(), "{}", outcome["error"]);
        assert_eq!(outcome["type"], kind);
        assert!(!outcome.to_string().contains(&forbidden), "{outcome}");
    }
    let choice = |index: usize| &outcomes[index]["value"]["choices"][0];
    assert_eq!(choice(0)["message"]["content"], secrets::REFUSAL);
    assert_eq!(choice(2)["text"], secrets::REFUSAL);
    assert!([0, 2].iter().all(|index| choice(*index)["finish_reason"] == "content_filter"));
    assert_eq!(outcomes[0]["value"]["model"], "echo-1");
    let events = |index: usize| outcomes[index]["events"].as_array().unwrap();
    assert_eq!(chat_text(events(1), 0), secrets::REFUSAL);
    assert_eq!(sse::joined(events(3), "/choices/0/text"), secrets::REFUSAL);
    for index in [1, 3] {
        assert_eq!(events(index).last().unwrap()["choices"][0]["finish_reason"], "content_filter");
    }
    assert_eq!(sse::joined(&of_type(events(5), "response.output_text.delta"), "/delta"), secrets::REFUSAL);
    let last = &events(5).last().unwrap()["response"];
    for response in [&outcomes[4]["value"], last, &outcomes[6]["value"]] {
        assert_eq!(response["status"], "incomplete", "{response}");
        assert_eq!(response["incomplete_details"]["reason"], "content_filter");
        assert_eq!(response["output"][0]["content"][0]["text"], secrets::REFUSAL);
    }
    // The helper raises for filtered content, as it does without a gateway; vectors say nothing.
    assert_eq!(assembled["error"]["class"], "ContentFilterFinishReasonError", "{assembled}");
    assert_eq!(embedded["error"]["class"], "PermissionDeniedError", "{embedded}");
}

#[test]
fn an_answer_with_something_forbidden_ends_as_filtered_content() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let (text, until, forbidden) = &secrets::answer_to_block(3);
    let (outcomes, _) = client.run_guarded(&[
        ("chat", chat("echo-1", text)),
        ("chat_parsed", chat("json-1", text)),
        ("chat", with(streamed(chat("echo-3", text)), &json!({ "n": 2 }))),
        ("chat_assembled", with(chat("tool-3", text), &chat_tools())),
        ("respond", responses("echo-1", text)),
        ("respond", streamed(responses("echo-3", text))),
        ("respond_assembled", responses("echo-3", text)),
        ("respond", with(streamed(responses("tool-3", text)), &response_tools())),
    ]);
    for (index, outcome) in outcomes.iter().enumerate() {
        assert!(!outcome.to_string().contains(forbidden.as_str()), "{index}: {outcome}");
    }
    let choice = &outcomes[0]["value"]["choices"][0];
    assert_eq!(choice["finish_reason"], "content_filter", "{choice}");
    assert!(choice["message"]["content"].as_str().unwrap().starts_with("[AegisGate] "));
    assert_eq!(outcomes[1]["error"]["class"], "ContentFilterFinishReasonError", "{}", outcomes[1]);

    let events = outcomes[2]["events"].as_array().unwrap();
    assert!(outcomes[2]["error"].is_null(), "{}", outcomes[2]["error"]);
    for choice in [0, 1] {
        assert_blocked_text(&chat_text(events, choice), text, until);
        let mut choices = events.iter().flat_map(|event| event["choices"].as_array().unwrap());
        let last = choices.rfind(|found| found["index"] == choice).unwrap();
        assert_eq!(last["finish_reason"], "content_filter");
    }
    // The helper raises for filtered content, as it does without a gateway.
    let choice = &outcomes[3];
    assert_eq!(choice["error"]["class"], "ContentFilterFinishReasonError", "{choice}");

    for response in [&outcomes[4]["value"], &outcomes[6]["value"]] {
        assert_eq!(response["status"], "incomplete", "{response}");
        assert_eq!(response["incomplete_details"]["reason"], "content_filter");
    }
    for outcome in [&outcomes[5], &outcomes[7]] {
        assert!(outcome["error"].is_null(), "{}", outcome["error"]);
        let events = outcome["events"].as_array().unwrap();
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.incomplete");
        assert_eq!(last["response"]["status"], "incomplete");
        assert_eq!(last["response"]["incomplete_details"]["reason"], "content_filter");
        for (number, event) in events.iter().enumerate() {
            assert_eq!(event["sequence_number"], number);
        }
    }
    let events = outcomes[5]["events"].as_array().unwrap();
    assert_blocked_text(&sse::joined(&of_type(events, "response.output_text.delta"), "/delta"), text, until);
}

#[test]
fn failures_of_the_provider_raise_what_they_raise_without_the_gateway() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let text = &format!("Write to {mail}, please, and do not forget the rest.");
    let cases = [
        ("fail-400", "BadRequestError"),
        ("fail-401", "AuthenticationError"),
        ("fail-404", "NotFoundError"),
        ("fail-429", "RateLimitError"),
        ("fail-500", "InternalServerError"),
        ("fail-529", "InternalServerError"),
    ];
    let calls: Vec<(&str, Value)> = cases
        .iter()
        .flat_map(|(model, _)| [("chat", chat(model, text)), ("respond", streamed(responses(model, text)))])
        .collect();
    let report = client.run(&calls);
    report.assert_only_redacted(std::slice::from_ref(&mail));
    for (pair, (model, kind)) in report.outcomes.chunks(2).zip(cases) {
        for outcome in pair {
            let error = outcome.same_error(kind);
            assert_eq!(model, format!("fail-{}", error["status_code"]));
            assert_eq!((&error["retry_after"], &error["request_id"]), (&json!("7"), &json!("req_mock1")));
            assert!(error["code"].is_string() && error["type"].is_string(), "{error}");
        }
    }

    let report = client.run(&[
        ("chat_retried", chat("busy-429", text)),
        ("chat", streamed(chat("error-1", text))),
        ("respond", streamed(responses("error-1", text))),
        ("chat", chat("break-1", text)),
        ("chat", streamed(chat("break-1", text))),
        ("respond", streamed(responses("break-1", text))),
        ("chat", chat("close-0", text)),
        ("respond", streamed(responses("close-0", text))),
        ("chat", streamed(chat("stop-1", text))),
        ("respond_assembled", responses("stop-1", text)),
    ]);
    report.assert_only_redacted(std::slice::from_ref(&mail));
    let [retried, errors @ .., closed, closed_stream, stopped, unfinished] = &report.outcomes[..] else {
        panic!("outcomes")
    };
    assert_eq!(retried.same("ChatCompletion")["choices"][0]["message"]["content"], **text);
    let kinds = ["APIError", "APIError", "APIConnectionError", "APIConnectionError", "APIConnectionError"];
    for (outcome, kind) in errors.iter().zip(kinds) {
        outcome.same_error(kind);
    }
    let [error, response_error, _, broken, broken_response] = errors else { panic!("outcomes") };
    for outcome in [error, response_error] {
        assert_eq!(said(&outcome.gateway), said(&outcome.direct));
    }
    for outcome in [broken, broken_response] {
        assert_broken_text(&said(&outcome.gateway), &said(&outcome.direct), &mail);
    }
    // The gateway has an answer for a provider that has none.
    for outcome in [closed, closed_stream] {
        assert_eq!(outcome.direct["error"]["class"], "APIConnectionError", "{}", outcome.direct);
        assert_eq!(outcome.gateway["error"]["class"], "InternalServerError", "{}", outcome.gateway);
        assert_eq!(outcome.gateway["error"]["code"], "upstream_unreachable");
    }
    // The client would take half an answer for a whole one.
    assert!(stopped.direct["error"].is_null(), "{}", stopped.direct);
    assert_eq!(stopped.gateway["error"]["code"], "upstream_ended_early", "{}", stopped.gateway);
    assert_eq!(said(&stopped.gateway), said(&stopped.direct));
    assert_same(&unfinished.gateway, &unfinished.direct);
}

#[test]
fn a_stream_beyond_a_limit_raises_the_clients_own_exception() {
    let gateway = gateway();
    let client = Client::openai(&gateway);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 5);
    let text = &format!("Write to {mail}, please, and do not forget what is behind.");
    let (outcomes, _) = client.run_guarded(&[
        ("chat", streamed(chat("huge-1", text))),
        ("respond", streamed(responses("huge-1", text))),
    ]);
    for outcome in &outcomes {
        assert_eq!(outcome["error"]["class"], "APIError", "{outcome}");
        assert_eq!(outcome["error"]["code"], "response_too_large", "{outcome}");
        assert!(said(outcome).contains(&mail), "{outcome}");
    }
}

/// What the client heard before a stream ended, in either API.
fn said(outcome: &Value) -> String {
    let Some(events) = outcome["events"].as_array() else { return String::new() };
    let is_chunk = |event: &Value| event["choices"].is_array();
    if events.iter().any(is_chunk) {
        chat_text(events, 0)
    } else {
        sse::joined(&of_type(events, "response.output_text.delta"), "/delta")
    }
}
