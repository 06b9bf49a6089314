//! What a script has said so far: variables, files, and how much was read besides the text itself.

use crate::command::{Command, Word};
use crate::limits::{MAX_REMEMBERED, MAX_VALUE, NESTED_FREELY, NESTED_PER_BYTE};

/// The state of one text.
#[derive(Debug)]
pub(crate) struct State {
    variables: Vec<(Vec<u8>, Vec<u8>)>,
    /// Files by name, each with the commands that wrote it.
    files: Vec<(Vec<u8>, Vec<Command>)>,
    /// Bytes of expansions and nested scripts that may still be read.
    left: usize,
    /// How deep the pipeline lies that is complete.
    pub(crate) depth: usize,
}

// === impl State ===

impl State {
    /// The state at the beginning of a text of `len` bytes.
    pub(crate) fn new(len: usize) -> State {
        let left = len.saturating_mul(NESTED_PER_BYTE).saturating_add(NESTED_FREELY);
        State { variables: Vec::new(), files: Vec::new(), left, depth: 0 }
    }

    /// Takes what reading `len` bytes besides the text costs; `false` if there is no more.
    pub(crate) fn spend(&mut self, len: usize) -> bool {
        let left = self.left.checked_sub(len);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Remembers the variable if `word` is `name=value`, and says whether it is.
    pub(crate) fn assign(&mut self, word: &Word) -> bool {
        let Some(at) = word.text.iter().position(|byte| *byte == b'=') else { return false };
        let (Some(name), Some(value)) = (word.text.get(..at), word.text.get(at + 1..)) else { return false };
        let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !is_name || !name.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_') {
            return false;
        }
        // What is not known is better read as it is written: `$()` says less than `$name`.
        let is_known = value.len() <= MAX_VALUE && !value.windows(3).any(|window| window == b"$()");
        self.variables.retain(|(other, _)| other != name);
        if is_known && self.variables.len() < MAX_REMEMBERED {
            self.variables.push((name.to_vec(), value.to_vec()));
        }
        true
    }

    /// The value of a variable.
    pub(crate) fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_slice())
    }

    /// The value of a variable, to be put in its place.
    pub(crate) fn expand(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        let value = self.value(name)?.to_vec();
        self.spend(value.len()).then_some(value)
    }

    /// Remembers that `commands` write the file `name`.
    pub(crate) fn write(&mut self, name: &[u8], commands: &[Command]) {
        let name = file_name(name);
        self.files.retain(|(other, _)| other != name);
        let cost = commands.iter().map(Command::size).sum();
        if self.files.len() < MAX_REMEMBERED && !name.is_empty() && self.spend(cost) {
            self.files.push((name.to_vec(), commands.to_vec()));
        }
    }

    /// The commands that wrote the file `name`.
    pub(crate) fn writers(&mut self, name: &[u8]) -> Option<Vec<Command>> {
        let name = file_name(name);
        let commands =
            self.files.iter().find(|(other, _)| other == name).map(|(_, commands)| commands.clone())?;
        self.spend(commands.iter().map(Command::size).sum()).then_some(commands)
    }
}

/// A file is the same with and without `./`.
fn file_name(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"./").unwrap_or(name)
}
