//! Server-sent events, read and written.

use serde_json::Value;

/// One event without a name.
pub fn frame(payload: &Value) -> String {
    format!("data: {payload}\n\n")
}

/// One event with a name; `payload` is JSON in the provider's own spelling.
pub fn named(name: &str, payload: &str) -> String {
    format!("event: {name}\ndata: {payload}\n\n")
}

/// The JSON payloads of a stream of events that each have one line of data; `[DONE]` is left out.
#[track_caller]
pub fn payloads(stream: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stream).expect("events in UTF-8");
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).expect(data)).collect()
}

/// Every string at `pointer`, joined.
pub fn joined(payloads: &[Value], pointer: &str) -> String {
    payloads.iter().filter_map(|payload| payload.pointer(pointer)?.as_str()).collect()
}

/// `text` in parts of `size` characters.
pub fn parts(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(size).map(|part| part.iter().collect()).collect()
}
