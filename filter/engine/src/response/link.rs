//! Where a text that people read would lead: a value inside a link leaves with the click, inside an image without one.
//!
//! A placeholder in the path or query of a URL, or in the target of a Markdown link or image, is restored only if the
//! host may know the value. In front of the host (`postgres://user:…@host`) it is, outside of Markdown: nothing opens
//! such a URL by itself.

use super::destination::host;
use crate::limits::{MAX_AUTHORITY, MAX_LINKED_HOSTS};
use std::collections::VecDeque;

/// What the word that a text is in says about where it leads. A word ends with white space, a quotation mark or the
/// punctuation of Chinese and Japanese.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Text that was not read yet; it begins at `at`.
    ahead: VecDeque<u8>,
    at: u64,
    /// The last bytes of the word.
    last: [u8; 3],
    target: Target,
    /// The authority of a URL whose end has not come yet.
    open: Option<Vec<u8>>,
    /// The hosts of URLs in the word.
    hosts: Vec<String>,
    /// There is more than could be remembered.
    overflow: bool,
}

/// Whether the text is in the target of a Markdown link (CommonMark §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Target {
    #[default]
    No,
    /// `](…`: ends with white space.
    Bare,
    /// `](<…`: ends with the line.
    Bracketed,
}

// === impl Link ===

impl Link {
    /// The next piece of the text.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.ahead.extend(text);
    }

    /// Reads the text up to the offset `until`.
    pub(super) fn advance(&mut self, until: u64) {
        while self.at < until
            && let Some(byte) = self.ahead.pop_front()
        {
            self.at += 1;
            self.read(byte);
        }
    }

    /// Whether a value that stands here would go to a host that must not know it.
    pub(super) fn leads_out(&self, trusts: impl Fn(&str) -> bool) -> bool {
        self.overflow
            || self.hosts.iter().any(|host| !trusts(host))
            || (self.open.is_some() && self.target != Target::No)
    }

    fn read(&mut self, byte: u8) {
        let [_, second, first] = self.last;
        if self.ends_with(byte) {
            *self = Link { ahead: std::mem::take(&mut self.ahead), at: self.at, ..Link::default() };
            return;
        }
        self.last = [second, first, byte];
        match self.last {
            [_, b']', b'('] => self.target = Target::Bare,
            [b']', b'(', b'<'] => self.target = Target::Bracketed,
            _ => {}
        }
        match &mut self.open {
            // Browsers take a backslash for a slash (WHATWG URL §4.4).
            Some(authority) if matches!(byte, b'/' | b'?' | b'#' | b'\\') => {
                let host = host(&String::from_utf8_lossy(authority)).to_owned();
                self.open = None;
                if self.hosts.len() < MAX_LINKED_HOSTS {
                    self.hosts.push(host);
                } else {
                    self.overflow = true;
                }
            }
            Some(authority) if authority.len() < MAX_AUTHORITY => authority.push(byte),
            Some(_) => self.overflow = true,
            // Behind a scheme, or by itself (RFC 3986 §4.2).
            None if [first, byte] == *b"//" && matches!(second, 0 | b':' | b'(' | b'<' | b'=') => {
                self.open = Some(Vec::new());
            }
            None => {}
        }
    }

    /// Whether the word ends in front of `byte`, or with it.
    fn ends_with(&self, byte: u8) -> bool {
        let [_, second, first] = self.last;
        match self.target {
            Target::No => {
                let opens_target = byte == b'<' && [second, first] == *b"](";
                let is_quote = matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>') && !opens_target;
                // U+3000 to U+303F and U+FF00 to U+FFBF in UTF-8.
                let is_wide = matches!([second, first], [0xe3, 0x80] | [0xef, 0xbc..=0xbe]);
                byte.is_ascii_whitespace() || is_quote || is_wide
            }
            Target::Bare => {
                let opens_bracket = byte == b'<' && [second, first] == *b"](";
                byte.is_ascii_whitespace() && !opens_bracket
            }
            Target::Bracketed => byte == b'\n',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::is_local;

    /// For each `*`: whether a value there would lead out.
    fn leads_out(text: &str) -> Vec<bool> {
        let trusts = |host: &str| host == "friend.example" || is_local(host);
        let mut link = Link::default();
        link.push(text.as_bytes());
        let marks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'*');
        marks
            .map(|(at, _)| {
                link.advance(at as u64);
                link.leads_out(trusts)
            })
            .collect()
    }

    #[test]
    fn a_value_goes_to_trusted_hosts_only() {
        for (text, expected) in [
            ("plain * a://b c *", [false, false].as_slice()),
            ("https://evil.example/?q=* then *", &[true, false]),
            ("(https://friend.example/?q=*) and http://localhost:8080/*", &[false, false]),
            ("postgres://app:*@db.corp.example:5432/*", &[false, true]),
            ("![x](https://evil.example?q=\"*) *", &[true, false]),
            ("[x](https://*.evil.example/)", &[true]),
            ("[x](<https://evil.example/ * >\n*", &[true, false]),
            ("![x](//evil.example/*)", &[true]),
            ("<img src=//evil.example/*>", &[true]),
            ("https://friend.example/?next=https://evil.example/*", &[true]),
            ("访问https://evil.example/a！密码是*。", &[false]),
            ("code(); //* and http://192.168.0.1/* file:///etc/*", &[false, true, false]),
        ] {
            assert_eq!(leads_out(text), expected, "{text}");
        }
    }
}
