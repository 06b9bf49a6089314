//! From bytes to pipelines: quoting, expansions, redirections and lists, as in a POSIX shell and bash.
//!
//! It reads a text once, from left to right, and takes anything: what is no shell gives commands that no rule knows.

mod heredoc;
mod redirect;
mod word;

use crate::command::{Command, Word};
use crate::known;
use crate::limits::{MAX_DEPTH, MAX_STAGES, MAX_WORDS};
use crate::state::State;
use std::ops::Range;

/// Takes the pipelines of a script.
pub(crate) trait Sink {
    /// A pipeline is complete.
    fn pipeline(&mut self, commands: &[Command], span: Range<usize>, state: &mut State);
}

/// Where a list of commands ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the text.
    Text,
    /// `)`
    Parenthesis,
    /// `}`
    Brace,
    /// A backtick.
    Backtick,
}

/// What a list of commands came to.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// Its commands, the first of them.
    pub(crate) commands: Vec<Command>,
    /// What it writes, if that is known.
    pub(crate) output: Option<Vec<u8>>,
}

/// One script.
pub(crate) struct Parser<'a, 's> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    /// The place that everything in this script has, if it does not stand in the text itself.
    place: Option<Range<usize>>,
    state: &'s mut State,
    sink: &'s mut dyn Sink,
}

/// A list while it is read.
#[derive(Default)]
struct Open {
    list: List,
    pipeline: Vec<Command>,
    command: Command,
    /// No word of the command has been read: assignments and keywords may come.
    at_start: bool,
    /// Here-documents of the pipeline whose bodies come behind the line.
    heredocs: Vec<heredoc::Heredoc>,
}

/// Words that stand in front of a command.
const KEYWORDS: [&[u8]; 12] =
    [b"if", b"then", b"else", b"elif", b"fi", b"do", b"done", b"while", b"until", b"!", b"esac", b"coproc"];

impl<'a, 's> Parser<'a, 's> {
    pub(crate) fn new(
        text: &'a [u8],
        depth: usize,
        place: Option<Range<usize>>,
        state: &'s mut State,
        sink: &'s mut dyn Sink,
    ) -> Parser<'a, 's> {
        Parser { text, at: 0, depth, place, state, sink }
    }

    /// Reads all of the script.
    pub(crate) fn run(mut self) {
        // A bracket that nothing opened ends no script.
        while self.at < self.text.len() {
            self.list(End::Text);
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    /// Reads commands up to `end`, and `end` itself.
    fn list(&mut self, end: End) -> List {
        let mut open = Open { at_start: true, ..Open::default() };
        self.depth += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.read_heredocs(&mut open);
                    self.end_pipeline(&mut open);
                }
                b'#' if self.at_word_start() => self.skip_comment(),
                b';' => {
                    self.at += 1;
                    self.end_pipeline(&mut open);
                }
                b'&' if self.peek(1) != Some(b'>') => {
                    self.at += 1;
                    self.end_pipeline(&mut open);
                }
                b'|' if self.peek(1) == Some(b'|') => {
                    self.at += 2;
                    self.end_pipeline(&mut open);
                }
                b'|' => {
                    self.at += if self.peek(1) == Some(b'&') { 2 } else { 1 };
                    self.end_command(&mut open);
                }
                b'(' => self.group(&mut open, End::Parenthesis),
                b'{' if open.at_start && self.is_brace_group() => self.group(&mut open, End::Brace),
                b')' => {
                    self.at += 1;
                    if end == End::Parenthesis || end == End::Text {
                        break;
                    }
                    self.end_pipeline(&mut open);
                }
                b'}' if end == End::Brace && open.at_start => {
                    self.at += 1;
                    break;
                }
                b'`' if end == End::Backtick => {
                    self.at += 1;
                    break;
                }
                _ => self.part(&mut open, end),
            }
        }
        self.read_heredocs(&mut open);
        self.end_pipeline(&mut open);
        self.depth -= 1;
        open.list
    }

    /// Reads a redirection or a word.
    fn part(&mut self, open: &mut Open, end: End) {
        let start = self.at;
        if !self.redirection(open, end) {
            self.word(open, end);
        }
        // Nothing may stand still: what no rule of the grammar takes is a word of one byte.
        if self.at == start {
            self.at += 1;
        }
        if open.command.span.is_empty() {
            open.command.span = start..self.at;
        }
        open.command.span.end = self.at;
    }

    /// Reads what stands in brackets. Its commands write into the pipeline around it.
    fn group(&mut self, open: &mut Open, end: End) {
        let start = self.at;
        self.at += 1;
        if self.depth >= MAX_DEPTH {
            return;
        }
        // `name ()` begins a function, `name (…` is code or a table; neither is an argument.
        self.end_command(open);
        let list = self.list(end);
        let place = start..self.at;
        for mut command in list.commands {
            command.span = place.clone();
            push_bounded(&mut open.pipeline, command);
        }
    }

    /// Whether a bracket that opens here groups commands: a blank follows.
    fn is_brace_group(&self) -> bool {
        self.peek(1).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    fn at_word_start(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.get(at));
        before.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b';' | b'&' | b'|' | b'('))
    }

    fn skip_comment(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }

    /// Takes a word that is complete.
    fn push_word(&mut self, open: &mut Open, word: Word) {
        if open.at_start && !word.is_quoted {
            if KEYWORDS.contains(&word.text.as_slice()) || is_prompt(&word.text) {
                return;
            }
            if self.state.assign(&word) {
                return;
            }
        }
        open.at_start = false;
        if open.command.words.len() < MAX_WORDS {
            open.command.words.push(word);
        }
    }

    /// Ends a command, but not its pipeline.
    fn end_command(&mut self, open: &mut Open) {
        let command = std::mem::take(&mut open.command);
        open.at_start = true;
        if command.words.is_empty() && command.redirects.is_empty() && command.inner.is_empty() {
            return;
        }
        if matches!(
            command.program().as_slice(),
            b"export" | b"declare" | b"local" | b"readonly" | b"typeset"
        ) {
            for word in command.arguments() {
                self.state.assign(word);
            }
        }
        push_bounded(&mut open.pipeline, command);
    }

    fn end_pipeline(&mut self, open: &mut Open) {
        self.end_command(open);
        let mut commands = std::mem::take(&mut open.pipeline);
        let (Some(first), Some(last)) = (commands.first(), commands.last()) else { return };
        let span = self.place.clone().unwrap_or(first.span.start..last.span.end);
        if let Some(place) = &self.place {
            for command in &mut commands {
                command.span = place.clone();
            }
        }
        self.state.depth = self.depth;
        self.sink.pipeline(&commands, span, self.state);
        open.list.output = known::output(&commands, None);
        for command in commands {
            push_bounded(&mut open.list.commands, command);
        }
    }
}

/// Whether a word is what a terminal shows in front of a command: `$`, `user@host:~#`.
fn is_prompt(word: &[u8]) -> bool {
    word == b"$" || (word.contains(&b'@') && matches!(word.last(), Some(b'$' | b'#')))
}

/// Keeps the first commands and the last.
fn push_bounded(commands: &mut Vec<Command>, command: Command) {
    if commands.len() >= MAX_STAGES {
        commands.pop();
    }
    commands.push(command);
}
