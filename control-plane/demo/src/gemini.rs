//! Gemini: `POST /v1beta/models/<model>:generateContent` and `:streamGenerateContent`.

use crate::answer::{Answer, Heard, list, pieces, string, text_of};
use crate::reply::{data, events, parse, tokens};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Answers `<model>:<method>`.
pub(crate) async fn call(Path(call): Path<String>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let request = match parse(&body) {
        Ok(request) => request,
        Err(refusal) => return *refusal,
    };
    let heard = listen(&request);
    let answer = Answer::to(&heard);
    match call.split_once(':') {
        Some((model, "generateContent")) => {
            Json(chunk(model, &heard, &[part(&answer)], Some("STOP"))).into_response()
        }
        Some((model, "streamGenerateContent")) => {
            let chunks = stream(model, &heard, &answer);
            let sse = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
            if sse { events(chunks.iter().map(data).collect()) } else { Json(chunks).into_response() }
        }
        _ => {
            let error = json!({ "code": 404, "message": "no such method", "status": "NOT_FOUND" });
            (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response()
        }
    }
}

fn listen(request: &Value) -> Heard {
    let is_user = |content: &&Value| string(content, "role").as_deref() != Some("model");
    let last = list(request, "contents").iter().rfind(is_user);
    let result =
        last.and_then(|content| list(content, "parts").iter().find_map(|part| part.get("functionResponse")));
    let text = match result {
        Some(result) => result.get("response").map(Value::to_string),
        None => last.and_then(|content| content.get("parts")).map(text_of),
    };
    let declarations =
        list(request, "tools").first().map_or(&[][..], |tool| list(tool, "functionDeclarations"));
    Heard {
        text: text.unwrap_or_default(),
        from_tool: result.is_some(),
        tool: declarations.first().and_then(|declaration| string(declaration, "name")),
    }
}

fn part(answer: &Answer) -> Value {
    match answer {
        Answer::Text(text) => json!({ "text": text }),
        Answer::ToolCall { name, arguments } => {
            let args: Value = serde_json::from_str(arguments).unwrap_or_default();
            json!({ "functionCall": { "name": name, "args": args } })
        }
    }
}

fn chunk(model: &str, heard: &Heard, parts: &[Value], finish: Option<&str>) -> Value {
    let mut candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts } });
    if let (Some(fields), Some(finish)) = (candidate.as_object_mut(), finish) {
        fields.insert("finishReason".into(), finish.into());
    }
    let prompt = tokens(&heard.text);
    json!({
        "candidates": [candidate],
        "usageMetadata": { "promptTokenCount": prompt, "totalTokenCount": prompt },
        "modelVersion": model,
        "responseId": "gemini-demo",
    })
}

/// Text comes in pieces; a function call comes whole, as from Gemini itself.
fn stream(model: &str, heard: &Heard, answer: &Answer) -> Vec<Value> {
    let parts = match answer {
        Answer::Text(text) => pieces(text).into_iter().map(|piece| json!({ "text": piece })).collect(),
        Answer::ToolCall { .. } => vec![part(answer)],
    };
    let last = parts.len().saturating_sub(1);
    let finish = |index: usize| (index == last).then_some("STOP");
    parts.into_iter().enumerate().map(|(index, part)| chunk(model, heard, &[part], finish(index))).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{joined, post, stream};
    use axum::http::StatusCode;
    use serde_json::{Value, json};

    const TEXT: &str = "/candidates/0/content/parts/0/text";

    fn request(text: &str) -> Value {
        let tools = json!([{ "functionDeclarations": [{ "name": "save" }] }]);
        json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }], "tools": tools })
    }

    #[tokio::test]
    async fn the_three_ways_to_ask_say_the_same() {
        let body = request("hello there, streaming client");
        let (_, whole) = post("/v1beta/models/g:generateContent", &body).await;
        let text = whole.pointer(TEXT).unwrap().as_str().unwrap();
        assert!(text.starts_with("You said: hello there, streaming client\n"));
        let events = stream("/v1beta/models/g:streamGenerateContent?key=k&alt=sse", &body).await;
        assert_eq!(joined(&events, TEXT), text);
        assert_eq!(joined(&events, "/candidates/0/finishReason"), "STOP");
        let (_, array) = post("/v1/models/g:streamGenerateContent", &body).await;
        assert_eq!(joined(array.as_array().unwrap(), TEXT), text);
    }

    #[tokio::test]
    async fn calls_a_function_and_echoes_its_result() {
        let (_, answer) = post("/v1beta/models/g:generateContent", request("tool \"x\"")).await;
        let call = &answer["candidates"][0]["content"]["parts"][0]["functionCall"];
        assert_eq!(call, &json!({ "name": "save", "args": { "text": "tool \"x\"" } }));
        let result = json!({ "functionResponse": { "name": "save", "response": { "ok": "tool" } } });
        let body = json!({ "contents": [{ "role": "user", "parts": [result] }] });
        let (_, answer) = post("/v1beta/models/g:generateContent", body).await;
        assert!(
            answer
                .pointer(TEXT)
                .unwrap()
                .as_str()
                .unwrap()
                .starts_with("The tool returned: {\"ok\":\"tool\"}")
        );
    }

    #[tokio::test]
    async fn an_unknown_method_is_not_found() {
        let (status, answer) = post("/v1beta/models/g:embedContent", request("x")).await;
        assert_eq!((status, &answer["error"]["status"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")));
    }
}
