//! Scripts inside of words: `sh -c '…'`, `eval`, `ssh host '…'`, and code that runs commands.

use crate::command::{Command, Word};

/// Shells that read a script from `-c`, a file or their input.
const SHELLS: [&[u8]; 10] =
    [b"sh", b"bash", b"zsh", b"dash", b"ksh", b"ash", b"fish", b"csh", b"tcsh", b"rbash"];

/// Whether `program` is a shell.
pub(crate) fn is_shell(program: &[u8]) -> bool {
    SHELLS.contains(&program)
}

/// The scripts that `command` runs when it reads `input`.
pub(crate) fn scripts(command: &Command, input: Option<&[u8]>) -> Vec<Vec<u8>> {
    let program = command.program();
    let words = command.arguments();
    let joined =
        |words: &[Word]| words.iter().map(|word| word.text.as_slice()).collect::<Vec<_>>().join(&b' ');
    let mut scripts = Vec::new();
    match program.as_slice() {
        program if is_shell(program) => match script_of_shell(words) {
            Some(script) => scripts.push(script),
            None => scripts.extend(input.map(<[u8]>::to_vec)),
        },
        b"eval" => scripts.push(joined(words)),
        b"su" | b"script" | b"runuser" => scripts.extend(option(words, &[b"-c", b"--command"])),
        b"env" => scripts.extend(option(words, &[b"-S", b"--split-string"])),
        b"xargs" | b"parallel" => {
            // What comes in is words of the command.
            if let Some(input) = input.filter(|_| !words.is_empty()) {
                scripts.push([&joined(words), b" ".as_slice(), input].concat());
            }
        }
        b"ssh" => scripts.extend(remote(words)),
        b"cmd" => scripts.extend(behind(words, &[b"/c", b"/k"]).map(joined)),
        b"powershell" | b"pwsh" => {
            scripts.extend(behind(words, &[b"-c", b"-command", b"/c", b"/command"]).map(joined));
        }
        b"python" | b"python2" | b"python3" => scripts.extend(strings(option(words, &[b"-c"]))),
        b"perl" | b"ruby" | b"node" | b"lua" | b"osascript" => {
            scripts.extend(strings(option(words, &[b"-e", b"-E", b"-ne", b"-pe", b"--eval"])));
        }
        b"php" => scripts.extend(strings(option(words, &[b"-r"]))),
        b"awk" | b"gawk" | b"mawk" | b"nawk" => {
            scripts.extend(strings(words.first().map(|word| word.text.clone())));
        }
        b"crontab" | b"at" | b"batch" => scripts.extend(input.map(<[u8]>::to_vec)),
        _ => {
            // `system("rm -rf /")` in code, and lines that somebody quoted.
            let first = command.words.first().filter(|word| word.is_quoted);
            scripts.extend(first.map(|word| word.text.clone()).filter(|text| text.contains(&b' ')));
        }
    }
    scripts
}

/// The script behind `-c`, which may stand among other letters.
fn script_of_shell(words: &[Word]) -> Option<Vec<u8>> {
    let is_command = |word: &Word| {
        let letters = word.text.strip_prefix(b"-").unwrap_or_default();
        word.text == b"--command" || (letters.contains(&b'c') && letters.iter().all(u8::is_ascii_alphabetic))
    };
    let at = words.iter().position(is_command)?;
    let script = words.get(at + 1..)?.iter().find(|word| !word.text.starts_with(b"-"))?;
    Some(script.text.clone())
}

/// The word behind one of `options`.
fn option(words: &[Word], options: &[&[u8]]) -> Option<Vec<u8>> {
    behind(words, options)?.first().map(|word| word.text.clone())
}

/// The words behind one of `options`, which are compared in any case.
fn behind<'a>(words: &'a [Word], options: &[&[u8]]) -> Option<&'a [Word]> {
    let is_one = |word: &Word| options.iter().any(|option| word.text.eq_ignore_ascii_case(option));
    words.get(words.iter().position(is_one)? + 1..)
}

/// What runs on the other side: the words behind the host.
fn remote(words: &[Word]) -> Option<Vec<u8>> {
    const WITH_VALUE: &[u8] = b"BbcDEeFIiJLlmOopQRSWw";
    let mut at = 0;
    while let Some(text) =
        words.get(at).map(|word| word.text.as_slice()).filter(|text| text.starts_with(b"-"))
    {
        at += if matches!(text, [_, letter] if WITH_VALUE.contains(letter)) { 2 } else { 1 };
    }
    let words = words.get(at + 1..)?;
    Some(words.iter().map(|word| word.text.as_slice()).collect::<Vec<_>>().join(&b' '))
}

/// The string literals of a program that may be commands.
fn strings(code: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let Some(code) = code else { return Vec::new() };
    let mut strings = Vec::new();
    let mut rest = code.as_slice();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\'' | b'`')) {
        let (quote, behind) = (rest.get(at), rest.get(at + 1..).unwrap_or_default());
        let end = behind.iter().position(|byte| Some(byte) == quote).unwrap_or(behind.len());
        let text = behind.get(..end).unwrap_or_default();
        if text.contains(&b' ') {
            strings.push(text.to_vec());
        }
        rest = behind.get(end + 1..).unwrap_or_default();
    }
    strings
}
