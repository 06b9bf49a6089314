//! Reads a text, and everything in it that a shell would run.

use crate::command::{Command, Word};
use crate::known;
use crate::limits::{MAX_DEPTH, MAX_STAGES};
use crate::nested::{is_shell, scripts};
use crate::parser::{Parser, Sink};
use crate::state::State;
use crate::wrapper::wrapped;
use std::iter;
use std::ops::Range;

/// Calls `visit` with each pipeline in `text`, and where it stands: what runs inside of a word stands where the pipeline
/// around it does.
///
/// A wrapper such as `sudo` stands in front of the command that it runs. What a substitution writes is a pipe into the
/// command around it, and so is a file that was written before it is run.
pub fn read(text: &[u8], mut visit: impl FnMut(&[Command], Range<usize>)) {
    let mut state = State::new(text.len());
    let mut reader = Reader { visit: &mut visit };
    Parser::new(text, 0, None, &mut state, &mut reader).run();
}

struct Reader<'v> {
    visit: &'v mut dyn FnMut(&[Command], Range<usize>),
}

impl Sink for Reader<'_> {
    fn pipeline(&mut self, commands: &[Command], span: Range<usize>, state: &mut State) {
        let unwrapped: Vec<Vec<Command>> = commands.iter().map(wrapped).collect();
        if unwrapped.iter().all(Vec::is_empty) {
            (self.visit)(commands, span.clone());
        } else {
            let stages = commands.iter().zip(&unwrapped);
            let flat = stages.flat_map(|(command, inner)| iter::once(command).chain(inner));
            let flat: Vec<Command> = flat.take(MAX_STAGES).cloned().collect();
            (self.visit)(&flat, span.clone());
        }
        let mut input = None;
        for (command, inner) in commands.iter().zip(&unwrapped) {
            let stages = || iter::once(command).chain(inner);
            for command in stages() {
                self.flows(command, &span, state);
            }
            for command in stages() {
                let input = command.here.as_ref().or(input.as_ref());
                for script in scripts(command, input.map(Vec::as_slice)) {
                    let depth = state.depth;
                    if depth < MAX_DEPTH && state.spend(script.len()) {
                        Parser::new(&script, depth, Some(span.clone()), state, self).run();
                        state.depth = depth;
                    }
                }
            }
            input = known::output(std::slice::from_ref(command), input);
        }
        remember_files(commands, state);
    }
}

impl Reader<'_> {
    /// Visits what flows into `command` by other ways than a pipe.
    fn flows(&mut self, command: &Command, span: &Range<usize>, state: &mut State) {
        let mut pipe = |from: &[Command], into: Command| {
            let mut stages: Vec<Command> = from.iter().flat_map(all).take(MAX_STAGES - 1).collect();
            stages.push(into);
            (self.visit)(&stages, span.clone());
        };
        if !command.inner.is_empty() {
            pipe(&command.inner, command.clone());
        }
        let Some(program) = command.words.first() else { return };
        let runs_file = is_shell(&command.program())
            || [&b"source"[..], b".", b"python", b"python3", b"perl", b"ruby", b"node", b"php"]
                .contains(&command.program().as_slice());
        let file = command.arguments().iter().find(|word| !word.text.starts_with(b"-")).filter(|_| runs_file);
        for file in [Some(program), file].into_iter().flatten() {
            if let Some(writers) = state.writers(&file.text) {
                // Whatever it is, it is run.
                let run = Command { words: vec![Word::plain(b"sh"), file.clone()], ..command.clone() };
                pipe(&writers, run);
            }
        }
    }
}

/// A command and those that it runs.
fn all(command: &Command) -> impl Iterator<Item = Command> {
    iter::once(command.clone()).chain(wrapped(command))
}

/// Remembers which files a pipeline writes.
fn remember_files(commands: &[Command], state: &mut State) {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for command in commands.iter().flat_map(all) {
        let writes = command.redirects.iter().filter(|redirect| redirect.operator.starts_with(['>', '&']));
        names.extend(writes.map(|redirect| redirect.target.clone()));
        names.extend(downloads(&command));
    }
    names.retain(|name| {
        !name.is_empty() && !name.starts_with(b"/dev/") && !name.iter().all(u8::is_ascii_digit)
    });
    names.truncate(MAX_STAGES);
    for name in names {
        state.write(&name, commands);
    }
}

/// The files that `command` gets from the network.
fn downloads(command: &Command) -> Vec<Vec<u8>> {
    let (named, from_url) = match command.program().as_slice() {
        b"curl" => (&[&b"-o"[..], b"--output"][..], command.has_flag("-O|--remote-name")),
        b"wget" | b"wget2" => (&[&b"-O"[..], b"--output-document"][..], true),
        b"aria2c" => (&[&b"-o"[..], b"--out"][..], true),
        b"fetch" | b"ftp" => (&[&b"-o"[..]][..], true),
        b"tee" => return command.arguments().iter().map(|word| word.text.clone()).take(MAX_STAGES).collect(),
        _ => return Vec::new(),
    };
    let words: Vec<&[u8]> = command.arguments().iter().map(|word| word.text.as_slice()).collect();
    let mut files = Vec::new();
    for (at, word) in words.iter().enumerate().take(MAX_STAGES) {
        let is_short = word.len() > 2 && word.starts_with(b"-") && !word.starts_with(b"--");
        // `-sSLo file` and `-qO file`.
        let ends_in = |option: &&&[u8]| is_short && option.last() == word.last() && option.len() == 2;
        if named.contains(word) || named.iter().any(|option| ends_in(&option)) {
            files.extend(words.get(at + 1).map(|file| file.to_vec()));
        } else if let Some((_, file)) = named.iter().find_map(|option| split_option(word, option)) {
            files.push(file.to_vec());
        }
    }
    if files.is_empty() && from_url {
        let url = words.iter().rfind(|word| !word.starts_with(b"-"));
        let path = url.and_then(|url| url.split(|byte| matches!(byte, b'?' | b'#')).next());
        files.extend(path.and_then(|path| path.rsplit(|byte| *byte == b'/').next()).map(<[u8]>::to_vec));
    }
    files
}

/// `--output=file`.
fn split_option<'a>(word: &'a [u8], option: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let value = word.strip_prefix(option)?.strip_prefix(b"=")?;
    Some((option, value))
}
