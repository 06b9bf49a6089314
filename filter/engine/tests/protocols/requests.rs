//! Requests: what each schema says of the slot of each text, and the way of a value to the model and back.

use super::bench::vault;
use aegis_engine::{Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, compile, redact_request};
use aegis_policy::{Policy, Slot};
use serde_json::{Value, json};

/// An engine that redacts mail addresses, in these slots.
fn engine(slots: &[Slot]) -> Engine {
    let key = MasterKey::from_hex(&"77".repeat(32)).unwrap();
    let mut document = serde_json::to_value(Policy::only(&[])).unwrap();
    let slots: Vec<String> = slots.iter().copied().map(name).collect();
    // The built-in rule leaves the definitions of tools alone.
    document["custom_rules"] = json!([{
        "id": "test-mail", "kind": "EMAIL", "description": "For these tests.", "source": "own", "severity": "high",
        "pattern": r"\b[a-z_]{4,30}@corp\.example", "cap": 60, "match": ["user@corp.example", "a user@corp.example b"],
        "no_match": ["nothing", "else"],
    }]);
    document["rules"].as_array_mut().unwrap().push(json!({
        "rule": "test-mail", "action": "redact", "directions": ["request"], "slots": slots,
    }));
    let policy: Policy = serde_json::from_value(document).unwrap();
    Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap()
}

fn redact(engine: &Engine, protocol: Protocol, body: &Value) -> (String, Vault) {
    let mut vault = vault();
    let body = body.to_string();
    let redacted =
        redact_request(engine, &mut engine.caches(), protocol, body.as_bytes(), &mut vault).unwrap();
    (redacted.body.map_or(body, |body| String::from_utf8(body).unwrap()), vault)
}

/// A request of each protocol: `slot-name@corp.example` stands where texts of that slot do, `kept@corp.example` where
/// nothing may be changed.
fn requests() -> [(Protocol, Value); 6] {
    let image = format!("iVBORw0KGgo{}", "kept".repeat(80));
    [
        (
            Protocol::ChatCompletions,
            json!({
                "model": "kept@corp.example",
                "messages": [
                    { "role": "system", "content": "x system@corp.example" },
                    { "content": [{ "type": "text", "text": "x developer@corp.example" }], "role": "developer" },
                    { "role": "user", "name": "kept@corp.example", "content": [
                        { "type": "text", "text": "x user@corp.example" },
                        { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{image}") } },
                        { "type": "file", "file": { "file_data": image, "file_id": "kept@corp.example" } },
                    ] },
                    { "role": "assistant", "content": "x assistant@corp.example", "tool_calls": [{ "id": "kept@corp.example", "type": "function",
                        "function": { "name": "f", "arguments": json!({ "a": "x tool_call_arguments@corp.example" }).to_string() } }],
                      "thinking_blocks": [{ "thinking": "x kept@corp.example", "signature": "kept@corp.example" }] },
                    { "role": "tool", "tool_call_id": "kept@corp.example", "content": "x tool_result@corp.example" },
                ],
                "tools": [{ "type": "function", "function": { "name": "f", "description": "x tool_definition@corp.example" } }],
                "user": "user@corp.example",
            }),
        ),
        (
            Protocol::Responses,
            json!({
                "model": "kept@corp.example", "instructions": "x system@corp.example", "previous_response_id": "kept@corp.example",
                "input": [
                    { "type": "additional_tools", "id": "kept@corp.example", "role": "developer", "tools": [{ "type": "namespace", "tools": [
                        { "type": "custom", "description": "x tool_definition@corp.example" }] }] },
                    { "type": "message", "role": "developer", "id": "kept@corp.example", "content": [{ "type": "input_text", "text": "x developer@corp.example" }] },
                    { "role": "user", "content": [{ "type": "input_text", "text": "x user@corp.example" }, { "type": "input_image", "image_url": format!("data:image/png;base64,{image}") }] },
                    { "type": "reasoning", "id": "kept@corp.example", "encrypted_content": "kept@corp.example", "summary": [{ "type": "summary_text", "text": "x assistant@corp.example" }] },
                    { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "x assistant@corp.example" }] },
                    { "type": "function_call", "call_id": "kept@corp.example", "name": "kept@corp.example", "arguments": json!({ "a": ["x tool_call_arguments@corp.example"] }).to_string() },
                    { "type": "function_call_output", "call_id": "kept@corp.example", "output": "x tool_result@corp.example" },
                    { "type": "custom_tool_call", "call_id": "kept@corp.example", "input": "x tool_call_arguments@corp.example" },
                    { "type": "custom_tool_call_output", "call_id": "c", "output": [{ "type": "input_text", "text": "x tool_result@corp.example" }] },
                    { "type": "local_shell_call", "action": { "type": "exec", "command": ["x tool_call_arguments@corp.example"] } },
                ],
                "tools": [{ "type": "function", "name": "f", "description": "x tool_definition@corp.example" }],
            }),
        ),
        (
            Protocol::Messages,
            json!({
                "model": "kept@corp.example",
                "system": [{ "type": "text", "text": "x system@corp.example", "cache_control": { "type": "ephemeral" } }],
                "messages": [
                    { "role": "user", "content": "x user@corp.example" },
                    { "content": [{ "type": "text", "text": "x system@corp.example" }], "role": "system" },
                    { "role": "assistant", "content": [
                        { "type": "thinking", "thinking": "x kept@corp.example", "signature": "kept@corp.example" },
                        { "type": "redacted_thinking", "data": "kept@corp.example" },
                        { "type": "text", "text": "x assistant@corp.example" },
                        { "type": "tool_use", "id": "kept@corp.example", "name": "kept@corp.example", "input": { "a": { "b": "x tool_call_arguments@corp.example" } } },
                    ] },
                    { "role": "user", "content": [
                        { "tool_use_id": "kept@corp.example", "type": "tool_result", "content": "x tool_result@corp.example" },
                        { "type": "tool_result", "content": [{ "type": "text", "text": "x tool_result@corp.example" }, { "type": "image", "source": { "type": "base64", "data": image } }] },
                        { "type": "document", "source": { "type": "text", "media_type": "text/plain", "data": "x document@corp.example" }, "title": "x document@corp.example" },
                        { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": image } },
                    ] },
                ],
                "tools": [{ "name": "f", "description": "x tool_definition@corp.example" }],
            }),
        ),
        (
            Protocol::Gemini,
            json!({
                "systemInstruction": { "parts": [{ "text": "x system@corp.example" }] },
                "contents": [
                    { "parts": [{ "text": "x user@corp.example" }, { "inlineData": { "mimeType": "image/png", "data": image } }], "role": "user" },
                    { "role": "model", "parts": [{ "text": "x assistant@corp.example", "thoughtSignature": "kept@corp.example" },
                        { "functionCall": { "name": "f", "args": { "a": "x tool_call_arguments@corp.example" } } }] },
                    { "role": "user", "parts": [{ "functionResponse": { "name": "f", "response": { "r": "x tool_result@corp.example" } } }] },
                ],
                "tools": [{ "functionDeclarations": [{ "name": "f", "description": "x tool_definition@corp.example" }] }],
            }),
        ),
        (
            Protocol::Completions,
            json!({ "model": "kept@corp.example", "prompt": ["x user@corp.example", "x user@corp.example"] }),
        ),
        (Protocol::Embeddings, json!({ "model": "kept@corp.example", "input": ["x user@corp.example"] })),
    ]
}

fn name(slot: Slot) -> String {
    serde_json::to_value(slot).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn a_rule_acts_in_its_slot_and_nowhere_else() {
    for slot in Slot::ALL {
        let engine = engine(&[slot]);
        for (protocol, body) in requests() {
            let (sent, _) = redact(&engine, protocol, &body);
            let plain = body.to_string();
            let own = format!("{}@corp.example", name(slot));
            assert!(!sent.contains(&own), "{protocol:?} {slot:?} {sent}");
            // Whatever else there was is there.
            let count = |text: &str, what: &str| text.matches(what).count();
            let taken = count(&plain, &own);
            assert_eq!(count(&sent, "{{AG_"), taken, "{protocol:?} {slot:?}");
            assert_eq!(
                count(&sent, "@corp.example"),
                count(&plain, "@corp.example") - taken,
                "{protocol:?} {slot:?}"
            );
        }
    }
}

/// Strings of `value`, in order.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| strings(value, found)),
        Value::Object(members) => members.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

#[test]
fn what_the_model_repeats_comes_back() {
    let engine = engine(&Slot::ALL);
    for (protocol, body) in requests() {
        let (sent, vault) = redact(&engine, protocol, &body);
        let (mut before, mut seen) = (Vec::new(), Vec::new());
        strings(&body, &mut before);
        strings(&serde_json::from_str(&sent).unwrap(), &mut seen);
        assert_eq!(before.len(), seen.len());
        for (before, seen) in before.iter().zip(&seen).filter(|(before, _)| before.len() < 300) {
            let answer = json!({ "choices": [{ "message": { "content": seen } }] }).to_string();
            let mut stream = ResponseStream::new(Protocol::ChatCompletions, Framing::Json);
            let mut out = Vec::new();
            let mut caches = engine.caches();
            stream.push(&engine, &mut caches, &vault, answer.as_bytes(), &mut out);
            stream.finish(&engine, &mut caches, &vault, &mut out);
            let out: Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(out["choices"][0]["message"]["content"], json!(before), "{protocol:?}");
        }
    }
}
