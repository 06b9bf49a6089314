//! Anthropic Messages: `POST /v1/messages`.

use crate::answer::{Answer, Heard, list, pieces, string, text_of};
use crate::reply::{events, named, parse, tokens};
use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Answers a message.
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
    let (block, stop_reason) = block(&answer);
    let mut message = envelope(&request, &heard);
    if let Some(fields) = message.as_object_mut() {
        fields.insert("content".into(), json!([block]));
        fields.insert("stop_reason".into(), stop_reason.into());
        fields.insert(
            "usage".into(),
            json!({ "input_tokens": tokens(&heard.text), "output_tokens": said(&answer) }),
        );
    }
    Json(message).into_response()
}

fn listen(request: &Value) -> Heard {
    let is_user = |message: &&Value| string(message, "role").as_deref() == Some("user");
    let last = list(request, "messages").iter().rfind(is_user);
    let is_result = |block: &&Value| string(block, "type").as_deref() == Some("tool_result");
    let result = last.and_then(|message| list(message, "content").iter().rfind(is_result));
    let content = result.or(last).and_then(|holder| holder.get("content"));
    Heard {
        text: content.map(text_of).unwrap_or_default(),
        from_tool: result.is_some(),
        tool: list(request, "tools").first().and_then(|tool| string(tool, "name")),
    }
}

fn envelope(request: &Value, heard: &Heard) -> Value {
    json!({
        "id": "msg_demo",
        "type": "message",
        "role": "assistant",
        "model": string(request, "model").unwrap_or_else(|| "aegis-demo".into()),
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": { "input_tokens": tokens(&heard.text), "output_tokens": 0 },
    })
}

fn block(answer: &Answer) -> (Value, &'static str) {
    match answer {
        Answer::Text(text) => (json!({ "type": "text", "text": text }), "end_turn"),
        Answer::ToolCall { name, arguments } => {
            let input: Value = serde_json::from_str(arguments).unwrap_or_default();
            (json!({ "type": "tool_use", "id": "toolu_demo_1", "name": name, "input": input }), "tool_use")
        }
    }
}

fn stream(request: &Value, heard: &Heard, answer: &Answer) -> Vec<String> {
    let (start, deltas): (Value, Vec<Value>) = match answer {
        Answer::Text(text) => {
            let delta = |piece: String| json!({ "type": "text_delta", "text": piece });
            (json!({ "type": "text", "text": "" }), pieces(text).into_iter().map(delta).collect())
        }
        Answer::ToolCall { name, arguments } => {
            let delta = |piece: String| json!({ "type": "input_json_delta", "partial_json": piece });
            let start = json!({ "type": "tool_use", "id": "toolu_demo_1", "name": name, "input": {} });
            (start, pieces(arguments).into_iter().map(delta).collect())
        }
    };
    let mut payloads = vec![
        json!({ "type": "message_start", "message": envelope(request, heard) }),
        json!({ "type": "content_block_start", "index": 0, "content_block": start }),
    ];
    for delta in deltas {
        payloads.push(json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
    }
    let (_, stop_reason) = block(answer);
    payloads.push(json!({ "type": "content_block_stop", "index": 0 }));
    payloads.push(json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason, "stop_sequence": null },
        "usage": { "output_tokens": said(answer) },
    }));
    payloads.push(json!({ "type": "message_stop" }));
    payloads.iter().map(named).collect()
}

fn said(answer: &Answer) -> usize {
    let (Answer::Text(said) | Answer::ToolCall { arguments: said, .. }) = answer;
    tokens(said)
}

#[cfg(test)]
mod tests {
    use crate::testing::{joined, post, stream};
    use serde_json::{Value, json};

    const PATH: &str = "/v1/messages";

    fn request(content: &Value) -> Value {
        let tools = json!([{ "name": "save", "input_schema": {} }]);
        json!({ "model": "m", "messages": [{ "role": "user", "content": content }], "tools": tools })
    }

    #[tokio::test]
    async fn echoes_text_and_tool_results() {
        let (_, answer) =
            post(PATH, request(&json!([{ "type": "text", "text": "hi {{AG_X_EMAIL_1}}" }]))).await;
        let text = &answer["content"][0]["text"];
        assert_eq!(text, "You said: hi {{AG_X_EMAIL_1}}\nThe model saw: hi [[AG_X_EMAIL_1]]");
        assert_eq!(answer["stop_reason"], "end_turn");
        let result = json!([{ "type": "tool_result", "tool_use_id": "t", "content": "tool done" }]);
        let (_, answer) = post(PATH, request(&result)).await;
        assert_eq!(answer["content"][0]["text"], "The tool returned: tool done\nThe model saw: tool done");
    }

    #[tokio::test]
    async fn a_stream_says_the_same_in_pieces() {
        let mut body = request(&json!("hello there, streaming client"));
        let (_, whole) = post(PATH, body.clone()).await;
        body["stream"] = true.into();
        let events = stream(PATH, &body).await;
        assert_eq!(events[0]["type"], "message_start");
        assert_eq!(events[events.len() - 1]["type"], "message_stop");
        assert_eq!(joined(&events, "/delta/text"), whole["content"][0]["text"].as_str().unwrap());
        assert_eq!(joined(&events, "/delta/stop_reason"), "end_turn");
    }

    #[tokio::test]
    async fn calls_a_tool_streamed_or_not() {
        let mut body = request(&json!("tool \"x\""));
        let (_, whole) = post(PATH, body.clone()).await;
        assert_eq!(whole["content"][0]["input"], json!({ "text": "tool \"x\"" }));
        body["stream"] = true.into();
        let events = stream(PATH, &body).await;
        let input: Value = serde_json::from_str(&joined(&events, "/delta/partial_json")).unwrap();
        assert_eq!(input, whole["content"][0]["input"]);
        assert_eq!(joined(&events, "/delta/stop_reason"), "tool_use");
    }
}
