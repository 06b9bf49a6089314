//! OpenAI chat completions: `POST /v1/chat/completions`.

use crate::answer::{Answer, Heard, list, pieces, string, text_of};
use crate::reply::{data, events, now, parse, tokens};
use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

const CALL_ID: &str = "call_demo_1";

/// Answers a chat completion.
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
    Json(completion(&request, &heard, &answer)).into_response()
}

fn listen(request: &Value) -> Heard {
    let role = |message: &Value| string(message, "role").unwrap_or_default();
    let last =
        list(request, "messages").iter().rfind(|message| matches!(role(message).as_str(), "user" | "tool"));
    Heard {
        text: last.and_then(|message| message.get("content")).map(text_of).unwrap_or_default(),
        from_tool: last.is_some_and(|message| role(message) == "tool"),
        tool: list(request, "tools").first().and_then(|tool| string(tool.get("function")?, "name")),
    }
}

fn completion(request: &Value, heard: &Heard, answer: &Answer) -> Value {
    let (message, finish_reason) = match answer {
        Answer::Text(text) => (json!({ "role": "assistant", "content": text, "refusal": null }), "stop"),
        Answer::ToolCall { name, arguments } => {
            let function = json!({ "name": name, "arguments": arguments });
            let call = json!({ "id": CALL_ID, "type": "function", "function": function });
            (
                json!({ "role": "assistant", "content": null, "refusal": null, "tool_calls": [call] }),
                "tool_calls",
            )
        }
    };
    json!({
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": now(),
        "model": model(request),
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason }],
        "usage": usage(heard, answer),
    })
}

fn stream(request: &Value, heard: &Heard, answer: &Answer) -> Vec<String> {
    let created = now();
    let chunk = |choices: Value| {
        json!({
            "id": "chatcmpl-demo",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model(request),
            "choices": choices,
        })
    };
    let delta = |delta: Value, finish_reason: Option<&str>| {
        data(&chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish_reason }])))
    };
    let mut frames = vec![delta(json!({ "role": "assistant", "content": "" }), None)];
    match answer {
        Answer::Text(text) => {
            frames.extend(pieces(text).iter().map(|piece| delta(json!({ "content": piece }), None)));
            frames.push(delta(json!({}), Some("stop")));
        }
        Answer::ToolCall { name, arguments } => {
            let function = json!({ "name": name, "arguments": "" });
            let call = json!({ "index": 0, "id": CALL_ID, "type": "function", "function": function });
            frames.push(delta(json!({ "tool_calls": [call] }), None));
            frames.extend(pieces(arguments).iter().map(|piece| {
                delta(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": piece } }] }), None)
            }));
            frames.push(delta(json!({}), Some("tool_calls")));
        }
    }
    if request.pointer("/stream_options/include_usage").and_then(Value::as_bool) == Some(true) {
        let mut last = chunk(json!([]));
        if let Some(fields) = last.as_object_mut() {
            fields.insert("usage".into(), usage(heard, answer));
        }
        frames.push(data(&last));
    }
    frames.push("data: [DONE]\n\n".into());
    frames
}

fn model(request: &Value) -> String {
    string(request, "model").unwrap_or_else(|| "aegis-demo".into())
}

fn usage(heard: &Heard, answer: &Answer) -> Value {
    let (Answer::Text(said) | Answer::ToolCall { arguments: said, .. }) = answer;
    let (prompt, completion) = (tokens(&heard.text), tokens(said));
    json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion })
}

#[cfg(test)]
mod tests {
    use crate::testing::{joined, post, stream};
    use axum::http::StatusCode;
    use serde_json::{Value, json};

    const PATH: &str = "/v1/chat/completions";

    fn with_tool(content: &str) -> Value {
        let tools = json!([{ "type": "function", "function": { "name": "save", "parameters": {} } }]);
        json!({ "model": "m", "messages": [{ "role": "user", "content": content }], "tools": tools })
    }

    #[tokio::test]
    async fn echoes_the_last_user_message_of_several() {
        let parts = json!([{ "type": "text", "text": "two {{AG_X_EMAIL_1}}" }, { "type": "image_url" }]);
        let messages = json!([
            { "role": "user", "content": "one" },
            { "role": "assistant", "content": "yes" },
            { "role": "user", "content": parts },
        ]);
        let (status, answer) = post(PATH, json!({ "model": "m", "messages": messages })).await;
        assert_eq!(status, StatusCode::OK);
        let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert_eq!(content, "You said: two {{AG_X_EMAIL_1}}\nThe model saw: two [[AG_X_EMAIL_1]]");
        assert_eq!(answer["model"], "m");
    }

    #[tokio::test]
    async fn a_stream_says_the_same_in_pieces() {
        let messages = json!([{ "role": "user", "content": "mail {{AG_ABCDEFGH_EMAIL_1}} now" }]);
        let options = json!({ "include_usage": true });
        let request = json!({ "messages": messages, "stream": true, "stream_options": options });
        let events = stream(PATH, &request).await;
        let mut whole = request;
        whole["stream"] = false.into();
        let (_, answer) = post(PATH, whole).await;
        assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(joined(&events, "/choices/0/delta/content"), answer["choices"][0]["message"]["content"]);
        assert_eq!(joined(&events, "/choices/0/finish_reason"), "stop");
        assert_eq!(events[events.len() - 2]["usage"], answer["usage"]);
        assert_eq!(events[events.len() - 1], "[DONE]");
    }

    #[tokio::test]
    async fn calls_a_tool_with_the_text_as_argument() {
        let text = "the tool gets \"quotes\" and \\";
        let (_, answer) = post(PATH, with_tool(text)).await;
        assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
        let function = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
        assert_eq!(function["name"], "save");
        let arguments = function["arguments"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(arguments).unwrap(), json!({ "text": text }));

        let mut request = with_tool(text);
        request["stream"] = true.into();
        let events = stream(PATH, &request).await;
        assert_eq!(joined(&events, "/choices/0/delta/tool_calls/0/function/arguments"), arguments);
        assert_eq!(joined(&events, "/choices/0/delta/tool_calls/0/function/name"), "save");
        assert_eq!(joined(&events, "/choices/0/finish_reason"), "tool_calls");
    }

    #[tokio::test]
    async fn refuses_what_is_not_json() {
        let (status, answer) = post(PATH, "{\"messages\":").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["error"]["type"], "invalid_request_error");
    }
}
