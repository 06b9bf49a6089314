//! What commands write, where the text says so: `echo`, `printf`, here-documents, and what decodes them.

use crate::command::Command;
use crate::escape;
use crate::limits::MAX_VALUE;
use crate::wrapper::wrapped;

/// What a pipeline writes whose first command reads `input`.
pub(crate) fn output(commands: &[Command], input: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let output = commands.iter().fold(input, |input, command| one(command, command.here.clone().or(input)));
    output.filter(|output| output.len() <= MAX_VALUE)
}

/// What `command` writes when it reads `input`.
fn one(command: &Command, input: Option<Vec<u8>>) -> Option<Vec<u8>> {
    // What runs another command writes what that writes.
    let inner = wrapped(command).pop();
    let command = inner.as_ref().unwrap_or(command);
    let words = || command.arguments().iter().map(|word| word.text.as_slice());
    let reads_files = || words().any(|word| !word.starts_with(b"-"));
    match command.program().as_slice() {
        b"echo" => {
            let flags: Vec<&[u8]> = words().take_while(|word| is_echo_flag(word)).collect();
            let text = words().skip(flags.len()).collect::<Vec<_>>().join(&b' ');
            let reads_escapes = flags.iter().any(|flag| flag.contains(&b'e'));
            known(if reads_escapes { escape::unescaped(&text) } else { text })
        }
        b"printf" => {
            let mut words = words().skip_while(|word| *word == b"--");
            let format = escape::unescaped(words.next()?);
            known(formatted(&format, words))
        }
        b"cat" | b"tee" if !reads_files() || command.program() == b"tee" => input,
        b"base64" | b"base32" | b"basenc" | b"openssl" if command.has_flag("-d|-D|--decode") => {
            decoded(&input?)
        }
        b"xxd" if command.has_flag("-r") => {
            let digits: Vec<u8> = input?.into_iter().filter(u8::is_ascii_hexdigit).collect();
            data_encoding::HEXLOWER_PERMISSIVE.decode(&digits).ok()
        }
        b"rev" if !reads_files() => {
            let mut text = input?;
            text.reverse();
            Some(text)
        }
        _ => None,
    }
}

fn is_echo_flag(word: &[u8]) -> bool {
    let letters = word.strip_prefix(b"-").unwrap_or_default();
    !letters.is_empty() && letters.iter().all(|byte| matches!(byte, b'n' | b'e' | b'E'))
}

/// `text`, if all of it is known.
fn known(text: Vec<u8>) -> Option<Vec<u8>> {
    let is_open = text.windows(2).any(|pair| {
        matches!(pair, [b'$', b'(' | b'{' | b'_'])
            || matches!(pair, [b'$', next] if next.is_ascii_alphabetic())
    });
    (!is_open).then_some(text)
}

/// `format` with its `%s` filled in.
fn formatted<'a>(format: &[u8], mut words: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(format.len());
    let mut rest = format;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind.first()) {
            (b'%', Some(b's' | b'b' | b'c' | b'd')) => {
                out.extend_from_slice(words.next().unwrap_or_default());
                rest = behind.get(1..).unwrap_or_default();
            }
            (b'%', Some(b'%')) => {
                out.push(b'%');
                rest = behind.get(1..).unwrap_or_default();
            }
            _ => out.push(byte),
        }
    }
    // The format is used again while words are left; once says what is written.
    words.for_each(|word| out.extend_from_slice(word));
    out
}

/// What base64 or base32 of a text stands for.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> =
        text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=').copied().collect();
    let bytes =
        data_encoding::BASE64_NOPAD.decode(&text).or_else(|_| data_encoding::BASE32_NOPAD.decode(&text));
    // PowerShell and Windows write two bytes for each character.
    let bytes = bytes.ok()?;
    let is_wide = bytes.len() > 3 && bytes.iter().skip(1).step_by(2).all(|byte| *byte == 0);
    Some(if is_wide { bytes.into_iter().step_by(2).collect() } else { bytes })
}
