//! OpenAI Responses: `POST /v1/responses`.

use crate::answer::{Answer, Heard, list, pieces, string, text_of};
use crate::reply::{events, named, now, parse, tokens};
use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Answers a response request.
pub(crate) async fn create(body: Bytes) -> Response {
    let request = match parse(&body) {
        Ok(request) => request,
        Err(refusal) => return *refusal,
    };
    let heard = listen(&request);
    let answer = Answer::to(&heard);
    if request.get("stream").and_then(Value::as_bool) == Some(true) {
        return events(stream(&request, &heard, &answer));
    }
    Json(response(&request, &heard, "completed", &[item(&answer)])).into_response()
}

fn listen(request: &Value) -> Heard {
    let tool = list(request, "tools").first().and_then(|tool| string(tool, "name"));
    if let Some(text) = string(request, "input") {
        return Heard { text, from_tool: false, tool };
    }
    let is_result = |item: &Value| string(item, "type").as_deref() == Some("function_call_output");
    let is_user = |item: &Value| string(item, "role").as_deref() == Some("user");
    let last = list(request, "input").iter().rfind(|item| is_result(item) || is_user(item));
    let from_tool = last.is_some_and(is_result);
    let key = if from_tool { "output" } else { "content" };
    Heard { text: last.and_then(|item| item.get(key)).map(text_of).unwrap_or_default(), from_tool, tool }
}

fn item(answer: &Answer) -> Value {
    match answer {
        Answer::Text(text) => json!({
            "type": "message", "id": "msg_demo", "status": "completed", "role": "assistant",
            "content": [{ "type": "output_text", "text": text, "annotations": [] }],
        }),
        Answer::ToolCall { name, arguments } => json!({
            "type": "function_call", "id": "fc_demo", "status": "completed", "call_id": "call_demo_1",
            "name": name, "arguments": arguments,
        }),
    }
}

fn response(request: &Value, heard: &Heard, status: &str, output: &[Value]) -> Value {
    let (input, said) =
        (tokens(&heard.text), output.iter().map(|item| tokens(&item.to_string())).sum::<usize>());
    json!({
        "id": "resp_demo",
        "object": "response",
        "created_at": now(),
        "status": status,
        "model": string(request, "model").unwrap_or_else(|| "aegis-demo".into()),
        "output": output,
        "usage": { "input_tokens": input, "output_tokens": said, "total_tokens": input + said },
    })
}

fn stream(request: &Value, heard: &Heard, answer: &Answer) -> Vec<String> {
    let done = item(answer);
    let id = done.get("id").cloned().unwrap_or_default();
    let mut payloads = vec![
        json!({ "type": "response.created", "response": response(request, heard, "in_progress", &[]) }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": opening(&done) }),
    ];
    match answer {
        Answer::Text(text) => {
            let place = json!({ "item_id": id, "output_index": 0, "content_index": 0 });
            let part = |text: &str| json!({ "type": "output_text", "text": text, "annotations": [] });
            let event = |kind: &str, key: &str, value: Value| {
                let mut event = place.clone();
                if let Some(fields) = event.as_object_mut() {
                    fields.insert("type".into(), kind.into());
                    fields.insert(key.into(), value);
                }
                event
            };
            payloads.push(event("response.content_part.added", "part", part("")));
            for piece in pieces(text) {
                payloads.push(event("response.output_text.delta", "delta", piece.into()));
            }
            payloads.push(event("response.output_text.done", "text", text.as_str().into()));
            payloads.push(event("response.content_part.done", "part", part(text)));
        }
        Answer::ToolCall { arguments, .. } => {
            for piece in pieces(arguments) {
                let kind = "response.function_call_arguments.delta";
                payloads.push(json!({ "type": kind, "item_id": id, "output_index": 0, "delta": piece }));
            }
            let kind = "response.function_call_arguments.done";
            payloads.push(json!({ "type": kind, "item_id": id, "output_index": 0, "arguments": arguments }));
        }
    }
    payloads.push(json!({ "type": "response.output_item.done", "output_index": 0, "item": done.clone() }));
    let completed = response(request, heard, "completed", &[done]);
    payloads.push(json!({ "type": "response.completed", "response": completed }));
    for (number, payload) in payloads.iter_mut().enumerate() {
        if let Some(fields) = payload.as_object_mut() {
            fields.insert("sequence_number".into(), number.into());
        }
    }
    payloads.iter().map(named).collect()
}

/// The item as it is announced: nothing in it yet.
fn opening(done: &Value) -> Value {
    let mut item = done.clone();
    if let Some(fields) = item.as_object_mut() {
        fields.insert("status".into(), "in_progress".into());
        if let Some(content) = fields.get_mut("content") {
            *content = json!([]);
        }
        if let Some(arguments) = fields.get_mut("arguments") {
            *arguments = "".into();
        }
    }
    item
}

#[cfg(test)]
mod tests {
    use crate::testing::{joined, post, stream};
    use serde_json::{Value, json};

    const PATH: &str = "/v1/responses";

    #[tokio::test]
    async fn echoes_a_string_and_the_last_item_of_a_list() {
        let (_, answer) = post(PATH, json!({ "model": "m", "input": "hello" })).await;
        let text = &answer["output"][0]["content"][0]["text"];
        assert_eq!(text, "You said: hello\nThe model saw: hello");
        let input = json!([
            { "role": "user", "content": [{ "type": "input_text", "text": "first" }] },
            { "type": "function_call_output", "call_id": "c", "output": "{{AG_X_EMAIL_1}}" },
        ]);
        let (_, answer) = post(PATH, json!({ "input": input })).await;
        let text = &answer["output"][0]["content"][0]["text"];
        assert_eq!(text, "The tool returned: {{AG_X_EMAIL_1}}\nThe model saw: [[AG_X_EMAIL_1]]");
    }

    #[tokio::test]
    async fn a_stream_says_the_same_in_pieces() {
        let events = stream(PATH, &json!({ "input": "hello there, streaming client", "stream": true })).await;
        let last = &events[events.len() - 1];
        assert_eq!(events[0]["type"], "response.created");
        assert_eq!(last["type"], "response.completed");
        let whole = last["response"]["output"][0]["content"][0]["text"].as_str().unwrap();
        assert!(whole.contains("hello there, streaming client"));
        assert_eq!(joined(&events, "/delta"), whole);
        assert!(events.iter().enumerate().all(|(number, event)| event["sequence_number"] == number));
    }

    #[tokio::test]
    async fn calls_a_tool_streamed_or_not() {
        let tools = json!([{ "type": "function", "name": "save", "parameters": {} }]);
        let request = json!({ "input": "tool \"x\"", "tools": tools });
        let (_, answer) = post(PATH, request.clone()).await;
        let arguments = answer["output"][0]["arguments"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(arguments).unwrap(), json!({ "text": "tool \"x\"" }));
        let mut request = request;
        request["stream"] = true.into();
        let events = stream(PATH, &request).await;
        assert_eq!(joined(&events, "/delta"), arguments);
        assert_eq!(events[1]["item"]["arguments"], "");
    }
}
