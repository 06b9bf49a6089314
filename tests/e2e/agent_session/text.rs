//! Text that nobody wrote, for a session that nobody had.

use aegis_tests::secrets::lookalike;
use serde_json::Value;

/// What stands in prompts, tool descriptions and outputs, and what JSON has to escape.
const WORDS: [&str; 32] = [
    "the",
    "build",
    "fails",
    "because",
    "module",
    "café",
    "returns",
    "…",
    "cache",
    "after",
    "función",
    "test",
    "“quoted”",
    "\"plain\"",
    "path\\to",
    "重构",
    "line",
    "file",
    "🦀",
    "and",
    "</tag>",
    "it",
    "src/lib.rs:42",
    "then",
    "2026-11-25",
    "`cargo`",
    "\t",
    "0.169.0",
    "naïve",
    "&amp;",
    "done",
    "{{not_a_placeholder}}",
];

/// A paragraph of `count` words, which differ from seed to seed.
pub(crate) fn prose(seed: u64, count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let word = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        WORDS[usize::try_from(state % 32).expect("a small number")]
    };
    (0..count).map(word).collect::<Vec<&str>>().join(" ")
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A JSON string in which more is escaped than has to be.
pub(crate) fn over_quoted(text: &str) -> String {
    quoted(text).replace('é', "\\u00e9").replace('…', "\\u2026")
}

/// An identifier that a client makes: UUID version 7.
pub(crate) fn uuid(seed: u64) -> String {
    lookalike("0199{hex:4}-{hex:4}-7{hex:3}-8{hex:3}-{hex:12}", seed)
}

/// What looks like data about people or like keys but is neither: identifiers, times, dates, and the trailer that an
/// agent puts below commits.
pub(crate) fn bait(seed: u64) -> String {
    let (device, time) = (lookalike("{hex:64}", seed), lookalike("1795{digit:9}", seed));
    let trailer = "Co-Authored-By: Claude <noreply@anthropic.com>";
    format!("device {device} at {time} on 2026-11-25T16:02:51.123Z, session {}\n\n{trailer}", uuid(seed))
}

/// Base64 as in images and signatures, with what looks like a key by accident.
pub(crate) fn base64(seed: u64) -> String {
    lookalike(concat!("iVBORw0KGgo{base64:400}/", "AK", "IA{base32:16}/{base64:700}="), seed)
}

/// Base64url as in encrypted reasoning, with the same accident.
pub(crate) fn encrypted(seed: u64) -> String {
    lookalike(concat!("gAAAAAB{alnum:70}-", "sk-", "{alnum:48}-{alnum:60}=="), seed)
}
