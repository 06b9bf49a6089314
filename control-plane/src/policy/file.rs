//! Policy documents as texts.

use aegis_policy::Policy;
use std::io::Read as _;
use std::path::Path;

/// Bytes of a policy document: 10,000 exact values of 4,096 bytes with room for the rest.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

// === impl Format ===

impl Format {
    /// By the file's name.
    pub(crate) fn of(path: &Path) -> Format {
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if is_json { Format::Json } else { Format::Yaml }
    }

    /// What HTTP calls it.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Yaml => "application/yaml",
        }
    }
}

/// The text of the document at `path`. The error says where and what.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    let at = path.display();
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| format!("{at}: {error}"))?;
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| format!("{at}: {error}"))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("{at}: more than {MAX_BYTES} bytes"));
    }
    Ok(text)
}

/// Reads the document at `path`: JSON if the file is called so, else YAML. The error says where and what.
pub(super) fn read(path: &Path) -> Result<Policy, String> {
    parse(&text(path)?, Format::of(path), &path.display().to_string())
}

/// Reads a document that `at` has. The error says where and what.
pub(super) fn parse(text: &str, format: Format, at: &str) -> Result<Policy, String> {
    match format {
        Format::Json => serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = error.to_string();
            let what = what.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&what);
            format!("{at}:{line}:{column}: {what}")
        }),
        Format::Yaml => {
            // A snippet of the file could show a value that must not be shown.
            let options = serde_saphyr::options! { with_snippet: false };
            serde_saphyr::from_str_with_options(text, options).map_err(|error| yaml_error(at, &error))
        }
    }
}

fn yaml_error(at: &str, error: &serde_saphyr::Error) -> String {
    let what = error.to_string();
    let Some(place) = error.location() else { return format!("{at}: {what}") };
    let (line, column) = (place.line(), place.column());
    let what = what.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&what);
    format!("{at}:{line}:{column}: {what}")
}
