//! One word: quotes, escapes and expansions.

use super::{End, List, Open, Parser};
use crate::command::Word;
use crate::escape;
use crate::limits::{MAX_BRACES, MAX_DEPTH, MAX_PARAMETER, MAX_STAGES};

/// A word while it is read.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
struct Draft {
    text: Vec<u8>,
    /// There are quotes, if only empty ones.
    has_quotes: bool,
    /// Something stands outside of quotes.
    has_plain: bool,
    /// The last thing was quoted.
    behind_quotes: bool,
    is_pieced: bool,
    /// Backslashes are separators of a Windows path, and no escapes.
    is_windows_path: bool,
    /// Where unquoted braces and commas of a brace expansion are.
    braces: Vec<(usize, u8)>,
}

impl Parser<'_, '_> {
    /// Reads a word into `open`; expansions may make several of it, or none.
    pub(super) fn word(&mut self, open: &mut Open, end: End) {
        let mut draft = Draft { is_windows_path: self.is_windows_path(), ..Draft::default() };
        while let Some(byte) = self.peek(0) {
            match byte {
                b'<' | b'>' if self.peek(1) == Some(b'(') => {
                    self.at += 2;
                    self.substitution(open, End::Parenthesis);
                    draft.plain(b"/dev/fd/63");
                }
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => break,
                b'`' if end == End::Backtick => break,
                b'`' => {
                    self.at += 1;
                    let list = self.substitution(open, End::Backtick);
                    self.substitute(open, &mut draft, list, false);
                }
                b'\\' => self.escape(&mut draft),
                b'\'' => self.single_quotes(&mut draft),
                b'"' => self.double_quotes(open, &mut draft, end),
                b'$' => self.dollar(open, &mut draft, end, false),
                b'{' | b',' | b'}' => {
                    self.at += 1;
                    draft.braces.push((draft.text.len(), byte));
                    draft.plain(&[byte]);
                }
                _ => {
                    self.at += 1;
                    draft.plain(&[byte]);
                }
            }
        }
        self.end_word(open, &mut draft);
    }

    fn end_word(&mut self, open: &mut Open, draft: &mut Draft) {
        let Draft { text, has_quotes, has_plain, is_pieced, braces, .. } = std::mem::take(draft);
        if !has_quotes && !has_plain {
            return;
        }
        let is_quoted = has_quotes && !has_plain;
        let Some(words) = expand_braces(&text, &braces) else {
            return self.push_word(open, Word { text, is_pieced, is_quoted });
        };
        for text in words.into_iter().filter(|text| !text.is_empty()) {
            self.push_word(open, Word { text, is_pieced: true, is_quoted });
        }
    }

    /// Reads the commands of a substitution whose beginning has been read.
    fn substitution(&mut self, open: &mut Open, end: End) -> List {
        if self.depth >= MAX_DEPTH {
            return List::default();
        }
        let mut list = self.list(end);
        let room = MAX_STAGES.saturating_sub(open.command.inner.len());
        open.command.inner.extend(list.commands.drain(..).take(room));
        list
    }

    /// Puts what a substitution writes in its place; outside of quotes its blanks separate words.
    fn substitute(&mut self, open: &mut Open, draft: &mut Draft, list: List, in_quotes: bool) {
        let Some(output) = list.output.filter(|output| self.state.spend(output.len())) else {
            draft.any(b"$()", in_quotes);
            return;
        };
        self.insert(open, draft, &output, in_quotes);
        draft.is_pieced = true;
    }

    fn insert(&mut self, open: &mut Open, draft: &mut Draft, value: &[u8], in_quotes: bool) {
        if in_quotes {
            draft.quoted(value);
            return;
        }
        for (index, part) in value.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty()).enumerate()
        {
            if index > 0 {
                self.end_word(open, draft);
            }
            draft.plain(part);
        }
    }

    /// `C:\…`, `\\host\…`, `.\…`, `%name%\…` and keys of the registry.
    fn is_windows_path(&self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let key = |name: &[u8]| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        match rest {
            [letter, b':', b'\\', ..] => letter.is_ascii_alphabetic(),
            [b'\\' | b'.', b'\\', next, ..] => next.is_ascii_alphanumeric(),
            [b'%', ..] => true,
            _ => [&b"HKLM\\"[..], b"HKCU\\", b"HKEY_", b"$env:"].into_iter().any(key),
        }
    }

    fn escape(&mut self, draft: &mut Draft) {
        self.at += 1;
        match self.peek(0) {
            Some(b'\n') => self.at += 1,
            Some(byte) if draft.is_windows_path => {
                // Two begin the name of a host; elsewhere they are one, written for a string.
                let is_host = byte == b'\\' && draft.text.is_empty();
                draft.plain(if is_host { b"\\\\" } else { b"\\" });
                self.at += usize::from(byte == b'\\');
            }
            Some(byte) => {
                self.at += 1;
                // No letter needs one; in front of a command it gets around an alias.
                draft.is_pieced |= byte.is_ascii_alphanumeric() && !draft.text.is_empty();
                draft.plain(&[byte]);
            }
            None => draft.plain(b"\\"),
        }
    }

    fn single_quotes(&mut self, draft: &mut Draft) {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\'');
        let inside = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        draft.open_quotes();
        draft.quoted(inside);
        self.at += 1 + inside.len() + usize::from(end.is_some());
    }

    fn double_quotes(&mut self, open: &mut Open, draft: &mut Draft, end: End) {
        self.at += 1;
        draft.open_quotes();
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => match self.peek(1) {
                    Some(b'\n') => self.at += 2,
                    Some(next @ (b'$' | b'`' | b'"' | b'\\')) => {
                        self.at += 2;
                        draft.quoted(&[next]);
                    }
                    _ => {
                        self.at += 1;
                        draft.quoted(b"\\");
                    }
                },
                b'$' => self.dollar(open, draft, end, true),
                // A substitution in backticks ends at the next one, whatever is open inside.
                b'`' if end == End::Backtick => return,
                b'`' => {
                    self.at += 1;
                    let list = self.substitution(open, End::Backtick);
                    self.substitute(open, draft, list, true);
                }
                _ => {
                    self.at += 1;
                    draft.quoted(&[byte]);
                }
            }
        }
    }

    /// Reads what a dollar begins.
    fn dollar(&mut self, open: &mut Open, draft: &mut Draft, end: End, in_quotes: bool) {
        let behind = self.text.get(self.at + 1..).unwrap_or_default();
        match behind {
            [b'\'', rest @ ..] if !in_quotes => {
                let (inside, len) = escape::ansi_c(rest);
                self.at += 2 + len;
                draft.open_quotes();
                draft.is_pieced |= rest.starts_with(b"\\");
                draft.quoted(&inside);
            }
            [b'"', ..] if !in_quotes => {
                self.at += 1;
                self.double_quotes(open, draft, end);
            }
            [b'(', ..] => {
                self.at += 2;
                let list = self.substitution(open, End::Parenthesis);
                self.substitute(open, draft, list, in_quotes);
            }
            [b'{', ..] => self.parameter(open, draft, in_quotes),
            [byte, ..] if byte.is_ascii_alphabetic() || *byte == b'_' => {
                let (name, _) = split_name(behind);
                self.at += 1 + name.len();
                self.variable(open, draft, name, name, in_quotes);
            }
            _ => {
                self.at += 1;
                draft.any(b"$", in_quotes);
            }
        }
    }

    /// Reads `${…}`.
    fn parameter(&mut self, open: &mut Open, draft: &mut Draft, in_quotes: bool) {
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        let Some(len) = rest.iter().take(MAX_PARAMETER).position(|byte| *byte == b'}') else {
            self.at += 1;
            draft.any(b"$", in_quotes);
            return;
        };
        let inside = rest.get(..len).unwrap_or_default();
        self.at += 2 + len + 1;
        let (name, operation) = split_name(inside);
        match operation {
            _ if name == b"IFS" && !in_quotes => self.end_word(open, draft),
            b"" => self.variable(open, draft, name, &[b"{", name, b"}"].concat(), in_quotes),
            // What these begin with is known.
            b":0:1" if matches!(name, b"HOME" | b"PATH" | b"PWD" | b"SHELL" | b"PAGER") => {
                draft.any(b"/", in_quotes);
                draft.is_pieced = true;
            }
            [b':', b'-' | b'=', default @ ..] if self.state.value(name).is_none() => {
                self.insert(open, draft, default, in_quotes);
            }
            _ => draft.any(&[b"${", inside, b"}"].concat(), in_quotes),
        }
    }

    fn variable(&mut self, open: &mut Open, draft: &mut Draft, name: &[u8], written: &[u8], in_quotes: bool) {
        if name == b"IFS" && !in_quotes {
            self.end_word(open, draft);
            return;
        }
        match self.state.expand(name) {
            Some(value) => self.insert(open, draft, &value, in_quotes),
            None => draft.any(&[b"$", written].concat(), in_quotes),
        }
    }
}

/// The name of a variable at the beginning of `text`, and the rest.
fn split_name(text: &[u8]) -> (&[u8], &[u8]) {
    let len = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    text.split_at_checked(len).unwrap_or_default()
}

/// The words that `before{one,two}behind` stands for. Nested braces, and more than one pair, stay as they are.
fn expand_braces(text: &[u8], marks: &[(usize, u8)]) -> Option<Vec<Vec<u8>>> {
    let (first, between) = match marks {
        [(first, b'{'), between @ .., (_, b'}')] => (*first, between),
        _ => return None,
    };
    let is_list =
        !between.is_empty() && between.len() < MAX_BRACES && between.iter().all(|(_, byte)| *byte == b',');
    let (last, _) = *marks.last()?;
    let (before, behind) = (text.get(..first)?, text.get(last + 1..)?);
    let inside = text.get(first + 1..last).filter(|_| is_list)?;
    let words = inside.split(|byte| *byte == b',').map(|part| [before, part, behind].concat());
    Some(words.collect())
}

// === impl Draft ===

impl Draft {
    /// Text outside of quotes.
    fn plain(&mut self, text: &[u8]) {
        let joins = self.behind_quotes && text.first().is_some_and(u8::is_ascii_alphanumeric);
        self.is_pieced |= joins && self.text.last().is_none_or(u8::is_ascii_alphanumeric);
        self.text.extend_from_slice(text);
        (self.has_plain, self.behind_quotes) = (true, false);
    }

    /// Quotes open here.
    fn open_quotes(&mut self) {
        self.is_pieced |= self.text.last().is_some_and(u8::is_ascii_alphanumeric);
        (self.has_quotes, self.behind_quotes) = (true, true);
    }

    /// Text inside of quotes.
    fn quoted(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    fn any(&mut self, text: &[u8], in_quotes: bool) {
        if in_quotes { self.quoted(text) } else { self.plain(text) }
    }
}
