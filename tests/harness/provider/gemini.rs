//! Gemini, as recorded from the provider: lines of events end in CRLF, and strings escape what means something in HTML.

use super::template::fill;
use super::{Asked, Dialect, Said, quote, signature};
use crate::chat::content_text;
use crate::{Recorded, Reply, sse};
use serde_json::Value;
use std::fmt::Write as _;

pub(super) struct Gemini;

/// `GET /v1/models`.
pub(super) const MODELS: &str = r#"{
  "models": [
    {
      "name": "models/echo-1",
      "version": "001",
      "displayName": "Echo",
      "inputTokenLimit": 1048576,
      "outputTokenLimit": 8192,
      "supportedGenerationMethods": [
        "generateContent",
        "countTokens"
      ]
    }
  ]
}
"#;

/// `POST …:countTokens`.
pub(super) const COUNT: &str = r#"{
  "totalTokens": 2095,
  "promptTokensDetails": [
    {
      "modality": "TEXT",
      "tokenCount": 2095
    }
  ]
}
"#;

const WHOLE: &str = r#"{
  "candidates": [
    {
      "content": {
        "parts": [
          $parts
        ],
        "role": "model"
      },
      "finishReason": "STOP",
      "index": 0
    }
  ],
  "usageMetadata": {
    "promptTokenCount": 9,
    "candidatesTokenCount": 23,
    "totalTokenCount": 32,
    "promptTokensDetails": [
      {
        "modality": "TEXT",
        "tokenCount": 9
      }
    ]
  },
  "modelVersion": $model,
  "responseId": "Mock1"
}
"#;

const CHUNK: &str = r#"data: {"candidates": [{"content": {"parts": [$part],"role": "model"},$finish"index": 0}],"usageMetadata": {"promptTokenCount": 9,"candidatesTokenCount": 23,"totalTokenCount": 32,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 9}]},"modelVersion": $model,"responseId": "Mock1"}"#;

const REFUSAL: &str = r#"{
  "error": {
    "code": $code,
    "message": "The mock refuses.",
    "status": $status,
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": "7s"
      }
    ]
  }
}
"#;

const ERROR: &str =
    r#"data: {"error": {"code": 503,"message": "The mock had an error.","status": "UNAVAILABLE"}}"#;

impl Dialect for Gemini {
    fn hear(&self, recorded: &Recorded) -> Asked {
        let request = recorded.json();
        let (model, call) = recorded.target.rsplit('/').next().and_then(|last| last.split_once(':')).unwrap();
        let contents = request["contents"].as_array().expect("contents");
        let last = contents.iter().rfind(|content| content["role"] != "model").expect("content of the user");
        let parts = last["parts"].as_array().expect("parts");
        let results: Vec<&Value> =
            parts.iter().filter_map(|part| part.pointer("/functionResponse/response/result")).collect();
        Asked {
            model: model.into(),
            stream: call.starts_with("streamGenerateContent"),
            text: if results.is_empty() {
                content_text(&last["parts"])
            } else {
                results.iter().filter_map(|result| result.as_str()).collect()
            },
            from_tool: !results.is_empty(),
            tool: request
                .pointer("/tools/0/functionDeclarations/0/name")
                .and_then(|name| name.as_str())
                .map(Into::into),
            request,
        }
    }

    fn whole(&self, asked: &Asked, said: &Said) -> String {
        let parts = parts(said, usize::MAX).join(",\n          ");
        fill(WHOLE, &[("parts", &parts), ("model", &quote(&asked.model))])
    }

    fn events(&self, asked: &Asked, said: &Said, size: usize) -> Vec<String> {
        let parts = parts(said, size);
        let last = parts.len() - 1;
        let chunk = |(index, part): (usize, &String)| {
            let finish = if index == last { r#""finishReason": "STOP","# } else { "" };
            let values = [("part", part.as_str()), ("finish", finish), ("model", &quote(&asked.model))];
            fill(CHUNK, &values) + "\r\n\r\n"
        };
        parts.iter().enumerate().map(chunk).collect()
    }

    fn error_event(&self) -> String {
        format!("{ERROR}\r\n\r\n")
    }

    /// <https://cloud.google.com/apis/design/errors>
    fn refusal(&self, status: u16) -> Reply {
        let name = match status {
            429 => "RESOURCE_EXHAUSTED",
            ..500 => "INVALID_ARGUMENT",
            503 => "UNAVAILABLE",
            _ => "INTERNAL",
        };
        let code = status.to_string();
        let body = fill(REFUSAL, &[("code", &code), ("status", &quote(name))]);
        Reply::whole("application/json; charset=UTF-8", body).status(status)
    }
}

/// Texts come in pieces; function calls come whole.
fn parts(said: &Said, size: usize) -> Vec<String> {
    match said {
        Said::Text { thought, text } => {
            let thoughts = sse::parts(thought.as_deref().unwrap_or_default(), size);
            let thoughts = thoughts
                .iter()
                .map(|part| format!(r#"{{"text": {},"thought": true}}"#, escaped(&quote(part))));
            let mut parts: Vec<String> = thoughts.collect();
            let texts = sse::parts(text, size);
            parts.extend(texts.iter().map(|part| format!(r#"{{"text": {}}}"#, escaped(&quote(part)))));
            if thought.is_some() {
                parts.push(format!(r#"{{"text": "","thoughtSignature": {}}}"#, quote(&signature())));
            }
            parts
        }
        Said::Calls { tool, arguments } => {
            let call = |arguments: &String| {
                let (tool, arguments) = (quote(tool), escaped(arguments));
                format!(r#"{{"functionCall": {{"name": {tool},"args": {arguments}}}}}"#)
            };
            arguments.iter().map(call).collect()
        }
    }
}

/// JSON with what means something in HTML escaped; it occurs in strings only.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '=' | '\'' => {
                write!(escaped, "\\u{:04x}", u32::from(character)).unwrap();
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
