//! The arguments of a tool call: what is judged together, and where it stands.
//!
//! A client runs a call once its arguments are complete, so each argument waits until all of it was judged. Arguments
//! that hold the content of files pass as they come: writing a file runs nothing, and they are long.

use crate::framing::json::{Container, Sink};
use crate::text::Unescaper;
use std::ops::Range;

/// Names of arguments that hold content rather than what is to be done with it, as the file and note tools of agents
/// call them.
const CONTENT_KEYS: [&[u8]; 16] = [
    b"content",
    b"contents",
    b"file_text",
    b"new_string",
    b"old_string",
    b"new_str",
    b"old_str",
    b"new_source",
    b"insert_text",
    b"patch",
    b"diff",
    b"todos",
    b"plan",
    b"thought",
    b"description",
    b"explanation",
];

/// How a patch begins that a tool gets as plain text
/// (<https://github.com/openai/codex/blob/main/codex-rs/apply-patch/apply_patch_tool_instructions.md>).
const PATCH: &[u8] = b"*** Begin Patch";

/// One argument: a string, or everything in an array or object.
#[derive(Debug, Default)]
pub(super) struct Argument {
    pub(super) strings: Vec<ArgumentString>,
}

/// A string of an argument.
#[derive(Debug)]
pub(super) struct ArgumentString {
    /// Where it stands, between its quotes.
    pub(super) span: Range<u64>,
    /// What it says.
    pub(super) text: Vec<u8>,
    /// The array that it is an element of. A command may be an array of words.
    pub(super) array: Option<usize>,
    is_content: bool,
}

/// Collects the arguments of one call. Offsets are those of the document that it listens to.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// Open arrays and objects: which array it is, if it is one, and whether a key around it is one of content.
    stack: Vec<(Option<usize>, bool)>,
    arrays: usize,
    key_is_content: bool,
    unescaper: Unescaper,
    /// One past the last byte that was read of the open string, without an escape sequence that is cut.
    reached: u64,
    /// The argument that is being read.
    current: Option<Argument>,
    /// They are no document, or not any more.
    is_plain: bool,
    complete: Vec<Argument>,
}

// === impl Arguments ===

impl Arguments {
    /// The arguments that are complete since the last time.
    pub(super) fn take_complete(&mut self) -> Vec<Argument> {
        std::mem::take(&mut self.complete)
    }

    /// What is there of the argument that is being read; the rest of it will be an argument of its own.
    pub(super) fn take_rest(&mut self) -> Option<Argument> {
        let current = self.current.as_mut()?;
        let open = current.strings.last_mut().filter(|last| last.is_open())?;
        open.span.end = self.reached;
        let rest = ArgumentString::new(self.reached, open.array, open.is_content);
        Some(std::mem::replace(current, Argument { strings: vec![rest] }))
    }

    /// The next piece of arguments that are no document, or not any more.
    pub(super) fn plain(&mut self, at: u64, text: &[u8]) {
        if !std::mem::replace(&mut self.is_plain, true) {
            let last = self.current.as_ref().and_then(|argument| argument.strings.last());
            if !last.is_some_and(|last| last.is_open() && !last.is_content) {
                self.finish();
            }
        }
        let argument = self.current.get_or_insert_default();
        if argument.strings.is_empty() {
            argument.strings.push(ArgumentString::new(at, None, false));
        }
        self.reached = at + text.len() as u64;
        if let Some(last) = argument.strings.last_mut().filter(|last| !last.is_content) {
            last.text.extend_from_slice(text);
            last.is_content = last.text.starts_with(PATCH);
        }
    }

    /// From which offset on an argument is not judged yet.
    pub(super) fn open_at(&self) -> Option<u64> {
        let first = self.current.as_ref()?.strings.iter().find(|string| !string.is_content)?;
        Some(first.span.start)
    }

    /// Ends the arguments, complete or not.
    pub(super) fn finish(&mut self) {
        if let Some(mut argument) = self.current.take() {
            if let Some(open) = argument.strings.last_mut().filter(|last| last.is_open()) {
                open.span.end = self.reached;
            }
            self.complete.push(argument);
        }
    }

    /// A value begins. Members of the outermost object are arguments, and so is a document that is no object.
    fn begin(&mut self, is_object: bool) {
        let is_argument = match self.stack.len() {
            0 => !is_object,
            1 => self.current.is_none(),
            _ => false,
        };
        if is_argument {
            self.current = Some(Argument::default());
        }
    }

    /// A value ended, with `self.stack` around it.
    fn end(&mut self) {
        if self.stack.len() <= 1 && self.stack.first().is_none_or(|(array, _)| array.is_none()) {
            self.complete.extend(self.current.take());
        }
    }
}

impl Sink for Arguments {
    fn open(&mut self, container: Container) {
        self.begin(container == Container::Object);
        let outer = self.stack.last().is_some_and(|(_, is_content)| *is_content);
        let array = (container == Container::Array).then(|| {
            self.arrays += 1;
            self.arrays
        });
        self.stack.push((array, outer || self.key_is_content));
        self.key_is_content = false;
    }

    fn close(&mut self, _at: u64) {
        self.stack.pop();
        self.end();
    }

    fn key(&mut self, _span: Range<u64>, raw: &[u8]) {
        self.key_is_content = CONTENT_KEYS.contains(&raw);
    }

    fn string_begin(&mut self, at: u64) {
        self.begin(false);
        self.unescaper = Unescaper::default();
        self.reached = at;
        let (array, outer) = self.stack.last().copied().unwrap_or_default();
        let is_content = outer || std::mem::take(&mut self.key_is_content);
        if let Some(argument) = &mut self.current {
            argument.strings.push(ArgumentString::new(at, array, is_content));
        }
    }

    fn string_piece(&mut self, at: u64, raw: &[u8]) {
        if let Some(last) = self.current.as_mut().and_then(|argument| argument.strings.last_mut())
            && !last.is_content
        {
            self.unescaper.push(raw, at, &mut last.text, &mut ());
            self.reached = self.unescaper.open_at().unwrap_or(at + raw.len() as u64);
        }
    }

    fn string_end(&mut self, at: u64) {
        if let Some(last) = self.current.as_mut().and_then(|argument| argument.strings.last_mut()) {
            self.unescaper.finish(&mut last.text, &mut ());
            last.span.end = at;
        }
        self.end();
    }

    fn scalar(&mut self, _at: u64, _raw: &[u8]) {
        self.key_is_content = false;
    }
}

// === impl Argument ===

impl Argument {
    /// The strings that are judged.
    pub(super) fn judged(&self) -> impl Iterator<Item = &ArgumentString> {
        self.strings.iter().filter(|string| !string.is_content && !string.text.is_empty())
    }
}

// === impl ArgumentString ===

impl ArgumentString {
    fn new(at: u64, array: Option<usize>, is_content: bool) -> ArgumentString {
        ArgumentString { span: at..u64::MAX, text: Vec::new(), array, is_content }
    }

    fn is_open(&self) -> bool {
        self.span.end == u64::MAX
    }
}
