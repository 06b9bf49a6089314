//! What a command line consists of.

use std::ops::Range;

/// One word, as the program gets it: without quotes, escapes and what expands to known text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// The text. A variable of unknown value stays as it is written, an unknown substitution is `$()`.
    pub text: Vec<u8>,
    /// Quotes or escapes stand inside of the word, or it was put together from expansions: how names are disguised.
    pub is_pieced: bool,
    /// All of it stands in quotes.
    pub is_quoted: bool,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The operator without a descriptor: `>`, `>>`, `<`, `>&`, `&>` …
    pub operator: &'static str,
    /// The file, or the descriptor.
    pub target: Vec<u8>,
}

/// A simple command: a program with its words and redirections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// Where it stands.
    pub span: Range<usize>,
    /// The program, then its words.
    pub words: Vec<Word>,
    /// Its redirections.
    pub redirects: Vec<Redirect>,
    /// What it reads from a here-document or a here-string.
    pub here: Option<Vec<u8>>,
    /// The commands of the substitutions in its words.
    pub inner: Vec<Command>,
}

// === impl Word ===

impl Word {
    /// A plain word.
    pub fn plain(text: &[u8]) -> Word {
        Word { text: text.to_vec(), ..Word::default() }
    }
}

// === impl Redirect ===

impl Redirect {
    /// Operator and file.
    pub(crate) fn text(&self) -> Vec<u8> {
        [self.operator.as_bytes(), &self.target].concat()
    }
}

// === impl Command ===

impl Command {
    /// The name of the program: without its folder, `.exe` and what disguises it, in lower case.
    pub fn program(&self) -> Vec<u8> {
        self.words.first().map(|word| program_name(&word.text)).unwrap_or_default()
    }

    /// The words behind the program.
    pub fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let words: usize = self.words.iter().map(|word| word.text.len() + size_of::<Word>()).sum();
        let inner: usize = self.inner.iter().map(Command::size).sum();
        size_of::<Command>() + words + inner + self.here.as_ref().map_or(0, Vec::len)
    }

    /// The command that begins at word `from`, with the same surroundings.
    pub(crate) fn behind(&self, from: usize) -> Command {
        Command { words: self.words.get(from..).unwrap_or_default().to_vec(), ..self.clone() }
    }

    /// Whether one of `flags` is set: `-r` alone or among others, `--recursive` or the beginning of it, `/s`.
    pub fn has_flag(&self, flags: &str) -> bool {
        let options =
            self.arguments().iter().map(|word| word.text.as_slice()).take_while(|word| *word != b"--");
        let mut options = options.filter(|word| matches!(word.first(), Some(b'-' | b'/')));
        options.any(|word| flags.split('|').any(|flag| is_flag(word, flag.as_bytes())))
    }
}

/// Whether the option `word` sets `flag`.
fn is_flag(word: &[u8], flag: &[u8]) -> bool {
    let named = |word: &[u8]| {
        let end = word.iter().position(|byte| matches!(byte, b'=' | b':')).unwrap_or(word.len());
        word.get(..end).unwrap_or_default().to_ascii_lowercase()
    };
    match flag {
        [b'-', b'-', ..] => {
            let word = named(word);
            word == flag || (word.len() > 3 && word.starts_with(b"--") && flag.starts_with(&word))
        }
        [b'-', letter] => {
            let letters = word.strip_prefix(b"-").unwrap_or_default();
            letters.iter().take_while(|byte| byte.is_ascii_alphabetic()).any(|byte| byte == letter)
        }
        _ => named(word) == flag,
    }
}

/// The name of the program that `word` calls.
fn program_name(word: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind.first()) {
            // Empty for a script without arguments: `wh$@oami`. cmd.exe takes a caret away.
            (b'$', Some(b'@' | b'*' | b'0'..=b'9')) if word.len() > 2 => {
                rest = behind.get(1..).unwrap_or_default();
            }
            (b'^', _) if word.len() > 1 => {}
            (b'/' | b'\\', Some(_)) => name.clear(),
            _ => name.push(byte.to_ascii_lowercase()),
        }
    }
    if let Some(stem) = name.strip_suffix(b".exe") {
        name.truncate(stem.len());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Command {
        Command {
            words: words.iter().map(|word| Word::plain(word.as_bytes())).collect(),
            ..Command::default()
        }
    }

    #[test]
    fn flags_are_one_however_they_are_written() {
        for words in [["rm", "-rf"], ["rm", "-fr"], ["rm", "-vrf"], ["rm", "--recursive"], ["rm", "--recurs"]]
        {
            assert!(command(&words).has_flag("-r|-R|--recursive"), "{words:?}");
        }
        for words in [["rm", "-f"], ["rm", "r"], ["rm", "--verbose"], ["rm", "--"]] {
            assert!(!command(&words).has_flag("-r|-R|--recursive"), "{words:?}");
        }
        assert!(!command(&["rm", "--", "-r"]).has_flag("-r"));
        assert!(command(&["powershell", "-EncodedCommand"]).has_flag("-enc|-encodedcommand"));
        assert!(command(&["cmd", "/C"]).has_flag("/c"));
    }

    #[test]
    fn programs_have_one_name() {
        for name in ["rm", "/bin/rm", "./rm", "RM", "r$@m", "r^m", "C:\\tools\\rm.exe", "$1rm"] {
            assert_eq!(command(&[name]).program(), b"rm", "{name}");
        }
        assert_eq!(command(&["/"]).program(), b"/");
    }
}
