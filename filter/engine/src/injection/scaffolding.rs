//! What a coding agent adds to its user's words: reminders, project instructions, the state of its environment.
//!
//! It is full of orders, and they are the agent's own. A user who puts his words between such tags gains a mark instead of
//! a refusal; what a tool returns is never read like this.

use crate::limits::MAX_SCAFFOLDING;
use std::ops::Range;

/// Tags between which agents write: Claude Code, Codex.
const TAGS: [(&str, &str); 4] = [
    ("<system-reminder>", "</system-reminder>"),
    ("<environment_context>", "</environment_context>"),
    ("<user_instructions>", "</user_instructions>"),
    ("<INSTRUCTIONS>", "</INSTRUCTIONS>"),
];

/// What the user said in `text`, and what was added; `None` if nothing was.
pub(super) fn apart(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut said, mut added) = (Vec::new(), Vec::new());
    let mut from = 0;
    for _ in 0..MAX_SCAFFOLDING {
        let Some(part) = first(text, from) else { break };
        said.extend_from_slice(text.get(from..part.start)?);
        said.push(b'\n');
        added.extend_from_slice(text.get(part.clone())?);
        added.push(b'\n');
        from = part.end;
    }
    if added.is_empty() {
        return None;
    }
    said.extend_from_slice(text.get(from..)?);
    Some((said, strip(added)))
}

/// Gives back the tags that were cut off: of messages that are read together only the end of one and the beginning of the
/// other are there.
pub(crate) fn complete(text: &mut Vec<u8>) {
    let has = |text: &[u8], tag: &str| memchr::memmem::find(text, tag.as_bytes()).is_some();
    for (open, close) in TAGS {
        let first = memchr::memmem::find(text, close.as_bytes());
        if first.and_then(|end| text.get(..end)).is_some_and(|before| !has(before, open)) {
            text.splice(..0, open.bytes());
        }
        let last = memchr::memmem::rfind(text, open.as_bytes());
        if last.and_then(|start| text.get(start..)).is_some_and(|behind| !has(behind, close)) {
            text.extend_from_slice(close.as_bytes());
        }
    }
}

/// The first part between tags from `from` on, tags included.
fn first(text: &[u8], from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    // Nearly all texts have none, and this costs next to nothing.
    memchr::memchr(b'<', rest)?;
    let part = |(open, close): &(&str, &str)| {
        let start = memchr::memmem::find(rest, open.as_bytes())?;
        let len = memchr::memmem::find(rest.get(start..)?, close.as_bytes())?;
        Some(from + start..from + start + len + close.len())
    };
    TAGS.iter().filter_map(part).min_by_key(|part| part.start)
}

/// `text` without the tags, which mean nothing by themselves.
fn strip(text: Vec<u8>) -> Vec<u8> {
    let tags = TAGS.iter().flat_map(|(open, close)| [open, close]);
    tags.fold(text, |text, tag| {
        let mut out = Vec::with_capacity(text.len());
        let mut from = 0;
        for at in memchr::memmem::find_iter(&text, tag.as_bytes()) {
            out.extend_from_slice(text.get(from..at).unwrap_or_default());
            from = at + tag.len();
        }
        out.extend_from_slice(text.get(from..).unwrap_or_default());
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_told_from_what_was_said() {
        let split = |text: &str| {
            apart(text.as_bytes()).map(|(said, added)| {
                [said, added].map(|part| String::from_utf8(part).unwrap().trim().to_owned())
            })
        };
        assert_eq!(split("fix <b>this</b> bug"), None);
        assert_eq!(split("<system-reminder>open and never closed"), None);
        assert_eq!(
            split("a <system-reminder>x</system-reminder> b <environment_context>y</environment_context>"),
            Some(["a \n b".to_owned(), "x\ny".to_owned()])
        );
        let completed = |text: &str| {
            let mut text = text.as_bytes().to_vec();
            complete(&mut text);
            String::from_utf8(text).unwrap()
        };
        let whole = "<system-reminder>a</system-reminder> b <INSTRUCTIONS>c</INSTRUCTIONS>";
        assert_eq!(completed("a</system-reminder> b <INSTRUCTIONS>c"), whole);
        assert_eq!(completed(whole), whole);
        assert_eq!(completed("a < b"), "a < b");
        let many = "<INSTRUCTIONS>x</INSTRUCTIONS>".repeat(2 * MAX_SCAFFOLDING);
        assert!(split(&many).unwrap()[0].ends_with("</INSTRUCTIONS>"), "the rest counts as said");
    }
}
