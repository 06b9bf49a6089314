//! Embeddings of OpenAI and Gemini. A vector is the same for every text.

use super::quote;
use super::template::fill;
use data_encoding::BASE64;
use serde_json::Value;

const DIMENSIONS: u16 = 96;

const OPENAI: &str = r#"{
  "object": "list",
  "data": [$data
  ],
  "model": $model,
  "usage": {
    "prompt_tokens": 4,
    "total_tokens": 4
  }
}
"#;

const DATUM: &str = r#"
    {
      "object": "embedding",
      "index": $index,
      "embedding": $embedding
    }"#;

const GEMINI: &str = r#"{
  "embeddings": [$data
  ]
}
"#;

const VALUES: &str = r#"
    {
      "values": $embedding
    }"#;

/// `POST …/embeddings`.
pub(super) fn openai(request: &Value) -> String {
    let inputs = request["input"].as_array().map_or(1, Vec::len);
    let embedding = if request["encoding_format"] == "base64" {
        let bytes: Vec<u8> = vector().flat_map(f32::to_le_bytes).collect();
        quote(&BASE64.encode(&bytes))
    } else {
        numbers("        ")
    };
    let datum = |index: usize| fill(DATUM, &[("index", &index.to_string()), ("embedding", &embedding)]);
    let data: Vec<String> = (0..inputs).map(datum).collect();
    let model = quote(request["model"].as_str().expect("a model"));
    fill(OPENAI, &[("data", &data.join(",")), ("model", &model)])
}

/// `POST …:batchEmbedContents`.
pub(super) fn gemini(request: &Value) -> String {
    let inputs = request["requests"].as_array().expect("requests").len();
    let values = fill(VALUES, &[("embedding", &numbers("        "))]);
    fill(GEMINI, &[("data", &vec![values; inputs].join(","))])
}

/// One number to a line, as the providers print them.
fn numbers(indent: &str) -> String {
    let lines: Vec<String> = vector().map(|number| format!("\n{indent}{number:?}")).collect();
    format!("[{}\n{}]", lines.join(","), &indent[2..])
}

/// Numbers of all lengths and both signs, some of which are written with an exponent.
fn vector() -> impl Iterator<Item = f32> {
    (0..DIMENSIONS).map(|index| {
        let number = f32::from(index * 619 % 1013) / 10130.0 - 0.05;
        if index % 7 == 0 { number * 1e-6 } else { number }
    })
}
