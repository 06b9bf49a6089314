//! OpenAI chat completions, as recorded from the provider.

use super::template::fill;
use super::{Asked, Dialect, Said, openai, quote, quoted_parts};
use crate::chat::content_text;
use crate::{Recorded, Reply};
use serde_json::Value;

pub(super) struct Chat;

const WHOLE: &str = r#"{
  "id": "chatcmpl-Mock1",
  "object": "chat.completion",
  "created": 1770933892,
  "model": $model,
  "choices": [$choices
  ],
  "usage": {
    "prompt_tokens": 19,
    "completion_tokens": 10,
    "total_tokens": 29,
    "prompt_tokens_details": {
      "cached_tokens": 0,
      "audio_tokens": 0
    },
    "completion_tokens_details": {
      "reasoning_tokens": 0,
      "audio_tokens": 0,
      "accepted_prediction_tokens": 0,
      "rejected_prediction_tokens": 0
    }
  },
  "service_tier": "default",
  "system_fingerprint": "fp_mock1"
}
"#;

const CHOICE: &str = r#"
    {
      "index": $index,
      "message": {
        "role": "assistant",
        "content": $content,$more
        "refusal": null,
        "annotations": []
      },
      "logprobs": null,
      "finish_reason": $finish
    }"#;

const CALL: &str = r#"
          {
            "id": "call_mock$index",
            "type": "function",
            "function": {
              "name": $tool,
              "arguments": $arguments
            }
          }"#;

const CHUNK: &str = r#"{"id":"chatcmpl-Mock1","object":"chat.completion.chunk","created":1770933892,"model":$model,"service_tier":"default","system_fingerprint":"fp_mock1","choices":[$choice],"usage":$usage,"obfuscation":"Qup1BsQ3"}"#;

const DELTA: &str = r#"{"index":$index,"delta":$delta,"logprobs":null,"finish_reason":$finish}"#;

const USAGE: &str = r#"{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#;

const ERROR: &str = r#"data: {"error":{"message":"The mock had an error.","type":"server_error","param":null,"code":"mock_failed"}}

"#;

impl Dialect for Chat {
    fn hear(&self, recorded: &Recorded) -> Asked {
        let request = recorded.json();
        let messages = request["messages"].as_array().expect("messages");
        let last = messages.last().expect("a message");
        let is_result = |message: &&Value| message["role"] == "tool";
        let results = messages.iter().rev().take_while(is_result).collect::<Vec<_>>().into_iter().rev();
        let results: String = results.map(|message| content_text(&message["content"])).collect();
        Asked {
            model: request["model"].as_str().expect("a model").into(),
            stream: request["stream"] == true,
            from_tool: is_result(&last),
            text: if is_result(&last) { results } else { content_text(&last["content"]) },
            tool: request.pointer("/tools/0/function/name").and_then(|name| name.as_str()).map(Into::into),
            request,
        }
    }

    fn whole(&self, asked: &Asked, said: &Said) -> String {
        let (content, more) = match said {
            Said::Text { thought, text } => {
                let thought = thought.as_ref().map(|thought| quote(thought));
                let more = thought.map(|thought| format!("\n        \"reasoning_content\": {thought},"));
                (quote(text), more.unwrap_or_default())
            }
            Said::Calls { tool, arguments } => {
                let calls: Vec<String> = arguments
                    .iter()
                    .enumerate()
                    .map(|(index, arguments)| {
                        let index = index.to_string();
                        let (tool, arguments) = (quote(tool), quote(arguments));
                        fill(CALL, &[("index", &index), ("tool", &tool), ("arguments", &arguments)])
                    })
                    .collect();
                ("null".into(), format!("\n        \"tool_calls\": [{}\n        ],", calls.join(",")))
            }
        };
        let choices: Vec<String> = (0..count(asked))
            .map(|index| {
                let index = index.to_string();
                fill(
                    CHOICE,
                    &[("index", &index), ("content", &content), ("more", &more), ("finish", finish(said))],
                )
            })
            .collect();
        fill(WHOLE, &[("model", &quote(&asked.model)), ("choices", &choices.join(","))])
    }

    fn events(&self, asked: &Asked, said: &Said, size: usize) -> Vec<String> {
        let mut deltas = vec![r#"{"role":"assistant","content":"","refusal":null}"#.to_owned()];
        match said {
            Said::Text { thought, text } => {
                let thought = quoted_parts(thought.as_deref().unwrap_or_default(), size);
                deltas.extend(thought.map(|part| format!(r#"{{"reasoning_content":{part}}}"#)));
                deltas.extend(quoted_parts(text, size).map(|part| format!(r#"{{"content":{part}}}"#)));
            }
            Said::Calls { tool, arguments } => {
                for (index, arguments) in arguments.iter().enumerate() {
                    let tool = quote(tool);
                    deltas.push(format!(
                        r#"{{"tool_calls":[{{"index":{index},"id":"call_mock{index}","type":"function","function":{{"name":{tool},"arguments":""}}}}]}}"#
                    ));
                    deltas.extend(quoted_parts(arguments, size).map(|part| {
                        format!(r#"{{"tool_calls":[{{"index":{index},"function":{{"arguments":{part}}}}}]}}"#)
                    }));
                }
            }
        }
        let model = quote(&asked.model);
        let chunk = |choice: &str, usage: &str| {
            let payload = fill(CHUNK, &[("model", &model), ("choice", choice), ("usage", usage)]);
            format!("data: {payload}\n\n")
        };
        let ends = [("{}".to_owned(), finish(said))];
        // Choices take turns.
        let mut events: Vec<String> = deltas
            .into_iter()
            .map(|delta| (delta, "null"))
            .chain(ends)
            .flat_map(|(delta, finish)| (0..count(asked)).map(move |index| (index, delta.clone(), finish)))
            .map(|(index, delta, finish)| {
                let index = index.to_string();
                chunk(&fill(DELTA, &[("index", &index), ("delta", &delta), ("finish", finish)]), "null")
            })
            .collect();
        if asked.request.pointer("/stream_options/include_usage").is_some() {
            events.push(chunk("", USAGE));
        }
        events.push(crate::chat::DONE.into());
        events
    }

    fn error_event(&self) -> String {
        ERROR.into()
    }

    fn refusal(&self, status: u16) -> Reply {
        openai::refusal(status)
    }
}

/// How many choices are asked for.
fn count(asked: &Asked) -> u64 {
    asked.request["n"].as_u64().unwrap_or(1)
}

fn finish(said: &Said) -> &'static str {
    match said {
        Said::Text { .. } => "\"stop\"",
        Said::Calls { .. } => "\"tool_calls\"",
    }
}
