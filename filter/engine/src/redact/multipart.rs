//! Multipart bodies (RFC 2046 §5.1, RFC 7578): fields and files.
//!
//! Content decides what a file is, never its name or declared type: what is UTF-8 without a NUL is text and read as
//! such, everything else is binary and passes. What is read here as one part must not be read as two by the next
//! parser, so a boundary in any place but a delimiter's is refused.

mod boundary;

pub use boundary::Boundary;

use super::RequestError;
use super::collect::Text;
use super::media::{essence, is_json};
use super::text;
use crate::limits::{MAX_PARTS, MAX_TEXTS};
use aegis_policy::Slot;
use std::ops::Range;

/// Not a multipart body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid multipart body at byte {at}: {problem}")]
pub struct MultipartError {
    /// Offset of the part or byte in question.
    pub at: u64,
    /// What is wrong there.
    pub problem: MultipartProblem,
}

/// What is wrong with a multipart body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultipartProblem {
    /// There is something in front of the first part or behind the last.
    #[error("text outside of the parts")]
    Outside,
    /// The boundary stands where no delimiter can be.
    #[error("the boundary is inside of a line")]
    Delimiter,
    /// The last part has no end.
    #[error("the closing delimiter is missing")]
    End,
    /// No header lines and an empty line.
    #[error("part headers that cannot be read")]
    Headers,
    /// A `content-transfer-encoding`, which RFC 7578 has abolished.
    #[error("a part with a content-transfer-encoding")]
    Encoding,
    /// More parts than [`MAX_PARTS`].
    #[error("more than {MAX_PARTS} parts")]
    Parts,
}

/// One part.
struct Part {
    content: Range<usize>,
    /// It is a form field or says that it is text, so it must be.
    text: bool,
    slot: Slot,
}

/// The texts of `body`, in order.
pub(super) fn texts(boundary: &Boundary, body: &[u8]) -> Result<Vec<Text>, RequestError> {
    let mut texts = Vec::new();
    for span in parts(boundary, body)? {
        let part = Part::read(body, span)?;
        let content = body.get(part.content.clone()).unwrap_or_default();
        if content.is_empty() || (!part.text && is_binary(content)) {
            continue;
        }
        let more = text::texts(body, part.content, part.slot)?;
        if texts.len() + more.len() > MAX_TEXTS {
            return Err(RequestError::TooMany);
        }
        texts.extend(more);
    }
    Ok(texts)
}

/// Whether a file has no text to read. PDF may be all ASCII, but holds offsets into itself.
fn is_binary(content: &[u8]) -> bool {
    content.starts_with(b"%PDF-") || text::readable(content, 0).is_err()
}

/// The parts of `body` without their delimiters.
fn parts(boundary: &Boundary, body: &[u8]) -> Result<Vec<Range<usize>>, MultipartError> {
    let error = |at: usize, problem| MultipartError { at: at as u64, problem };
    let mut parts = Vec::new();
    // Where the open part begins.
    let mut open: Option<usize> = None;
    let mut closed = false;
    let mut end = 0;
    for at in memchr::memmem::find_iter(body, boundary.delimiter()) {
        let before = body.get(..at).unwrap_or_default();
        let behind = at + boundary.delimiter().len();
        let line = body.get(behind..).unwrap_or_default();
        if closed || !(at == 0 || before.ends_with(b"\r\n")) {
            return Err(error(at, MultipartProblem::Delimiter));
        }
        match open {
            Some(start) if parts.len() == MAX_PARTS => return Err(error(start, MultipartProblem::Parts)),
            Some(start) => parts.push(start..at),
            None if !before.trim_ascii().is_empty() => return Err(error(0, MultipartProblem::Outside)),
            None => {}
        }
        if line.starts_with(b"--") {
            closed = true;
            end = behind + 2;
        } else {
            let padding = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            if !line.get(padding..).is_some_and(|rest| rest.starts_with(b"\r\n")) {
                return Err(error(at, MultipartProblem::Delimiter));
            }
            open = Some(behind + padding + 2);
        }
    }
    if !closed {
        return Err(error(body.len(), MultipartProblem::End));
    }
    if body.get(end..).is_some_and(|rest| !rest.trim_ascii().is_empty()) {
        return Err(error(end, MultipartProblem::Outside));
    }
    Ok(parts)
}

// === impl Part ===

impl Part {
    /// Reads the headers of the part at `span`, which ends in front of a delimiter.
    fn read(body: &[u8], span: Range<usize>) -> Result<Part, MultipartError> {
        let error = |problem| MultipartError { at: span.start as u64, problem };
        let part = body.get(span.clone()).unwrap_or_default();
        let (head, start) = if part.starts_with(b"\r\n") {
            (&[][..], 2)
        } else {
            let end = memchr::memmem::find(part, b"\r\n\r\n").ok_or(error(MultipartProblem::Headers))?;
            (part.get(..end).unwrap_or_default(), end + 4)
        };
        let head = std::str::from_utf8(head).map_err(|_| error(MultipartProblem::Headers))?;
        let (mut file, mut media_type) = (false, None);
        for line in head.split("\r\n").filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(error(MultipartProblem::Headers))?;
            match name.trim_ascii_end().to_ascii_lowercase().as_str() {
                // Any spelling: `filename=`, `filename*=`. A field whose name holds this is none the worse as a file.
                "content-disposition" => file = value.to_ascii_lowercase().contains("filename"),
                "content-type" => media_type = Some(essence(value)),
                "content-transfer-encoding" => {
                    let encoding = value.trim().to_ascii_lowercase();
                    if !matches!(encoding.as_str(), "7bit" | "8bit" | "binary") {
                        return Err(error(MultipartProblem::Encoding));
                    }
                }
                _ => {}
            }
        }
        // The line break in front of a delimiter belongs to the delimiter; an empty part may share it with its headers.
        let start = span.start + start;
        let content = start..(span.end.saturating_sub(2)).max(start);
        let text = match &media_type {
            Some(media_type) => media_type.starts_with("text/") || is_json(media_type),
            None => !file,
        };
        let slot = if file { Slot::Document } else { Slot::User };
        Ok(Part { content, text, slot })
    }
}

#[cfg(test)]
mod tests;
