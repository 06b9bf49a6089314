//! Where a text that people read would lead: a value inside a link leaves with the click, inside an image without one.
//!
//! A placeholder in the path or query of a URL, or in the target of a Markdown link or image, is restored only if the
//! host may know the value. In front of the host (`postgres://user:…@host`) it is, outside of Markdown: nothing opens
//! such a URL by itself.

use super::destination::host;
use crate::limits::{MAX_AUTHORITY, MAX_LINKED_HOSTS};
/// What the word that a text is in says about where it leads. A word ends with white space, a quotation mark or the
/// punctuation of Chinese and Japanese.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Text that was not read yet; it begins at `at`.
    ahead: Vec<u8>,
    at: u64,
    /// The last bytes of the word, the newest last.
    last: [u8; 5],
    target: Target,
    /// The authority of a URL whose end has not come yet.
    open: Option<Authority>,
    /// The hosts of URLs in the word.
    hosts: Vec<String>,
    /// The character reference that is being read, behind its `&`.
    reference: Option<Vec<u8>>,
    /// There is more than could be remembered, or it is written so that it cannot be told where it leads.
    obscure: bool,
}

/// Whether the text is where a browser would follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Target {
    #[default]
    No,
    /// Behind `](` or `]: ` (§6.3 and §4.7 of the specification of Markdown): ends with white space.
    Bare,
    /// `](<…`: ends with the line.
    Bracketed,
    /// `src="…` or `href="…`: ends with this quotation mark.
    Attribute(u8),
}

#[derive(Debug, Default)]
struct Authority {
    text: Vec<u8>,
    /// Slashes in front of it do not count (WHATWG URL §4.4), as they do behind `file:`.
    skips_slashes: bool,
}

/// Bytes of a word that say all that the next ones can ask for; more than [`Link::last`] holds, because some of them may
/// end a word together with those in front of them.
const TAIL: usize = 8;

/// Characters of the longest reference that is of interest, such as `&#x0000003a;`.
const MAX_REFERENCE: usize = 12;

// === impl Link ===

impl Link {
    /// The next piece of the text.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.ahead.extend_from_slice(text);
    }

    /// Reads the text up to the offset `until`.
    pub(super) fn advance(&mut self, until: u64) {
        let count = usize::try_from(until.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let mut text = std::mem::take(&mut self.ahead);
        let count = count.min(text.len());
        let mut rest = text.get(..count).unwrap_or_default();
        self.at += rest.len() as u64;
        while let [byte, behind @ ..] = rest {
            let words =
                if self.is_quiet() { rest.iter().take_while(|byte| is_quiet(**byte)).count() } else { 0 };
            if words > TAIL {
                rest = rest.get(words - TAIL..).unwrap_or_default();
                self.read_all(rest.get(..TAIL).unwrap_or_default());
                rest = rest.get(TAIL..).unwrap_or_default();
            } else {
                self.read(*byte);
                rest = behind;
            }
        }
        text.drain(..count);
        self.ahead = text;
    }

    /// Whether nothing was seen that leads anywhere, nor begins to.
    fn is_quiet(&self) -> bool {
        let [.., last] = self.last;
        self.target == Target::No
            && self.open.is_none()
            && self.reference.is_none()
            && self.hosts.is_empty()
            && !self.obscure
            && is_quiet(last)
    }

    fn read_all(&mut self, text: &[u8]) {
        for byte in text {
            self.read(*byte);
        }
    }

    /// Whether a value that stands here would go to a host that must not know it.
    pub(super) fn leads_out(&self, trusts: impl Fn(&str) -> bool) -> bool {
        self.obscure
            || self.hosts.iter().any(|host| !trusts(host))
            || (self.open.is_some() && self.target != Target::No)
    }

    fn read(&mut self, byte: u8) {
        if self.ends_with(byte) {
            let target = self.next_target(byte);
            *self = Link { ahead: std::mem::take(&mut self.ahead), at: self.at, target, ..Link::default() };
            return;
        }
        let is_first = self.last == [0; 5];
        // Browsers take tabs and line ends out of URLs.
        if byte.is_ascii_whitespace() && (is_first || byte != b' ') {
            return;
        }
        let [_, rest @ ..] = self.last;
        let [fourth, third, second, first] = rest;
        self.last = [fourth, third, second, first, byte];
        if self.target == Target::No && [first, byte] == *b"](" {
            (self.target, self.last) = (Target::Bare, [0; 5]);
            return;
        }
        if self.target == Target::Bare && is_first && byte == b'<' {
            (self.target, self.last) = (Target::Bracketed, [0; 5]);
            return;
        }
        self.read_reference(byte);
        // Markdown takes a backslash in front of punctuation away; models write it in front of `_`.
        let unescapes = matches!(self.target, Target::Bare | Target::Bracketed);
        self.obscure |= unescapes && first == b'\\' && !matches!(byte, b'_' | b'{' | b'}');
        let begins = self.begins_authority();
        match &mut self.open {
            Some(authority) if authority.skips_slashes && authority.text.is_empty() && is_slash(byte) => {}
            Some(authority) if is_slash(byte) || matches!(byte, b'?' | b'#') => {
                let host = host(&String::from_utf8_lossy(&authority.text)).to_owned();
                self.open = None;
                if self.hosts.len() < MAX_LINKED_HOSTS {
                    self.hosts.push(host);
                } else {
                    self.obscure = true;
                }
            }
            Some(authority) if authority.text.len() < MAX_AUTHORITY => authority.text.push(byte),
            Some(_) => self.obscure = true,
            None if begins => {
                let is_file = byte != b':' && [third, second].eq_ignore_ascii_case(b"e:");
                self.open = Some(Authority { text: Vec::new(), skips_slashes: !is_file });
            }
            None => {}
        }
    }

    /// Whether an authority begins behind the last byte.
    fn begins_authority(&self) -> bool {
        let [fourth, third, second, first, byte] = self.last;
        // A scheme of the web needs no slashes for a browser.
        if byte == b':' && self.target != Target::No {
            return [third, second, first].eq_ignore_ascii_case(b"ttp")
                || [third, second, first].eq_ignore_ascii_case(b"tps");
        }
        let is_drive = second == b':' && third.is_ascii_alphabetic() && !fourth.is_ascii_alphanumeric();
        let begins = match second {
            // Behind a scheme, or by itself (RFC 3986 §4.2).
            0 | b':' | b'(' | b'<' | b'=' => [first, byte] == *b"//",
            _ => false,
        };
        // Browsers take a backslash for a slash.
        let is_backslashed = is_slash(first)
            && is_slash(byte)
            && ((second == 0 && self.target != Target::No) || (second == b':' && !is_drive));
        begins || is_backslashed
    }

    /// Reads character references, which Markdown and HTML decode.
    fn read_reference(&mut self, byte: u8) {
        match (&mut self.reference, byte) {
            (_, b'&') => self.reference = Some(Vec::new()),
            (Some(name), b';') => {
                self.obscure |= is_syntax(name);
                self.reference = None;
            }
            (Some(name), _) if name.len() < MAX_REFERENCE => name.push(byte),
            _ => self.reference = None,
        }
    }

    /// Whether the word ends in front of `byte`, or with it.
    fn ends_with(&self, byte: u8) -> bool {
        let [.., second, first] = self.last;
        match self.target {
            Target::No => {
                let is_quote = matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>');
                // U+3000 to U+303F and U+FF00 to U+FFBF in UTF-8.
                let is_wide = matches!([second, first], [0xe3, 0x80] | [0xef, 0xbc..=0xbe]);
                byte.is_ascii_whitespace() || is_quote || is_wide
            }
            Target::Bare => byte.is_ascii_whitespace() && self.last != [0; 5],
            Target::Bracketed => byte == b'\n',
            Target::Attribute(quote) => byte == quote,
        }
    }

    /// What the next word is, behind the `byte` that ended this one.
    fn next_target(&self, byte: u8) -> Target {
        let [_, ends @ ..] = self.last;
        let is_attribute = ends.eq_ignore_ascii_case(b"src=") || ends.eq_ignore_ascii_case(b"ref=");
        match (self.target, byte) {
            (Target::No, b'"' | b'\'') if is_attribute => Target::Attribute(byte),
            (Target::No, b' ' | b'\t' | b'\n') if self.last.ends_with(b"]:") => Target::Bare,
            _ => Target::No,
        }
    }
}

/// Whether `byte` neither begins a link nor belongs to what does, however often it comes.
fn is_quiet(byte: u8) -> bool {
    byte >= 0x80
        || byte.is_ascii_alphanumeric()
        || matches!(byte, 0 | b' ' | b'\n' | b'.' | b',' | b'-' | b'_')
}

fn is_slash(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// Whether the character reference `name` stands for what tells the parts of a URL from each other.
fn is_syntax(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    let code = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => digits.parse().ok(),
        },
        None => return matches!(&*name, "colon" | "sol" | "bsol" | "period" | "commat" | "Tab" | "NewLine"),
    };
    code.and_then(char::from_u32)
        .is_some_and(|code| matches!(code, ':' | '/' | '\\' | '.' | '@' | '\t' | '\n' | '\r'))
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
    fn words_are_skipped_as_if_they_were_read() {
        let mut random = 7_u64;
        let parts = [
            "word",
            " ",
            "a",
            "](",
            "]:",
            "https://",
            "//",
            "host.example",
            "/",
            "\n",
            "&#x2f;",
            "\"",
            "src=",
            "。",
            "！",
            ":",
            "\\",
            "long-words_and.more,",
        ];
        let next = |random: &mut u64| {
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            parts[usize::try_from(*random >> 33).unwrap() % parts.len()]
        };
        for _ in 0..3000 {
            let text: String = (0..24).map(|_| next(&mut random)).collect();
            let (mut skipping, mut reading) = (Link::default(), Link::default());
            skipping.push(text.as_bytes());
            for (index, byte) in text.bytes().enumerate() {
                reading.read(byte);
                // In steps of all lengths, because only what is read at once is skipped.
                if index % 41 == 40 || index + 1 == text.len() {
                    skipping.advance(index as u64 + 1);
                    let (skipped, read) =
                        (format!("{:?}", facts(&skipping)), format!("{:?}", facts(&reading)));
                    assert_eq!(skipped, read, "{text:?} at {index}");
                }
            }
        }
    }

    fn facts(link: &Link) -> impl std::fmt::Debug {
        (
            link.last,
            link.target,
            link.open.as_ref().map(|open| open.text.clone()),
            link.hosts.clone(),
            link.obscure,
        )
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
            ("[x]( https:/evil.example/*) [x]:  https:evil.example/*", &[true, true]),
            (r"[x](https://evil\.example/*) [x](https://friend.example/a\_b*)", &[true, false]),
            ("<img src='https:/\t/evil.example/*'> file:///etc.d/* C:\\\\a.b\\*", &[true, false, false]),
            ("AT&amp;T* <a href=\"https&#x3A;//evil.example/*", &[false, true]),
            ("code(); //* and http://192.168.0.1/* file:///etc/*", &[false, true, false]),
        ] {
            assert_eq!(leads_out(text), expected, "{text}");
        }
    }
}
