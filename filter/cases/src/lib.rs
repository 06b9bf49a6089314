//! Golden cases: one corpus for the engine, the compiled module and Envoy. `filter/cases/README.md` has the format.
#![forbid(unsafe_code)]

mod expand;

use aegis_policy::example;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Gives the placeholder of a value of some kind.
pub type Placeholder<'a> = &'a dyn Fn(&str, &str) -> String;

/// A body before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// File and name.
    pub name: String,
    /// What the case shows.
    pub property: String,
    /// Name of the protocol, as `aegisgate replay --protocol` takes it.
    pub protocol: String,
    /// The values that stand in the bodies: kind and text.
    pub values: Vec<(String, String)>,
    /// What comes in.
    pub input: Vec<u8>,
    /// What must come out.
    pub output: Vec<u8>,
}

/// The corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cases {
    /// Requests: what the client sends, what the upstream must receive.
    pub requests: Vec<Case>,
    /// JSON answers: what the upstream sends, what the client must receive.
    pub documents: Vec<Case>,
    /// Streamed answers.
    pub streams: Vec<Case>,
}

/// A case file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// Not a case file.
    #[error("{file}: {error}")]
    Syntax {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        error: Box<toml::de::Error>,
    },
    /// A body names something that does not exist.
    #[error("{case}: {reason}")]
    Body {
        /// File and name of the case.
        case: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The case files, with the protocol of each.
const FILES: &[(&str, &str, &str)] = &[
    ("chat/requests.toml", "chat-completions", include_str!("../chat/requests.toml")),
    ("chat/documents.toml", "chat-completions", include_str!("../chat/documents.toml")),
    ("chat/streams.toml", "chat-completions", include_str!("../chat/streams.toml")),
    ("responses/requests.toml", "responses", include_str!("../responses/requests.toml")),
    ("responses/documents.toml", "responses", include_str!("../responses/documents.toml")),
    ("responses/streams.toml", "responses", include_str!("../responses/streams.toml")),
    ("messages/requests.toml", "messages", include_str!("../messages/requests.toml")),
    ("messages/documents.toml", "messages", include_str!("../messages/documents.toml")),
    ("messages/streams.toml", "messages", include_str!("../messages/streams.toml")),
    ("gemini/requests.toml", "gemini", include_str!("../gemini/requests.toml")),
    ("gemini/documents.toml", "gemini", include_str!("../gemini/documents.toml")),
    ("gemini/streams.toml", "gemini", include_str!("../gemini/streams.toml")),
    ("completions/cases.toml", "completions", include_str!("../completions/cases.toml")),
    ("embeddings/cases.toml", "embeddings", include_str!("../embeddings/cases.toml")),
    ("generic.toml", "generic", include_str!("../generic.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    vars: BTreeMap<String, Var>,
    #[serde(default)]
    request: Vec<RequestCase>,
    #[serde(default)]
    document: Vec<ResponseCase>,
    #[serde(default)]
    stream: Vec<ResponseCase>,
}

/// A value that stands in bodies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Var {
    kind: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestCase {
    name: String,
    property: String,
    body: String,
    upstream: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResponseCase {
    name: String,
    property: String,
    upstream: String,
    client: Option<String>,
}

// === impl Cases ===

impl Cases {
    /// Reads the corpus, with `placeholder` naming the placeholders.
    pub fn load(placeholder: Placeholder<'_>) -> Result<Cases, CaseError> {
        let mut cases = Cases { requests: Vec::new(), documents: Vec::new(), streams: Vec::new() };
        for &(name, protocol, text) in FILES {
            let file: File = toml::from_str(text)
                .map_err(|error| CaseError::Syntax { file: name, error: Box::new(error) })?;
            let values: BTreeMap<String, (String, String)> = file
                .vars
                .into_iter()
                .map(|(var, Var { kind, text })| {
                    let text = example::expand(&text, &var);
                    (var, (kind, text))
                })
                .collect();
            let case = |case: &str, property: String, before: &str, after: Option<&str>| {
                let name = format!("{name}: {case}");
                let body = |text: &str| {
                    expand::body(text, &values, placeholder)
                        .map_err(|reason| CaseError::Body { case: name.clone(), reason })
                };
                let input = body(before)?;
                let output = after.map_or_else(|| Ok(input.clone()), body)?;
                let values = values.values().cloned().collect();
                Ok(Case {
                    protocol: protocol.to_owned(),
                    property,
                    values,
                    input,
                    output,
                    name: name.clone(),
                })
            };
            for one in file.request {
                cases.requests.push(case(&one.name, one.property, &one.body, one.upstream.as_deref())?);
            }
            for one in file.document {
                cases.documents.push(case(&one.name, one.property, &one.upstream, one.client.as_deref())?);
            }
            for one in file.stream {
                cases.streams.push(case(&one.name, one.property, &one.upstream, one.client.as_deref())?);
            }
        }
        Ok(cases)
    }
}
