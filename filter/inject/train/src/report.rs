//! Reports in Markdown.

/// Appends a line.
pub(crate) fn line(report: &mut String, text: &str) {
    report.push_str(text);
    report.push('\n');
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
