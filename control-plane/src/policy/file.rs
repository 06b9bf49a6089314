//! Policy documents in files.

use aegis_policy::Policy;
use std::io::Read as _;
use std::path::Path;

/// Bytes of a policy document: 10,000 exact values of 4,096 bytes with room for the rest.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Reads the document at `path`: JSON if the file is called so, else YAML. The error says where and what.
pub(super) fn read(path: &Path) -> Result<Policy, String> {
    let at = path.display();
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| format!("{at}: {error}"))?;
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| format!("{at}: {error}"))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("{at}: more than {MAX_FILE_BYTES} bytes"));
    }
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = error.to_string();
            let what = what.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&what);
            format!("{at}:{line}:{column}: {what}")
        })
    } else {
        // A snippet of the file could show a value that must not be shown.
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(&text, options).map_err(|error| yaml_error(path, &error))
    }
}

fn yaml_error(path: &Path, error: &serde_saphyr::Error) -> String {
    let (at, what) = (path.display(), error.to_string());
    let Some(place) = error.location() else { return format!("{at}: {what}") };
    let (line, column) = (place.line(), place.column());
    let what = what.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&what);
    format!("{at}:{line}:{column}: {what}")
}
